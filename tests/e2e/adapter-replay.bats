# The source adapter's replays on the embedded broker: what is sent again, when it ends, what is refused.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    given=(--bootstrap-servers=127.0.0.1:1 --topics=t --group=g --sink=http://127.0.0.1:1)
}

teardown() {
    stop_all
}

# refused TEXT OPTION…: with status 78, and a message that has TEXT.
refused() {
    local text=$1
    shift
    run "$BUILD/source-adapter/source-adapter" "${given[@]}" "$@" --check-config
    ((status == 78)) || { echo "status $status: $output"; return 1; }
    assert_output --partial "$text"
}

# committed_nothing TOPIC: in group g, in any partition.
committed_nothing() {
    [[ $(kafka_committed g "$1" 0)$(kafka_committed g "$1" 1)$(kafka_committed g "$1" 2) == --- ]]
}

@test "a replay sends everything from the beginning, ends with 0, and leaves the group where it was" {
    kafka_start embedded
    sink
    events 1 50 | kafka_produce game-hits
    adapter replay --replay
    finish replay
    ((status == 0))
    [[ $(got '.headers["ce-id"]' | sort -n | uniq | wc -l) == 50 && $(got .number | wc -l) == 50 ]]
    committed_nothing game-hits
    adapter again --replay # the same again
    finish again
    ((status == 0))
    [[ $(got .number | wc -l) == 100 ]]
}

@test "what is written while it runs is not part of a replay" {
    kafka_start embedded
    sink '[{"delay":0.05}]'
    events 1 20 | kafka_produce game-hits
    adapter replay --replay --max-in-flight=1
    within 20 has_got 2
    events 21 40 | kafka_produce game-hits
    finish replay
    ((status == 0))
    [[ $(got '.headers["ce-id"]' | sort -n | tail -n 1) == 20 && $(got .number | wc -l) == 20 ]]
}

@test "a replay from offsets sends those partitions from there, and nothing of others" {
    kafka_start embedded --topic other:2
    sink
    for i in 0 1 2 3 4; do echo "{\"partition\":0,\"value\":\"a$i\"}" && echo "{\"partition\":1,\"value\":\"b$i\"}"; done | kafka_produce game-hits
    for i in 0 1 2; do echo "{\"partition\":1,\"value\":\"c$i\"}"; done | kafka_produce other
    TOPIC=game-hits,other adapter replay --replay --from=game-hits:1:3,other:1:1
    finish replay
    ((status == 0))
    [[ $(got .body | sort | tr '\n' ' ') == 'b3 b4 c1 c2 ' ]]
}

@test "an empty topic is replayed at once" {
    kafka_start embedded
    sink
    adapter replay --replay
    finish replay
    ((status == 0))
    [[ ! -s $LEDGER ]]
}

@test "a replay waits for what is tried again" {
    kafka_start embedded
    sink '[{"header":{"ce-id":"3"},"times":3,"status":503}]'
    events 1 5 | kafka_produce game-hits
    adapter replay --replay
    finish replay
    ((status == 0))
    [[ $(got 'select(.status != 503) | .headers["ce-id"]' | sort -n | tr '\n' ' ') == '1 2 3 4 5 ' ]]
}

@test "--rate sends so many a second" {
    kafka_start embedded
    sink
    events 1 60 | kafka_produce game-hits
    adapter replay --replay --rate=40 --ordering=none
    finish replay
    ((status == 0))
    [[ $(got .number | wc -l) == 60 ]]
    # 60 at 40 a second are 1.475 s from the first to the last, 10 ms of which may be made up for.
    took=$(jq -rR 'fromjson? | select(.message == "ready" or .message == "replay finished") | .time | (.[:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber)' \
        "$BATS_TEST_TMPDIR/replay.log" | awk 'NR == 1 {ready = $1} END {print $1 - ready}')
    ((took >= 1460))
}

@test "a broker that cannot look up times is said so, with 69, instead of being believed" {
    kafka_start embedded
    sink
    events 1 5 | kafka_produce game-hits
    for options in '--replay --from=2020-01-01T00:00:00Z' '--replay --until=2020-01-01T00:00:00Z' --from=2020-01-01T00:00:00Z; do
        # shellcheck disable=SC2086
        start timed "$BUILD/source-adapter/source-adapter" --bootstrap-servers="$BOOTSTRAP" --topics=game-hits --group=g --sink="$SINK" $options
        finish timed
        ((status == 69))
        logged timed 'cannot look up times'
    done
    [[ ! -s $LEDGER ]]
}

@test "an offset or a partition that does not exist is refused" {
    kafka_start embedded
    sink
    events 1 5 | kafka_produce game-hits
    for from in game-hits:0:99999 game-hits:17:0; do
        start wrong "$BUILD/source-adapter/source-adapter" --bootstrap-servers="$BOOTSTRAP" --topics=game-hits --sink="$SINK" --replay --from="$from"
        finish wrong
        ((status == 78))
    done
    logged wrong 'no partition 17'
}

@test "a replay needs no group, unless it commits" {
    kafka_start embedded
    sink
    events 1 5 | kafka_produce game-hits
    start replay "$BUILD/source-adapter/source-adapter" --bootstrap-servers="$BOOTSTRAP" --topics=game-hits --sink="$SINK" --replay
    finish replay
    ((status == 0))
    [[ $(got .number | wc -l) == 5 ]]
    given=(--bootstrap-servers=127.0.0.1:1 --topics=t --sink=http://127.0.0.1:1)
    refused --group --replay --commit
}

@test "what means nothing, or cannot be, is refused" {
    refused --until --until=2026-01-01T00:00:00Z
    refused --commit --commit
    refused --from --replay --from=latest
    refused --from --replay --from=2026-13-01T00:00:00Z
    refused --from --replay --from=t:0
    refused 'not among the topics' --replay --from=u:0:1
    refused --from --replay --from=t:0:1,
    refused --until --replay --until=soon
}
