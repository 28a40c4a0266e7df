# What the simulator writes, its truth, and its options.
load ../support/support
load ../support/kafka
load ../support/provider

teardown() {
    stop_all
}

# content TOPIC: what a producer decides of a topic's records: partition, key, value, headers; by partition, in order.
content() {
    kafka_consume "$1" | jq -c '[.partition, .key, .value, .headers]' | sort -s -t, -k1,1
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

@test "a run that was interrupted goes on: what Kafka has is not sent again, what is missing is, byte by byte" {
    kafka_start embedded --topic again:3
    simulate
    content game-hits >"$BATS_TEST_TMPDIR/whole"
    truth 'del(.started, .topics)' >"$BATS_TEST_TMPDIR/whole-truth"
    # Died with some in its queue, of which not all got through: everything up to 100, but for ten, and then every third up to 150.
    kafka_consume game-hits | jq -c '(.headers | map({(.[0]): .[1]}) | add | .ce_id | tonumber) as $id |
        select($id < 40 or ($id >= 50 and $id <= 100) or ($id <= 150 and $id % 3 == 0)) | {key, value, headers, partition}' >"$BATS_TEST_TMPDIR/before"
    kafka_produce again <"$BATS_TEST_TMPDIR/before"
    simulate --topic again --resume --listen 127.0.0.1:0 2>"$BATS_TEST_TMPDIR/log"
    content again | sort >"$BATS_TEST_TMPDIR/resumed"
    sort "$BATS_TEST_TMPDIR/whole" | diff - "$BATS_TEST_TMPDIR/resumed"
    truth 'del(.started, .topics) | .flagged |= sort' | diff <(jq '.flagged |= sort' "$BATS_TEST_TMPDIR/whole-truth") -
    run jq -c 'select(.message == "simulation finished") | [.stored, .events]' "$BATS_TEST_TMPDIR/log"
    assert_output "[$(wc -l <"$BATS_TEST_TMPDIR/before"),$((300 - $(wc -l <"$BATS_TEST_TMPDIR/before")))]"
    # A run of which there is nothing begins at its beginning.
    simulate --topic again --resume --listen 127.0.0.1:0 --run other 2>"$BATS_TEST_TMPDIR/log"
    run jq -c 'select(.message == "simulation finished") | [.stored, .events]' "$BATS_TEST_TMPDIR/log"
    assert_output '[0,300]'
    # All of it is there: nothing is left to do.
    simulate --topic again --resume --listen 127.0.0.1:0 2>"$BATS_TEST_TMPDIR/log"
    run jq -c 'select(.message == "simulation finished") | [.stored, .events]' "$BATS_TEST_TMPDIR/log"
    assert_output '[300,0]'
    # Where the speaker starts the simulation, it goes on as well.
    echo a-token-for-the-test >"$BATS_TEST_TMPDIR/token"
    start it "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded --seed 7 --run seven --epoch 2026-01-01T00:00:00Z --topic again --rate 0 --resume \
        --listen 127.0.0.1:0 --admin-token-file "$BATS_TEST_TMPDIR/token"
    within 30 logged it 'board has caught up'
    curl -fsS -X POST -H 'Authorization: Bearer a-token-for-the-test' -d '{"action":"start","rate":500}' "http://$(address it)/api/simulation" >"$BATS_TEST_TMPDIR/started"
    of_seven() {
        kafka_consume again | jq -r '.headers | map({(.[0]): .[1]}) | add | select(.ce_source == "/umpire/provider/seven") | .ce_id' | sort -n
    }
    more_than_300() {
        (($(of_seven | wc -l) > 300))
    }
    within 30 more_than_300
    stop it
    assert_equal "$status" 0
    of_seven | diff - <(seq "$(of_seven | wc -l)")
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

@test "wrong options are named with what was expected: 64 on the command line, 78 in what it configures" {
    refused() {
        run "-$1" "$PROVIDER" --bootstrap-servers 127.0.0.1:1 "${@:3}"
        assert_output --partial "$2"
    }
    refused 64 '--rat: unknown option; did you mean --rate?' --rat 3
    refused 64 '--rate: expected a number from 0 upward, found "fast"' --rate fast
    refused 64 'verifi: unknown command; did you mean verify?' verifi
    refused 78 '--epoch: expected an RFC 3339 time' --epoch yesterday
    refused 78 '--resume: expected together with --run' --resume
    refused 78 '--resume: expected together with --run, whose events are looked for, and with pages' --resume --run x --listen none
    refused 78 'there is no scenario "burts", did you mean "burst"?' --scenario burts
    refused 78 '--cheaters: expected a share from 0 to 1, found 2' --cheaters 2
    refused 78 '--preset: scenario "logs" has events of its own' --preset shipwars --scenario logs
    refused 78 'the embedded broker takes at most' --embedded --rate 90000
    run -78 env -u KAFKA_BOOTSTRAP_SERVERS "$PROVIDER"
    assert_output --partial 'no Kafka given'
}

lag_is() {
    [[ $(metric "$ADMIN" 'umpire_provider_group_lag_records{partition="0"}') == "$1" ]]
}

held_times() {
    (($(grep -cF '"simulation held back"' "$BATS_TEST_TMPDIR/simulator.log") == $1))
}

# commit OFFSET: what the adapter would have committed.
commit() {
    "$KAFKA_ADMIN" "$BOOTSTRAP" commit watched one 0 "$1"
}

@test "the simulator is held back at the limit, goes on at half of it, and says each once" {
    kafka_start embedded --topic one:1
    start simulator "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded --listen none --admin-listen 127.0.0.1:0 --topic one --group watched \
        --hold-back 200 --rate 1000 --events 600
    ADMIN=$(address simulator admin)
    within 20 held_times 1
    within 20 lag_is 200
    commit 50
    within 20 lag_is 150
    assert_equal "$(metric "$ADMIN" umpire_provider_held)" 1
    assert_equal "$(metric "$ADMIN" umpire_provider_produced_total)" 200
    commit 101
    within 20 held_times 2
    within 20 lag_is 200
    commit 301
    within 20 held_times 3
    commit 501
    finish simulator
    assert_equal "$status" 0
    held_times 3
    logged simulator '"acknowledged":600'
}
