# event-provider by itself: the simulator, verify and the board, on the embedded broker; and the whole path with the events of Shipwars.
load ../support/support
load ../support/kafka

PROVIDER=$BUILD/provider/event-provider

teardown() {
    stop_all
}

# simulate [OPTION…]: a run of 300 events in the topics of the interface; its truth in truth.json, unless options say otherwise.
simulate() {
    "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded --listen none --seed 7 --run seven --epoch 2026-01-01T00:00:00Z \
        --rate 1000 --events 300 --truth "$BATS_TEST_TMPDIR/truth.json" "$@"
}

# board_start NAME [OPTION…]: a provider that serves the board; leaves $BOARD (URL without the last slash).
board_start() {
    local name=$1
    shift
    start "$name" "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded --listen 127.0.0.1:0 "$@"
    BOARD=http://$(address "$name")
    within 30 logged "$name" '"message":"ready"'
}

# content TOPIC: what a producer decides of a topic's records: partition, key, value, headers; by partition, in order.
content() {
    kafka_consume "$1" | jq -c '[.partition, .key, .value, .headers]' | sort -s -t, -k1,1
}

# verdicts: for lines of kafka_consume from the topic of events the verdicts that audit-fn owes them, for kafka_produce.
verdicts() {
    jq -c '(.headers | map({(.[0]): .[1]}) | add) as $event | (.value | fromjson) as $hit | ($hit.hits > 10) as $cheating | {key, headers: [
        ["ce_specversion", "1.0"], ["ce_id", "v-\($event.ce_id)"], ["ce_source", "/umpire/audit-fn"],
        ["ce_type", if $cheating then "audit.fail" else "audit.pass" end], ["ce_subject", .key], ["content-type", "application/json"]],
        value: ({verdict: (if $cheating then "cheating" else "fair" end), rule: "hits-over-10", player: .key, hits: $hit.hits, threshold: 10,
            event: {source: $event.ce_source, id: $event.ce_id}} | tojson)}'
}

# truth FILTER: from the file of the run.
truth() {
    jq -r "$1" "$BATS_TEST_TMPDIR/truth.json"
}

# about NUMBER: the id of the event that a verdict of `verdicts` is about is NUMBER; for jq.
about() {
    echo "(.value | fromjson | .event.id) == \"$1\""
}

verify() {
    "$PROVIDER" verify --bootstrap-servers "$BOOTSTRAP" --embedded --truth "$BATS_TEST_TMPDIR/truth.json" --wait 1s "$@"
}

# verifies STATUS [TEXT]: what verify comes to, and says.
verifies() {
    run "-$1" verify
    [[ -z ${2:-} ]] || assert_output --partial "$2"
}

shows() {
    curl -fsS "$BOARD/api/state" | jq -e "$1" >/dev/null
}

@test "the same seed, run and epoch give the same records, byte by byte; another seed does not" {
    kafka_start embedded --topic again:3 --topic other:3
    simulate
    simulate --topic again
    simulate --topic other --seed 8
    content game-hits >"$BATS_TEST_TMPDIR/once"
    content again >"$BATS_TEST_TMPDIR/again"
    content other >"$BATS_TEST_TMPDIR/other"
    assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/once")" 300
    cmp "$BATS_TEST_TMPDIR/once" "$BATS_TEST_TMPDIR/again"
    refute cmp -s "$BATS_TEST_TMPDIR/once" "$BATS_TEST_TMPDIR/other"
    head -n 1 "$BATS_TEST_TMPDIR/once" | jq -e '(.[3] | map({(.[0]): .[1]}) | add) as $event | (.[2] | fromjson) as $hit |
        $event.ce_type == "game.hits" and $event.ce_source == "/umpire/provider/seven" and $event."content-type" == "application/json" and
        $event.ce_subject == .[1] and $event.ce_partitionkey == .[1] and $hit.player == .[1] and ($event.ce_time | startswith("2026-01-01T00:00:0"))'
}

@test "the truth file says what was sent and who cheated, as the topic has it" {
    kafka_start embedded
    simulate
    run truth '[.version, .run, .source, .seed, .epoch, .preset, .topics.hits, .topics.verdicts, .complete, .events, .failed] | tojson'
    assert_output '[1,"seven","/umpire/provider/seven",7,"2026-01-01T00:00:00.000000Z","steady","game-hits","audit-verdicts",true,300,[]]'
    kafka_consume game-hits | jq -r 'select((.value | fromjson | .hits) > 10) | .headers[] | select(.[0] == "ce_id")[1]' | sort -n >"$BATS_TEST_TMPDIR/over"
    truth '.cheating[]' | diff - "$BATS_TEST_TMPDIR/over"
    [[ -s $BATS_TEST_TMPDIR/over ]]
    kafka_consume game-hits | jq -r 'select((.value | fromjson | .hits) > 10) | .key' | sort -u >"$BATS_TEST_TMPDIR/who"
    truth '.flagged[]' | sort | diff - "$BATS_TEST_TMPDIR/who"
}

@test "verify tells a right run from one with a verdict missing, one too many, and a wrong one" {
    kafka_start embedded
    simulate
    kafka_consume game-hits | verdicts >"$BATS_TEST_TMPDIR/verdicts"
    local fair other
    read -r fair other < <(truth '[range(1; 301)] - .cheating | "\(.[0]) \(.[1])"')

    jq -c "select($(about "$fair") | not)" "$BATS_TEST_TMPDIR/verdicts" | kafka_produce audit-verdicts
    verifies 1 "1 event has no verdict: $fair (fair)"

    jq -c "select($(about "$fair"))" "$BATS_TEST_TMPDIR/verdicts" | kafka_produce audit-verdicts
    verifies 0 'all 300 events have their verdict'

    # Kafka delivers at least once: the same verdict again is no difference.
    jq -c "select($(about "$fair"))" "$BATS_TEST_TMPDIR/verdicts" | kafka_produce audit-verdicts
    verifies 0

    jq -c "select($(about "$fair")) | .value |= (fromjson | .event.id = \"301\" | tojson)" "$BATS_TEST_TMPDIR/verdicts" | kafka_produce audit-verdicts
    verifies 1 '1 verdict is about events never sent: 301'

    jq -c "select($(about "$other")) | .headers[3][1] = \"audit.fail\"" "$BATS_TEST_TMPDIR/verdicts" | kafka_produce audit-verdicts
    verifies 1 "1 event has two different verdicts: $other"
}

@test "verify names a wrong verdict, a cheater that was not flagged, and a player that was without having cheated" {
    kafka_start embedded
    simulate
    local cheater player fair
    cheater=$(truth '.flagged[0]')
    # Of one cheater all verdicts are fair, and a player that never cheated has one that is not.
    read -r fair player < <(kafka_consume game-hits | jq -r --argjson flagged "$(truth '.flagged | tojson')" \
        'select([.key] - $flagged | length > 0) | "\(.headers[] | select(.[0] == "ce_id")[1]) \(.key)"' | sort -n | sed -n 1p)
    kafka_consume game-hits | verdicts | jq -c "if .key == \"$cheater\" then .headers[3][1] = \"audit.pass\"
        elif $(about "$fair") then .headers[3][1] = \"audit.fail\" else . end" | kafka_produce audit-verdicts
    verifies 1 "$fair (found cheating, expected fair)"
    assert_output --partial '(found fair, expected cheating)'
    assert_output --partial "1 cheater was not flagged: $cheater"
    assert_output --partial "1 player was flagged without having cheated: $player"
}

@test "verify without Kafka is 69, with an unfinished truth, none, or something else in its place 78" {
    BOOTSTRAP=127.0.0.1:1
    local file=$BATS_TEST_TMPDIR/truth.json
    run -78 "$PROVIDER" verify --bootstrap-servers "$BOOTSTRAP"
    assert_output --partial '--truth'
    refute_output --partial '(null)'
    verifies 78 "$file"
    echo '{"a":1}' >"$file"
    verifies 78 "$file"
    kafka_start embedded
    simulate
    jq -c '.complete = false' "$file" >"$file.unfinished"
    run -78 verify --truth "$file.unfinished"
    assert_output --partial 'the run is not over'
    kafka_stop
    verifies 69 'Kafka cannot be used'
}

@test "the events of Shipwars go the whole path, and verify says that all were audited" {
    kafka_start embedded
    start audit "$BUILD/audit-fn/audit-fn" --listen 127.0.0.1:0 --reply always
    start adapter "$BUILD/source-adapter/source-adapter" --bootstrap-servers "$BOOTSTRAP" --sink "http://$(address audit)/" --topics game-hits \
        --group umpire --from earliest --ordering key --dead-letter-topic game-hits-dlq --reply-topic audit-verdicts
    simulate --preset shipwars
    verify --wait 30s
    # The names of the game: type bonus, the player below `by`, the hits as `shots`.
    kafka_consume game-hits | head -n 1 >"$BATS_TEST_TMPDIR/one"
    jq -e '(.headers | map({(.[0]): .[1]}) | add) as $event | (.value | fromjson) as $data | $event.ce_type == "bonus" and
        $data.by.uuid == .key and ($data.by.username | length > 0) and ($data.shots | type == "number") and $data.human' "$BATS_TEST_TMPDIR/one"
    [[ $(truth .preset) == shipwars && $(truth '.flagged | length') -gt 0 ]]
    [[ $(kafka_consume game-hits-dlq | wc -l) == 0 ]]
}

@test "the board's page has a policy for its content, and is not sent twice" {
    kafka_start embedded
    board_start it --rate 0
    curl -fsS -D "$BATS_TEST_TMPDIR/headers" -o "$BATS_TEST_TMPDIR/page" "$BOARD/"
    grep -q '<html' "$BATS_TEST_TMPDIR/page"
    run tr -d '\r' <"$BATS_TEST_TMPDIR/headers"
    assert_line --partial 'HTTP/1.1 200'
    assert_line --regexp "^Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self';.* frame-ancestors 'none'"
    assert_line 'X-Content-Type-Options: nosniff'
    assert_line --regexp '^Content-Type: text/html'
    # Nothing inline, which the policy would forbid.
    run grep -Ei '<script>|<style| style=| on[a-z]+=' "$BATS_TEST_TMPDIR/page"
    assert_failure

    local etag
    etag=$(tr -d '\r' <"$BATS_TEST_TMPDIR/headers" | sed -n 's/^ETag: //Ip')
    run curl -sS -o /dev/null -w '%{http_code} %{size_download}' -H "If-None-Match: $etag" "$BOARD/"
    assert_output '304 0'
    run curl -sS -o /dev/null -w '%{http_code}' -H 'If-None-Match: "other"' "$BOARD/"
    assert_output 200
    curl -fsS --compressed "$BOARD/" | cmp - "$BATS_TEST_TMPDIR/page"
    run curl -sS -o /dev/null -w '%{http_code}' -X POST "$BOARD/api/state"
    assert_output 405
    run curl -sS -o /dev/null -w '%{http_code} %{content_type}' "$BOARD/nothing"
    assert_output '404 application/problem+json'
}

# frames NAME COUNT: the stream that curl writes has come that far.
frames() {
    (($(grep -c '^data: ' "$BATS_TEST_TMPDIR/$1.out") >= $2))
}

@test "the stream begins with all there is, goes on with what changes, and continues where a browser was" {
    kafka_start embedded
    simulate
    board_start it --rate 0
    within 30 shows '.totals.hits == 300 and (.rebuilding | not)'
    start stream curl -sSN "$BOARD/api/stream"
    within 20 frames stream 1
    sed -n 's/^data: //p' "$BATS_TEST_TMPDIR/stream.out" | head -n 1 | jq -e '.totals.hits == 300 and (.players | length) > 20 and (.events | length) > 20'

    kafka_consume game-hits | head -n 1 | jq -c '{key: "late", headers: (.headers | map(if .[0] == "ce_id" then ["ce_id", "late"] else . end)),
        value: (.value | fromjson | .player = "late" | tojson)}' | kafka_produce game-hits
    said() {
        grep '^data: ' "$BATS_TEST_TMPDIR/stream.out" | tail -n +2 | sed 's/^data: //' | jq -es 'map(.players[] | select(.id == "late")) | length >= 1' >/dev/null
    }
    within 20 said
    # An update has those players that changed, not all of them.
    sed -n 's/^data: //p' "$BATS_TEST_TMPDIR/stream.out" | jq -es 'map(select(.players | map(.id == "late") | any)) | .[0] | .totals.hits == 301 and (.players | length) == 1'

    local last
    last=$(grep '^id: ' "$BATS_TEST_TMPDIR/stream.out" | tail -n 1)
    [[ $last ]]
    stop stream
    start again curl -sSN -H "Last-Event-ID: ${last#id: }" "$BOARD/api/stream"
    within 20 frames again 1
    sed -n 's/^data: //p' "$BATS_TEST_TMPDIR/again.out" | head -n 1 | jq -e '(.players | length) <= 1'
}

# rows: the table of flagged players: key, times, one a line.
rows() {
    kafka_consume flagged-players | jq -r '.key' | sort -u
}

rows_are() {
    [[ $(rows) == "$1" ]]
}

@test "flagged players have rows in their table, and a restarted provider shows the same and writes none again" {
    kafka_start embedded
    simulate
    kafka_consume game-hits | verdicts | kafka_produce audit-verdicts
    board_start it --rate 0 --run seven
    local flagged before='[.players[] | select(.flagged) | {id, cheats, since: .flagged.since}] | sort_by(.id)' first records
    flagged=$(truth '.flagged[]' | sort)
    within 30 shows ".totals.verdicts == 300 and (.rebuilding | not)"
    within 30 rows_are "$flagged"
    first=$(curl -fsS "$BOARD/api/state" | jq -c "$before")
    assert_equal "$(jq -r '.[].id' <<<"$first")" "$flagged"
    stop it
    assert_equal "$status" 0
    records=$(kafka_consume flagged-players | wc -l)

    board_start it --rate 0 --run seven
    within 30 shows ".totals.verdicts == 300 and (.rebuilding | not)"
    assert_equal "$(curl -fsS "$BOARD/api/state" | jq -c "$before")" "$first"
    stop it
    assert_equal "$(kafka_consume flagged-players | wc -l)" "$records"
}

@test "wrong options are named with what was expected: 64 on the command line, 78 in what it configures" {
    refused() {
        run "-$1" "$PROVIDER" --bootstrap-servers 127.0.0.1:1 "${@:3}"
        assert_output --partial "$2"
    }
    refused 64 '--rat: unknown option; did you mean --rate?' --rat 3
    refused 64 '--rate: expected a number from 0 upward, found "fast"' --rate fast
    refused 64 'verifi: unknown command; did you mean verify?' verifi
    refused 78 '--epoch: expected an RFC 3339 time' --epoch yesterday
    refused 78 'there is no scenario "burts", did you mean "burst"?' --scenario burts
    refused 78 '--cheaters: expected a share from 0 to 1, found 2' --cheaters 2
    refused 78 '--preset: scenario "logs" has events of its own' --preset shipwars --scenario logs
    refused 78 'the embedded broker takes at most' --embedded --rate 90000
    run -78 env -u KAFKA_BOOTSTRAP_SERVERS "$PROVIDER"
    assert_output --partial 'no Kafka given'
}
