# The source adapter on real Apache Kafka: what is lost, doubled or disordered when it ends, dies or shares. Judged from outside: by what was
# produced, what the sink got, and what is committed.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    kafka_start apache
    TOPIC=$(unique hits)
    GROUP=$(unique group)
    kafka_topics "$TOPIC:3"
}

teardown() {
    stop_all
}

# committed_to_the_end: every partition's committed offset is its end, for `within`.
committed_to_the_end() {
    local partition end
    for partition in 0 1 2; do
        end=$(kafka_consume "$TOPIC" | jq -r "select(.partition == $partition) | .offset + 1" | sort -n | tail -n 1)
        [[ $(kafka_committed "$GROUP" "$TOPIC" "$partition") == "${end:-0}" ]] || return 1
    done
}

@test "SIGTERM waits for what is on its way, commits, and leaves no duplicates" {
    sink '[{"delay":0.3}]'
    events 1 60 | kafka_produce "$TOPIC"
    adapter first --ordering=key
    within 30 has_got 8
    stop first
    ((status == 0))
    logged first '"unanswered":0'
    adapter second --ordering=key
    within 60 has_got 60
    stop second
    [[ $(got '.headers["ce-id"]' | sort -n | uniq | wc -l) == 60 && $(got .number | wc -l) == 60 ]]
    committed_to_the_end
}

@test "SIGKILL in mid-run loses nothing, and doubles at most 2 x --max-in-flight" {
    # The last of them wait for an answer that does not come, so that it is mid-run however late the signal is.
    sink '[{"delay":0.005,"times":1400},{"kind":"hang"}]'
    events 1 1500 50 | kafka_produce "$TOPIC"
    adapter first --ordering=key --max-in-flight=32 --kafka-set=session.timeout.ms=6000
    within 30 has_got 300
    stop first KILL
    (($(got .number | wc -l) < 1500))
    rules '[{"delay":0.005}]'
    adapter second --ordering=key --max-in-flight=32 --kafka-set=session.timeout.ms=6000
    all_are_there() { [[ $(got '.headers["ce-id"]' | sort -u | wc -l) == 1500 ]]; }
    within 60 all_are_there
    (($(got .number | wc -l) - 1500 <= 2 * 32))
    within 20 committed_to_the_end
    # First deliveries of each key are in order.
    for key in 0 7 49; do
        got '.headers["ce-id"] | tonumber' | awk -v key=$key '$1 % 50 == key && !seen[$1]++' >"$BATS_TEST_TMPDIR/order"
        sort -n "$BATS_TEST_TMPDIR/order" | diff - "$BATS_TEST_TMPDIR/order"
    done
}

@test "a second adapter takes its share without anything twice, and gives it back" {
    sink '[{"delay":0.01}]'
    events 1 400 40 | kafka_produce "$TOPIC"
    adapter first --ordering=key
    within 30 has_got 50
    adapter second --ordering=key
    shares() { shows umpire_assigned_partitions 1 || shows umpire_assigned_partitions 2; }
    within 40 shares
    stop second
    ((status == 0))
    events 401 500 40 | kafka_produce "$TOPIC"
    all_are_there() { [[ $(got '.headers["ce-id"]' | sort -u | wc -l) == 500 ]]; }
    within 60 all_are_there
    [[ $(got .number | wc -l) == 500 ]]
}

@test "a group without an offset begins where --from says, and commits that before the first event" {
    sink '[{"status":503}]'
    events 1 10 | kafka_produce "$TOPIC"
    start adapter "$BUILD/source-adapter/source-adapter" --bootstrap-servers="$BOOTSTRAP" --topics="$TOPIC" --group="$GROUP" --sink="$SINK" --admin-listen=127.0.0.1:0
    ADMIN=$(address adapter admin)
    within 30 shows umpire_assigned_partitions 3
    stop adapter KILL
    events 11 20 | kafka_produce "$TOPIC"
    rules '[]'
    adapter second --kafka-set=session.timeout.ms=6000 # --from=earliest: the committed position counts
    within 60 has_got 10
    [[ $(got '.headers["ce-id"] | tonumber | select(. <= 10)' | wc -l) == 0 ]]
}
