# The source adapter's batches on real Apache Kafka: what is lost, doubled or disordered when it dies.

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

@test "SIGKILL with batches on the way loses nothing, keeps each key's order, and doubles at most 2 x --max-in-flight" {
    local options=(--content-mode=batch --ordering=key --max-in-flight=64 --batch-max-events=16 --kafka-set=session.timeout.ms=6000)
    ids() { got '.body | fromjson | .[].id'; }
    sink '[{"times":20,"status":204},{"kind":"hang"}]' # so that the run is not over
    events 1 1500 50 | kafka_produce "$TOPIC"
    adapter first "${options[@]}"
    within 60 has_got 22
    stop first KILL
    rules '[]'
    adapter second "${options[@]}"
    all_are_there() { [[ $(ids | sort -u | wc -l) == 1500 ]]; }
    within 90 all_are_there
    (($(ids | wc -l) - 1500 <= 2 * 64))
    stop second
    ((status == 0))
    for key in 0 7 49; do
        ids | awk -v key=$key '$1 % 50 == key && !seen[$1]++' >"$BATS_TEST_TMPDIR/order"
        sort -n "$BATS_TEST_TMPDIR/order" | diff - "$BATS_TEST_TMPDIR/order"
    done
}
