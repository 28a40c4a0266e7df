# The source adapter's replays on real Apache Kafka: times, gaps that transactions leave, and groups that are moved.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    kafka_start apache
    TOPIC=$(unique hits)
    GROUP=$(unique group)
    kafka_topics "$TOPIC:2"
    sink
}

teardown() {
    stop_all
}

# at TIMESTAMP PARTITION NAME…: records of that time (ms) with these values.
at() {
    local timestamp=$1 partition=$2 name
    shift 2
    for name; do echo "{\"partition\":$partition,\"timestamp\":$timestamp,\"value\":\"$name\"}"; done
}

# replays NAMES OPTION…: a replay with these options ends with 0 and has sent these values, sorted.
replays() {
    local wanted=$1
    shift
    : >"$LEDGER"
    adapter replay --replay "$@"
    finish replay
    ((status == 0)) && [[ $(got .body | sort | xargs) == "$wanted" ]] || { got .body >&2; return 1; }
}

@test "--from and --until take times" {
    { at 1700000000000 0 a b && at 1700000060000 0 c d && at 1700000120000 0 e && at 1700000090000 1 f; } | kafka_produce "$TOPIC"
    replays 'c d e f' --from=2023-11-14T22:13:40Z
    replays 'a b' --until=2023-11-14T22:14:20.000Z
    replays 'c d f' --from=2023-11-14T22:14:20Z --until=2023-11-14T23:15:20+01:00
    replays e --from="$TOPIC:0:4" --until=2030-01-01T00:00:00Z
    replays '' --from=2030-01-01T00:00:00Z
}

@test "a partition is finished by its position: neither markers nor aborted records at its end are waited for" {
    at 1700000000000 0 a | kafka_produce "$TOPIC" --transaction "$TOPIC"
    at 1700000000000 0 x y z | kafka_produce "$TOPIC" --transaction "$TOPIC" --abort
    at 1700000000000 1 x | kafka_produce "$TOPIC" --transaction "$TOPIC" --abort
    replays a
    at 1700000000000 0 b | kafka_produce "$TOPIC"
    replays 'a b'
    replays b --from="$TOPIC:0:2"
    replays '' --from="$TOPIC:1:0"
}

@test "the end of a replay is the last stable offset: an open transaction is not waited for" {
    at 1700000000000 0 a b | kafka_produce "$TOPIC"
    mkfifo "$BATS_TEST_TMPDIR/open"
    "$KAFKA_RECORDS" produce "$BOOTSTRAP" "$TOPIC" --transaction "$TOPIC" <"$BATS_TEST_TMPDIR/open" 3>&- 4>&- &
    PIDS[open]=$!
    exec {OPEN}>"$BATS_TEST_TMPDIR/open"
    at 1700000000000 0 c >&"$OPEN"
    written() { [[ $(kafka_consume "$TOPIC" -X isolation.level=read_uncommitted | wc -l) == 3 ]]; }
    within 30 written
    replays 'a b'
    exec {OPEN}>&-
    finish open
    ((status == 0))
    replays 'a b c'
}

@test "offsets that are deleted are counted, and the replay begins behind them" {
    at 1700000000000 0 a b c d | kafka_produce "$TOPIC"
    "$KAFKA_ADMIN" "$BOOTSTRAP" delete-records "$TOPIC" 0 2
    sink '[{"delay":1}]'
    adapter replay --replay --from="$TOPIC:0:0"
    within 20 shows umpire_records_expired_total 2
    finish replay
    ((status == 0))
    [[ $(got .body | tr '\n' ' ') == 'c d ' ]]
}

@test "--replay --commit moves a group without members to the end of what was sent" {
    at 1700000000000 0 a b c | kafka_produce "$TOPIC"
    replays 'a b c'
    [[ $(kafka_committed "$GROUP" "$TOPIC" 0) == - ]]
    "$KAFKA_ADMIN" "$BOOTSTRAP" commit "$GROUP" "$TOPIC" 0 1 # as if it had been used before
    replays 'b c' --commit --from="$TOPIC:0:1,$TOPIC:1:0"
    [[ $(kafka_committed "$GROUP" "$TOPIC" 0) == 3 && $(kafka_committed "$GROUP" "$TOPIC" 1) == 0 ]]
    # Who joins the group goes on from there.
    at 1700000000000 0 d | kafka_produce "$TOPIC"
    : >"$LEDGER"
    adapter member
    within 40 has_got 1
    stop member
    [[ $(got .body) == d ]]
}

@test "--replay --commit is refused while the group has members, and touches nothing" {
    at 1700000000000 0 a b c | kafka_produce "$TOPIC"
    adapter member
    within 40 has_got 3
    : >"$LEDGER"
    start mover "$BUILD/source-adapter/source-adapter" --bootstrap-servers="$BOOTSTRAP" --topics="$TOPIC" --group="$GROUP" --sink="$SINK" --replay --commit
    finish mover
    ((status == 78))
    logged mover 'members'
    [[ ! -s $LEDGER ]]
    adapter reader --replay # without --commit a replay is nobody's business
    finish reader
    ((status == 0))
    [[ $(got .number | wc -l) == 3 ]]
    stop member
    ((status == 0))
}
