# The demo when its broker dies, on a terminal, and when something is missing at its end.
load ../support/support
load ../support/demo

setup() {
    unset KAFKA PORT LAN DURATION RATE SEED
}

teardown() {
    stop_demos
}

@test "when the embedded broker dies, everything begins anew" {
    demo it RATE=50
    within 60 at_least it .totals.hits 10
    kill -KILL "$(part "${PIDS[it]}" embedded-kafka)"
    within 20 said it 'what it held is lost: everything begins anew'
    within 60 said it 'event-provider runs again'
    within 60 at_least it .totals.hits 10
    stop it INT
    assert_equal "$status" 0
}

@test "on a terminal there is one screen, drawn in place" {
    start it env PORT=0 TERM=xterm script -qfec "$BUILD/deploy/laptop/demo" "$BATS_TEST_TMPDIR/it.screen"
    within 60 grep -q 'hits (' "$BATS_TEST_TMPDIR/it.screen"
    within 20 grep -q $'\033\[[0-9]*A' "$BATS_TEST_TMPDIR/it.screen"
    run cat "$BATS_TEST_TMPDIR/it.screen"
    assert_output --partial 'Ctrl-C stops everything'
    assert_output --regexp 'audit-fn +(running|starting|asleep)'
    stop it TERM
}

# One verdict is about another event than it should be: the counts are right, a fair hit has none, another one has two.
@test "one dropped fair hit and one duplicate make the run fail, and it says which" {
    local tree=$BATS_TEST_TMPDIR/tree
    mkdir -p "$tree/deploy/laptop" "$tree/audit-fn"
    cp "$BUILD/deploy/laptop/demo" "$BUILD/deploy/laptop/embedded-kafka" "$tree/deploy/laptop/"
    ln -s "$BUILD/provider" "$BUILD/source-adapter" "$tree/"
    ln -s "$BATS_TEST_DIRNAME/../support/wrong-audit-fn" "$tree/audit-fn/audit-fn"
    start it env PORT=0 DURATION=3 RATE=50 SEED=7 DEMO_WAIT=2s "$tree/deploy/laptop/demo"
    finish it
    cat "$BATS_TEST_TMPDIR/it.out"
    assert_equal "$status" 1
}
