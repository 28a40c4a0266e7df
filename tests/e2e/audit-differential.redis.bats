# The verdicts of two replicas on one Redis against an independent model: 200,000 events with duplicates and out of order.

setup() {
    load ../support/support
    load ../support/audit
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

@test "two replicas give the model's verdicts, though one is killed half-way" {
    redis_start
    replica first
    replica second
    start run python3 "$DIFFERENTIAL" run 200000 10 "$BATS_TEST_TMPDIR/half" "$FIRST" "$SECOND"
    within 120 test -e "$BATS_TEST_TMPDIR/half"
    kill -KILL "${PIDS[second]}"
    finish run
    cat "$BATS_TEST_TMPDIR/run.out" "$BATS_TEST_TMPDIR/run.log"
    assert_equal "$status" 0
    assert_equal "$(jq -c '[.missing, .wrong, .sent > 210000, .verdicts > 1000, .retries > 0]' "$BATS_TEST_TMPDIR/run.out")" '[0,0,true,true,true]'
    echo "# $(<"$BATS_TEST_TMPDIR/run.out")" >&3
}

@test "beyond the lateness verdicts are missed and counted as late, and none is wrong" {
    redis_start
    replica first
    run python3 "$DIFFERENTIAL" run 20000 90 "$BATS_TEST_TMPDIR/half" "$FIRST"
    assert_success
    assert_equal "$(jq -c '[.missing > 0, .wrong]' <<<"$output")" '[true,0]'
    run metric "$ADMIN" 'umpire_events_total{result="late"}'
    assert [ "$output" -gt 0 ]
}
