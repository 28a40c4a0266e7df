# The verdicts of two replicas on one Redis against two independent models, over one topic: 200,000 events with duplicates and out of order.

setup() {
    load ../support/support
    load ../support/audit
    load ../support/kafka
    load ../support/redis
    DIFFERENTIAL=$BATS_TEST_DIRNAME/../support/differential.py
    python3 "$DIFFERENTIAL" rules >"$BATS_TEST_TMPDIR/rules.yaml"
}

teardown() {
    stop_all
}

# replica NAME: starts one and waits until it is ready; leaves its address in the variable NAME in capitals, and $ADMIN.
replica() {
    start "$1" "$AUDIT_FN" --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --rules "$BATS_TEST_TMPDIR/rules.yaml" --store "redis://$REDIS" --revision r
    printf -v "${1^^}" %s "$(address "$1")"
    ADMIN=$(address "$1" admin)
    within 20 curl -fs --max-time 5 -o "$BATS_TEST_TMPDIR/ready" "http://$ADMIN/health/readiness"
}

@test "two replicas give the verdicts of a model in Python and of Kafka Streams, though one is killed half-way" {
    kafka_start apache
    redis_start
    TOPIC=$(unique differential)
    kafka_topics "$TOPIC:3"
    python3 "$DIFFERENTIAL" records 200000 10 | kafka_produce "$TOPIC"
    kafka_consume "$TOPIC" >"$BATS_TEST_TMPDIR/records"
    sent=$(wc -l <"$BATS_TEST_TMPDIR/records")
    mapfile -t rules < <(python3 "$DIFFERENTIAL" oracle)
    start streams "$BATS_TEST_DIRNAME/../support/streams/oracle" "$BOOTSTRAP" "$TOPIC" "$sent" "$BATS_TEST_TMPDIR/streams" "${rules[@]}"
    replica first
    replica second
    start run python3 "$DIFFERENTIAL" run 200000 10 "$BATS_TEST_TMPDIR/records" "$BATS_TEST_TMPDIR" "$FIRST" "$SECOND"
    within 120 test -e "$BATS_TEST_TMPDIR/half"
    kill -KILL "${PIDS[second]}"
    finish run
    cat "$BATS_TEST_TMPDIR/run.out" "$BATS_TEST_TMPDIR/run.log"
    assert_equal "$status" 0
    assert_equal "$(jq -c '[.missing, .wrong, .sent > 210000, .verdicts > 1000, .retries > 0]' "$BATS_TEST_TMPDIR/run.out")" '[0,0,true,true,true]'
    finish streams
    assert_equal "$status" 0
    run diff "$BATS_TEST_TMPDIR/streams.out" "$BATS_TEST_TMPDIR/named"
    assert_success
    echo "# $(<"$BATS_TEST_TMPDIR/run.out"); Kafka Streams: $(wc -l <"$BATS_TEST_TMPDIR/streams.out") verdicts, the same" >&3
}

@test "beyond the lateness verdicts are missed and counted as late, and none is wrong" {
    redis_start
    python3 "$DIFFERENTIAL" records 20000 90 >"$BATS_TEST_TMPDIR/records"
    replica first
    run python3 "$DIFFERENTIAL" run 20000 90 "$BATS_TEST_TMPDIR/records" "$BATS_TEST_TMPDIR" "$FIRST"
    assert_success
    assert_equal "$(jq -c '[.missing > 0, .wrong]' <<<"$output")" '[true,0]'
    run metric "$ADMIN" 'umpire_events_total{result="late"}'
    assert [ "$output" -gt 0 ]
}
