# The doors: people join and play, CloudEvents come in, the speaker has the controls; and what is refused, while the others go on.
load ../support/support
load ../support/kafka
load ../support/provider
load ../support/doors

teardown() {
    stop_all
}

# told FILTER: of GET /api/simulation.
told() {
    curl -fsS "$BOARD/api/simulation" | jq -r "$1"
}

told_is() {
    [[ $(told "$1") == "$2" ]]
}

# control JSON [CURL OPTION…]
control() {
    local json=$1
    shift
    ask /api/simulation -X POST -H "Authorization: Bearer $TOKEN" -d "$json" "$@"
}

@test "who joins gets a name and a cookie, and is the same player with it; a hit is in Kafka when it is answered" {
    kafka_start embedded
    doors_open
    join
    assert_equal "$code" 201
    run header Set-Cookie
    assert_output --regexp '^umpire_player=[^;]+; HttpOnly; SameSite=Strict; Path=/$'
    local player name first=$reply
    player=$(jq -r .player <<<"$reply") name=$(jq -r .name <<<"$reply")
    [[ $player =~ ^g-[0-9a-f]{16}$ && $name =~ ^[A-Z][a-z]+\ [A-Z][a-z]+$ ]]
    ask /api/players -X POST -H "Cookie: $cookie"
    assert_equal "$code $reply" "200 $first"
    assert_equal "$(header Set-Cookie)" ''

    ask /api/hits -X POST -H "Cookie: $cookie" -d '{"match":"m-\u0022<b>\u00e9","hits":14}'
    assert_equal "$code" 202
    assert_equal "$(header Set-Cookie)" ''
    assert_equal "$(jq -r '[.source, .topic, .player] | join(" ")' <<<"$reply")" "/umpire/provider/room/play game-hits $player"
    kafka_consume game-hits | jq -e --argjson answer "$reply" --arg name "$name" '.partition == $answer.partition and
        .offset == $answer.offset and .key == $answer.player and
        (.headers | map({(.[0]): .[1]}) | add | .ce_id == $answer.id and .ce_source == $answer.source and .ce_type == "game.hits" and
            .ce_subject == $answer.player and .ce_partitionkey == $answer.player and .["content-type"] == "application/json") and
        (.value | fromjson) == {match: "m-\"<b>é", player: $answer.player, name: $name, hits: 14}'

    # One curl is enough: it joins by the way, and another one is another player.
    hit 3
    assert_equal "$code" 202
    [[ $(header Set-Cookie) == umpire_player=* && $(jq -r .player <<<"$reply") != "$player" ]]
    # A restart with the same token knows everybody again.
    stop it
    assert_equal "$status" 0
    doors_open
    hit 0 -H "Cookie: $cookie"
    assert_equal "$code $(jq -r .player <<<"$reply")" "202 $player"
}

@test "nobody plays as another: forged cookies, a player in the body, and foreign pages are refused" {
    kafka_start embedded
    doors_open
    join
    local mine=$cookie
    join
    local theirs=${cookie#*=} forged
    for forged in "${theirs%?}x" "${theirs%%.*}.${mine#*.}" "${theirs%.*}." "${theirs%.*}.$(printf '0%.0s' {1..64})" nonsense; do
        hit 5 -H "Cookie: umpire_player=$forged"
        refused 401 'join anew'
    done
    ask /api/hits -X POST -H "Cookie: $mine" -d '{"hits":5,"player":"g-0000000000000001"}'
    refused 400 'player: there is no such member'
    ask /api/players -X POST -H "Cookie: umpire_player=nonsense"
    assert_equal "$code" 201
    # CSRF: what a page from elsewhere makes a browser send.
    hit 5 -H "Cookie: $mine" -H 'Origin: http://evil.example'
    refused 403 'not one of this server'
    hit 5 -H "Cookie: $mine" -H 'Origin: null'
    refused 403
    join -H 'Origin: http://evil.example'
    refused 403
    control '{"action":"stop"}' -H 'Origin: http://evil.example'
    refused 403
    ask /events -X POST -H 'Origin: http://evil.example' -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /x' -H 'ce-type: x'
    refused 403
    assert_equal "$(kafka_consume game-hits | wc -l)" 0
    hit 5 -H "Cookie: $mine" -H "Origin: $BOARD"
    assert_equal "$code" 202
}

@test "oversized and malformed requests are named, and the next one is fine" {
    kafka_start embedded
    doors_open
    join
    local body
    for body in '' '{' '[]' '"x"' '{}' '{"hits":"4"}' '{"hits":-1}' '{"hits":1.5}' '{"hits":9007199254740992}' '{"hits":1,"hits":2}' '{"hits":1,"x":2}' \
        '{"hits":1,"match":""}' '{"hits":1,"match":7}' '{"hits":1,"match":"\u0000"}' '{"hits":1,"match":"\ud800"}' $'{"hits":1,"match":"\xff"}' \
        "{\"hits\":1,\"match\":\"$(printf 'm%.0s' {1..65})\"}" "$(printf '[%.0s' {1..100})"; do
        ask /api/hits -X POST -H "Cookie: $cookie" -d "$body"
        refused 400
    done
    head -c 5000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/large"
    ask /api/hits -X POST -H "Cookie: $cookie" --data-binary "@$BATS_TEST_TMPDIR/large"
    refused 413
    ask /api/players -X POST -H 'Transfer-Encoding: chunked' --data-binary "@$BATS_TEST_TMPDIR/large"
    refused 411
    ask /play -X POST --data-binary "@$BATS_TEST_TMPDIR/large"
    refused 413
    ask /api/hits
    assert_equal "$code $(header Allow)" '405 POST'
    ask /api/players -X POST -d '{"name":"Ada"}'
    refused 400 'names are given here'
    hit 9007199254740991 -H "Cookie: $cookie"
    assert_equal "$code" 202
    kafka_consume game-hits | jq -e '.value | fromjson | .hits == 9007199254740991 and .match == "lobby"'
}

@test "with --free-names a name is the player's own, unless it would disturb others" {
    kafka_start embedded
    doors_open --free-names
    join -d '{"name":" <i>Zoë</i> "}'
    assert_equal "$code $(jq -r .name <<<"$reply")" '201 <i>Zoë</i>'
    hit 4 -H "Cookie: $cookie"
    kafka_consume game-hits | jq -e '.value | fromjson | .name == "<i>Zoë</i>"'
    join -d '{"name":"abcdefghijklmnopqrstu"}'
    refused 400 'expected 1 to 20 characters'
    join -d '{"name":"a\u202eb"}'
    refused 400 'no name may have'
    join -d '{}'
    assert_equal "$code" 201
}

# Rates of one in a thousand seconds: what a test takes in time does not matter.
@test "a flood from one player is held to its rate, and others in the room play on" {
    kafka_start embedded
    doors_open --player-rate 0.001
    join
    start flood curl -sS -o /dev/null -w '%{http_code}\n' -X POST -H "Cookie: $cookie" -d '{"hits":1}' "$BOARD/api/hits?[1-200]"
    for _ in 1 2 3 4 5; do
        join
        hit 2 -H "Cookie: $cookie"
        assert_equal "$code" 202
    done
    finish flood
    assert_equal "$(sort "$BATS_TEST_TMPDIR/flood.out" | uniq -c | awk '{print $2 "x" $1}' | tr '\n' ' ')" '202x1 429x199 '
    # None but those that were taken.
    assert_equal "$(kafka_consume game-hits | wc -l)" 6
    assert_equal "$(metric "$ADMIN" 'umpire_provider_door_limited_total{limit="player"}')" 199
    assert_equal "$(metric "$ADMIN" 'umpire_provider_door_requests_total{door="hits",status="202"}')" 6
}

# joined STATUS: joining from $address comes to that.
joined() {
    join -H "X-Forwarded-For: $address"
    assert_equal "$code" "$1"
}

@test "joins from an address have a limit; a proxy's word counts where it is trusted" {
    kafka_start embedded
    doors_open --join-rate 0.001 --trusted-proxy 127.0.0.0/8
    local address=203.0.113.1
    joined 201
    joined 429
    (($(header Retry-After) > 1))
    hit 1 -H "Cookie: $cookie" -H "X-Forwarded-For: $address"
    refused 429
    address=203.0.113.2
    joined 201
    hit 1 -H "Cookie: $cookie" -H "X-Forwarded-For: 203.0.113.1"
    assert_equal "$code" 202
    # What a client writes itself stands before what the proxy adds.
    address='203.0.113.77, 203.0.113.1'
    joined 429
    assert_equal "$(metric "$ADMIN" 'umpire_provider_door_limited_total{limit="join"}')" 3
    stop it
    doors_open --join-rate 0.001
    joined 201
    address=203.0.113.9
    joined 429
}

@test "all requests from an address have a limit, and so has the number of addresses that are told apart" {
    kafka_start embedded
    doors_open --address-rate 0.001 --max-senders 2 --trusted-proxy 127.0.0.1
    local address=203.0.113.1
    joined 201
    joined 429
    address=203.0.113.2
    joined 201
    address=203.0.113.3
    joined 429
    assert_equal "$(metric "$ADMIN" 'umpire_provider_door_limited_total{limit="address"}')" 1
    assert_equal "$(metric "$ADMIN" 'umpire_provider_door_limited_total{limit="keys"}')" 1
}

@test "without a Kafka that acknowledges, hits get 503 with Retry-After, and are taken again when it is back" {
    kafka_start embedded
    doors_open --ack-timeout 2s
    join
    within 60 taken 1 -H "Cookie: $cookie"
    kill -STOP "${PIDS[kafka]}"
    hit 2 -H "Cookie: $cookie"
    refused 503 'not acknowledged'
    assert_equal "$(header Retry-After)" 2
    # One at a time waits to see whether it is back; the other of two is told at once.
    one_is_turned_away() {
        start probe curl -sS -X POST -H "Cookie: $cookie" -d '{"hits":2}' "$BOARD/api/hits"
        hit 3 -H "Cookie: $cookie"
        finish probe
        [[ $reply$(<"$BATS_TEST_TMPDIR/probe.out") == *'not acknowledged what it was sent before'* ]]
    }
    within 60 one_is_turned_away
    kill -CONT "${PIDS[kafka]}"
    within 60 taken 4 -H "Cookie: $cookie"
    # At least once: what was answered with 503 may be there.
    kafka_consume game-hits | jq -e '.value | fromjson | .hits' | sort -u | tr '\n' ' ' | grep -Eqx '1 (2 )?(3 )?4 '
    stop it
    assert_equal "$status" 0
}

# volley NAME HITS [CURL OPTION…]
volley() {
    local name=$1 hits=$2
    shift 2
    ask /api/hits -X POST -d "{\"hits\":$hits,\"volley\":\"$name\"}" "$@"
}

volley_taken() {
    volley "$@"
    [[ $code == 202 ]]
}

@test "a volley that is sent again, after a 503 or a lost answer, is one event, counted once" {
    kafka_start embedded
    doors_open --ack-timeout 2s
    join
    within 60 volley_taken first 3 -H "Cookie: $cookie"
    kill -STOP "${PIDS[kafka]}"
    volley refused 4 -H "Cookie: $cookie"
    refused 503 'not acknowledged'
    run curl -sS --max-time 1 -X POST -H "Cookie: $cookie" -d '{"hits":5,"volley":"lost"}' "$BOARD/api/hits"
    kill -CONT "${PIDS[kafka]}"
    within 60 volley_taken refused 4 -H "Cookie: $cookie"
    local id player
    id=$(jq -r .id <<<"$reply") player=$(jq -r .player <<<"$reply")
    assert_equal "$id" "$player-refused"
    volley_taken refused 4 -H "Cookie: $cookie"
    assert_equal "$(jq -r .id <<<"$reply")" "$id"
    within 60 volley_taken lost 5 -H "Cookie: $cookie"
    volley_taken last_of-32.characters........... 6 -H "Cookie: $cookie"
    # Another player's volley of that name is another event.
    join
    volley_taken refused 4 -H "Cookie: $cookie"
    refute [ "$(jq -r .id <<<"$reply")" = "$id" ]
    assert_equal "$(kafka_consume game-hits | jq -r '.headers | map({(.[0]): .[1]}) | add | select(.ce_subject == $player) | "\(.ce_source) \(.ce_id)"' \
        --arg player "$player" | sort -u | sed "s,.*$player-,," | tr '\n' ' ')" 'first last_of-32.characters........... lost refused '
    board_counts() {
        [[ $(curl -fsS "$BOARD/api/state" | jq -c --arg player "$player" '[.totals.hits, (.players[] | select(.id == $player) | .hits)]') == '[5,4]' ]]
    }
    within 20 board_counts
    local bad
    for bad in '""' '7' '"a b"' "\"$(printf 'v%.0s' {1..33})\"" 'null'; do
        ask /api/hits -X POST -H "Cookie: $cookie" -d "{\"hits\":1,\"volley\":$bad}"
        refused 400 volley
    done
}

@test "while the embedded broker is held back from, hits wait outside: 503" {
    kafka_start embedded
    doors_open --hold-back 1 --group nobody
    held_back() {
        join
        hit 1 -H "Cookie: $cookie"
        [[ $code == 503 ]]
    }
    within 30 held_back
    refused 503 'has not committed'
}

@test "the controls are the admin's: 401 without a token, 403 with another; start, stop, rate and scenario do what they say" {
    kafka_start embedded
    doors_open --rate 100
    ask /api/simulation -X POST -d '{"action":"stop"}'
    refused 401 'Authorization: Bearer'
    assert_equal "$(header WWW-Authenticate)" 'Bearer realm="umpire"'
    ask /api/simulation -X POST -H 'Authorization: Bearer wrong' -d '{"action":"stop"}'
    refused 403
    told_is '"\(.running) \(.rate) \(.scenario) \(.run)"' 'true 100 steady room'
    told '.scenarios | join(" ")' | grep -q 'steady burst cheaters'

    control '{"action":"stop"}'
    assert_equal "$code $(jq -r '"\(.running) \(.state)"' <<<"$reply")" '200 false paused'
    control '{"action":"rate","rate":20}'
    assert_equal "$code $(jq .rate <<<"$reply")" '200 20'
    control '{"action":"scenario","scenario":"cheaters"}'
    assert_equal "$code $(jq -r .scenario <<<"$reply")" '200 cheaters'
    local before
    before=$(jq .produced <<<"$reply")
    control '{"action":"start","rate":500}'
    assert_equal "$code $(jq .running <<<"$reply")" '200 true'
    more() {
        (($(told .produced) > before))
    }
    within 20 more

    control '{"action":"scenario","scenario":"chaeters"}'
    refused 400 'did you mean "cheaters"'
    control '{"action":"scenario","scenario":"logs"}'
    refused 409 'events of its own'
    control '{"action":"rate","rate":-1}'
    refused 400 'rate: expected'
    control '{"action":"rate","rate":90000}'
    refused 400 'the embedded broker takes at most'
    control '{"action":"strat"}'
    refused 400 'did you mean "start"'
    control 'nonsense'
    refused 400 'not JSON'
    control '{"x":1}'
    refused 400 'action: expected a string'
    refute grep -q "$TOKEN" "$BATS_TEST_TMPDIR/it.log"
}

@test "a provider that started without a simulation can be told to begin one; its generated token is printed once, and not logged" {
    kafka_start embedded
    start it "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded --listen 127.0.0.1:0 --rate 0
    BOARD=http://$(address it)
    within 30 logged it '"message":"ready"'
    TOKEN=$(sed -n 's/^admin token: //p' "$BATS_TEST_TMPDIR/it.out")
    [[ $TOKEN =~ ^[0-9a-f]{32}$ ]]
    refute grep -q "$TOKEN" "$BATS_TEST_TMPDIR/it.log"
    told_is .state off
    control '{"action":"stop"}'
    refused 409 'there is no simulation'
    control '{"action":"start","rate":200}'
    assert_equal "$code" 200
    acknowledged() {
        (($(told .acknowledged) > 50))
    }
    within 20 acknowledged
    stop it
    assert_equal "$status" 0
}

@test "what the doors cannot be told is refused at start" {
    local file=$BATS_TEST_TMPDIR/token
    refuses() {
        run -78 "$PROVIDER" --bootstrap-servers 127.0.0.1:1 "${@:2}"
        assert_output --partial "$1"
    }
    refuses '--events-topics: "audit-verdicts" is written by the programs' --events-topics game-hits,audit-verdicts
    refuses '--events-topics: "game-hits-dlq"' --events-topics game-hits-dlq
    refuses '--join-rate: expected a number over 0' --join-rate 0
    refuses '--trusted-proxy: expected 0 to 32 behind the slash' --trusted-proxy 10.0.0.0/40
    refuses '--admin-token-file: ' --admin-token-file "$file"
    echo short >"$file"
    refuses 'expected 16 characters or more, found 5' --admin-token-file "$file"
}

@test "a room of 300 behind one address, each five hits a second: none is lost, by sets" {
    kafka_start embedded
    doors_open --group none --ack-timeout 60s
    "$BUILD/tests/bench/bench-room" --url "$BOARD" --guests 300 --rate 5 --hits 10 --accepted "$BATS_TEST_TMPDIR/accepted" >"$BATS_TEST_TMPDIR/room"
    cat "$BATS_TEST_TMPDIR/room"
    jq -e '.joined == 300 and .sent == 3000 and .accepted == 3000 and .refused == {}' "$BATS_TEST_TMPDIR/room"
    kafka_consume game-hits | jq -r '.headers | map({(.[0]): .[1]}) | add | "\(.ce_source) \(.ce_id)"' | sort >"$BATS_TEST_TMPDIR/there"
    sort "$BATS_TEST_TMPDIR/accepted" | diff - "$BATS_TEST_TMPDIR/there"
    assert_equal "$(uniq "$BATS_TEST_TMPDIR/there" | wc -l)" 3000
    assert_equal "$(kafka_consume game-hits | jq -r .key | sort | uniq -c | awk '{print $1}' | sort -u)" 10
}
