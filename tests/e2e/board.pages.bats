# Board, game and controls in a real Chromium, on one demo for all tests of this file.
#
# PICTURES=1 keeps what the README shows as docs/pictures/board.png and game.png; with a folder there, all pictures are copied to it.
load ../support/support
load ../support/demo

setup_file() {
    command -v chromium >/dev/null || skip "chromium is not installed"
    command -v chromedriver >/dev/null || skip "chromedriver is not installed"
    getent hosts localhost >/dev/null || skip "localhost has no address here, which chromedriver needs: an empty /etc/hosts"
    /usr/bin/python3 -c 'import selenium' 2>/dev/null || skip "python3-selenium is not installed"
    unset KAFKA PORT LAN DURATION RATE SEED
    # Phones are told an address, for the code; nobody asks it.
    env PORT=0 RATE=150 SEED=7 LAN=1 DEMO_LISTEN=127.0.0.1 DEMO_PUBLIC_ADDRESS=192.168.1.20 "$BUILD/deploy/laptop/demo" \
        >"$BATS_FILE_TMPDIR/demo.out" 2>&1 3>&- 4>&- </dev/null &
    export DEMO_PID=$!
    within 60 grep -qF http://127.0.0.1: "$BATS_FILE_TMPDIR/demo.out"
    URL=$(grep -o -m 1 'http://127\.0\.0\.1:[0-9]*/' "$BATS_FILE_TMPDIR/demo.out")
    export URL
    within 10 grep -q '^speaker ' "$BATS_FILE_TMPDIR/demo.out"
    TOKEN=$(awk '$1 == "speaker" {print $3}' "$BATS_FILE_TMPDIR/demo.out")
    export TOKEN
    within 60 board_has '.totals.flagged >= 3'
    local seconds=5
    [[ ! ${PICTURES:-} ]] || seconds=45
    within 90 board_has "[.series[] | select(.[1] > 0)] | length >= $seconds" # something in the plots
}

teardown_file() {
    [[ ${DEMO_PID:-} ]] || return 0
    kill "$DEMO_PID" 2>/dev/null || true
    wait "$DEMO_PID" 2>/dev/null || true
}

setup() {
    PAGES=$BATS_TEST_DIRNAME/../support
}

teardown() {
    [[ ${BATS_TEST_COMPLETED:-} ]] || tail -n 20 "$BATS_FILE_TMPDIR/demo.out"
}

board_has() {
    curl -fsS "${URL}api/state" | jq -e "$1" >/dev/null
}

# visit SCRIPT [ARGUMENT…]: what it saw is in $output.
visit() {
    local script=$1
    shift
    run --separate-stderr /usr/bin/python3 "$PAGES/$script" "$@"
    echo "$output" "$stderr"
    assert_success
}

# seen FILTER [OPTION…]: it holds for what was seen.
seen() {
    jq -e "${@:2}" "$1" >/dev/null <<<"$output" || { echo "not so: $1"; return 1; }
}

# keep [NAME AS]: one picture for the README, and all for whoever looks at them.
keep() {
    [[ ${PICTURES:-} ]] || return 0
    mkdir -p "$ROOT/docs/pictures"
    [[ ! ${1:-} ]] || cp "$BATS_TEST_TMPDIR/$1.png" "$ROOT/docs/pictures/$2.png"
    [[ ! -d $PICTURES ]] || cp "$BATS_TEST_TMPDIR"/*.png "$PICTURES/"
}

@test "the board shows the path of hits, who is flagged, and each event from its making to its verdict" {
    visit board-page.py "$URL" "$BATS_TEST_TMPDIR"
    keep board-light board
    cp "$BATS_TEST_TMPDIR"/board-light.png "$BATS_TEST_TMPDIR"/board-dark.png "$BATS_FILE_TMPDIR/"
    seen '.console == []'
    seen '.link == "live" and (.flagged | length >= 2) and .rows > 5 and .tape > 5'
    seen '.lanes | length == 3 and all(. > 0)'
    seen '.colours > 3'
    seen '.stages | length == 5 and all(endswith(":unknown") | not)'
    seen '(.wider | map(.pixels <= 0) | all) and (.cut | map(. == []) | all)'
    # Nothing from elsewhere.
    seen '.asked | (length >= 8) and all(startswith($url))' --arg url "$URL"
    # Phones are led to the address that they reach.
    seen '(.play | startswith("http://192.168.1.20:") and endswith("/play")) and .code > 0'
    # The search finds whom one looks for; an event is shown whole.
    seen '.flagged[0] as $name | (.found | length >= 1) and (.found | all(startswith($name)))'
    seen '.event | (.attributes.type == "game.hits") and (.title | endswith("cheating")) and (.hops | length == 5) and (.hops[:4] | all(startswith("not yet") | not))'
    seen '.event | .attributes.id as $id | (.http | startswith("POST / HTTP/1.1\n") and contains("ce-id: \($id)\n"))'
    seen '.event | .kafka.key == .attributes.subject and .kafka.topic == "game-hits"'
    # Who is flagged is what the topics say.
    curl -fsS "${URL}api/state" | jq -r '.players[] | select(.flagged) | .name' >"$BATS_TEST_TMPDIR/flagged"
    while read -r name; do
        grep -qxF "$name" "$BATS_TEST_TMPDIR/flagged"
    done < <(jq -r '.flagged[]' <<<"$output")
}

@test "the code can be read off the board, by day and by night" {
    command -v zbarimg >/dev/null || skip "zbar-tools is not installed"
    local play scheme
    play=$(curl -fsS "${URL}api/state" | jq -r .play)
    for scheme in light dark; do
        run --separate-stderr zbarimg --quiet --raw "$BATS_FILE_TMPDIR/board-$scheme.png"
        assert_output "$play"
    done
}

@test "a phone plays fair, cheats, and sees what the umpire says" {
    visit play-page.py "$URL" "$BATS_TEST_TMPDIR"
    keep play-light game
    seen '.console == []'
    seen '.asked | all(startswith($url))' --arg url "$URL"
    seen '.joined.verdict == "none"'
    seen '.fair.verdict == "fair" and (.fair.title == "Fair")'
    # No finger is quick enough to cheat.
    seen '[.fair.volleys[] | select(.hits > 0)] | length >= 2 and all(.hits <= 8)'
    seen '.cheating.verdict == "cheating"'
    seen '.end.volleys | map(select(.state == "cheating")) | length >= 2 and all(.hits > 10)'
    seen '.end.volleys | all(.state != "lost")'
    seen '.again.verdict == "cheating" and .again.who == .joined.who'
    seen '.focused == "start" and (.keys.volleys | map(select(.hits > 0)) | length >= 1 and all(.hits <= 8))'
    seen '.wider.pixels <= 0'
    local name
    name=$(jq -r .joined.who <<<"$output")
    board_has ".players[] | select(.name == \"$name\" and (.id | startswith(\"g-\"))) | .cheats >= 2"
}

@test "a phone sends its volley again, as the same event, when it is told to wait or the answer is lost" {
    visit resend-page.py "$URL"
    seen '.console == [] and (.boxes | all(. != "lost"))'
    # Every volley was sent twice at least, with the same name and hits, and had one id.
    seen '.sent | group_by(.volley) | map(select(length > 1)) | length >= 6 and all(unique | length == 1)'
    seen '.ids | map(select(length > 1)) | length >= 3 and all(unique | length == 1)'
}

@test "the controls do what they say, with the token alone" {
    visit speaker-page.py "$URL" "$TOKEN" "$BATS_TEST_TMPDIR"
    keep
    seen '.locked and .still_locked'
    seen '.scenarios | index("steady") and index("burst") and index("cheaters")'
    seen '.cleared.rows == 0'
    seen '.before.flagged as $before | .past as $past | $before | all(. as $name | $past | index($name))'
    seen '.hidden_name as $name | .shown | any(contains($name)) | not'
    board_has ".players[] | select(.id == $(jq .hidden <<<"$output")) | .hidden and (has(\"name\") | not)"
    # The refused token is the only thing that the console has to say.
    seen '.console | length == 1 and (.[0][1] | contains("403"))'
    seen '.token_kept[0] as $address | .token_kept[1:] == ["", 0] and ($address | contains($token) | not)' --arg token "$TOKEN"
}

@test "dead letters can be looked at: which, why, and what they hold, as text" {
    BOOTSTRAP=$(awk '$1 == "broker" {print $2; exit}' "$BATS_FILE_TMPDIR/demo.out")
    jq -nc '{key: "p-1", headers: [["ce_specversion", "1.0"], ["ce_id", "17"], ["ce_type", "game.hits"], ["ce_knativeerrordest", "http://sink/"],
        ["ce_knativeerrorcode", "422"], ["ce_knativeerrordata", ("<img src=x onerror=hacked=1>" | @base64)], ["umpire_attempts", "3"]],
        value: "{\"hits\":\"<img src=x onerror=hacked=1>\"}"}' | "$BUILD/tests/support/kafka-records" produce "$BOOTSTRAP" game-hits-dlq
    visit letters-page.py "$URL" "$BATS_TEST_TMPDIR"
    keep
    seen '.console == [] and .made == 0 and .says == "1 dead letter" and (.list | length == 1) and (.list[0] | contains("Event 17") and contains("422"))'
    seen '.title == "Dead letter 17" and .terms.answer == "422" and .terms.attempts == "3" and .terms.topic == "game-hits-dlq" and .terms.ce_type == "game.hits"'
    seen '.blocks == ["<img src=x onerror=hacked=1>", "{\"hits\":\"<img src=x onerror=hacked=1>\"}"]'
}

@test "axe-core has no serious finding on the board, its dialogs and the game, by day and by night" {
    local axe
    axe=$("$PAGES/axe-core")
    visit axe-page.py "$axe" "$URL" '#speaker-open' '#code-open' '#flagged li:first-child button' '#dead'
    seen '. == []'
    visit axe-page.py "$axe" "${URL}play"
    seen '. == []'
}

# event PLAYER NAME HITS: as anybody on this machine can send one.
event() {
    local run
    run=$(curl -fsS "${URL}api/state" | jq -r .run)
    jq -nc --arg player "$1" --arg name "$2" --argjson hits "$3" '{match: $name, player: $player, name: $name, hits: $hits}' |
        curl -fsS -X POST "${URL}events" -H 'ce-specversion: 1.0' -H "ce-id: $RANDOM-$RANDOM" -H "ce-source: /umpire/provider/$run/test" \
            -H 'ce-type: game.hits' -H "ce-subject: hostile" -H 'content-type: application/json' --data-binary @-
}

@test "names with markup in them are text, on the board and in the inspector" {
    local name='<img src=x onerror=hacked=1>' player='"><script>hacked=1</script>'
    event "$player" "$name" 12
    within 60 board_has '.players[] | select(.id | contains("script")) | .flagged'
    visit hostile-page.py "$URL"
    seen '.console == [] and .hacked == false and .made == 0'
    seen '.flagged and .row and .title == "Event" and (.data | contains("<img src=x"))'
}

@test "the pages survive a restart of the provider" {
    run --separate-stderr /usr/bin/python3 "$PAGES/restart-page.py" "$URL" "$(pgrep -P "$DEMO_PID" -f /event-provider)"
    echo "$output" "$stderr"
    assert_success
    seen '.lost and .live and (.flagged | length > 0) and .who.before == .who.after'
    seen '.verdict == "cheating"'
    # What the console says is that nobody answered for a moment.
    seen '.console | all(.[0] == "network")'
}
