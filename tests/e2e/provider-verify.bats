# event-provider verify: by sets, whether a run was audited as it should have been.
load ../support/support
load ../support/kafka
load ../support/provider

teardown() {
    stop_all
}

# about NUMBER: the id of the event that a verdict of `verdicts` is about is NUMBER; for jq.
about() {
    echo "(.value | fromjson | .event.id) == \"$1\""
}

# verifies STATUS [TEXT]: what verify comes to, and says.
verifies() {
    run "-$1" verify
    [[ -z ${2:-} ]] || assert_output --partial "$2"
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

@test "verify ends with one line on the whole run: events a second, and the time from hit to verdict" {
    kafka_start embedded
    simulate
    # Each verdict 7 ms after its hit, one of them 300 ms.
    kafka_consume game-hits >"$BATS_TEST_TMPDIR/hits"
    paste -d '\n' <(verdicts <"$BATS_TEST_TMPDIR/hits") "$BATS_TEST_TMPDIR/hits" |
        jq -nc 'foreach range(300) as $i (null; . ; [input, input] as [$verdict, $hit] | $verdict + {timestamp: ($hit.timestamp + (if $i == 150 then 300 else 7 end))})' |
        kafka_produce audit-verdicts
    verify >"$BATS_TEST_TMPDIR/report"
    assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/report")" 2
    run tail -n 1 "$BATS_TEST_TMPDIR/report"
    assert_output --regexp '^  300 events in [0-9.]+ s: [0-9.]+ events/s; hit to verdict: p50 7 ms, p99 7 ms, max 300 ms$'
}

@test "verify --against compares two topics of verdicts, event by event" {
    kafka_start embedded --topic other:2
    simulate
    kafka_consume game-hits | verdicts >"$BATS_TEST_TMPDIR/verdicts"
    kafka_produce audit-verdicts <"$BATS_TEST_TMPDIR/verdicts"
    against() {
        run "-$1" "$PROVIDER" verify --bootstrap-servers "$BOOTSTRAP" --embedded --against other --wait 1s "${@:3}"
        assert_output --partial "$2"
    }
    # Another function: other ids, another rule, another order, one of them twice.
    jq -c '.headers[1][1] |= "other-" + . | .value |= (fromjson | .rule = "another" | tojson)' "$BATS_TEST_TMPDIR/verdicts" | tac >"$BATS_TEST_TMPDIR/other"
    tail -n +2 "$BATS_TEST_TMPDIR/other" | kafka_produce other
    against 1 'no verdict in other'
    local id
    id=$(head -n 1 "$BATS_TEST_TMPDIR/other" | jq -r '.value | fromjson | .event.id')
    assert_output --partial "/umpire/provider/seven $id: "
    head -n 2 "$BATS_TEST_TMPDIR/other" | kafka_produce other
    against 0 'both topics say the same about all 300 events'
    head -n 1 "$BATS_TEST_TMPDIR/other" | jq -c '.headers[3][1] |= if . == "audit.fail" then "audit.pass" else "audit.fail" end' | kafka_produce other
    against 1 "/umpire/provider/seven $id: "
    assert_output --partial 'fair and cheating in other'
    # Of another run nothing is known, which is the same on both sides.
    against 0 'all 0 events' --run eight
    run -78 "$PROVIDER" verify --bootstrap-servers "$BOOTSTRAP" --against audit-verdicts
    assert_output --partial 'expected another topic than --verdict-topic'
}
