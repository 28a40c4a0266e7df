# The demo while it runs: beside another, asleep and awake, with a part that dies.
load ../support/support
load ../support/demo

setup() {
    unset KAFKA PORT LAN DURATION RATE SEED
}

teardown() {
    stop_demos
}

@test "two demos run beside each other" {
    demo one DURATION=3 RATE=50 SEED=1
    demo two DURATION=3 RATE=50 SEED=2
    [[ $(board one) != "$(board two)" ]]
    finish one
    assert_equal "$status" 0
    finish two
    assert_equal "$status" 0
}

@test "the function sleeps while nothing comes, wakes with the next hit, and nothing is lost" {
    demo it DURATION=5 RATE=3 SEED=3 DEMO_IDLE_EXIT=50ms
    local logs
    logs=$(folder it)
    finish it
    assert_equal "$status" 0
    (($(grep -c '"message":"ready"' "$logs/audit-fn.log") >= 2))
}

@test "a part that dies is started again, which is said, and nothing is lost" {
    demo it DURATION=6 RATE=100 SEED=5
    within 60 at_least it .totals.verdicts 50
    kill -KILL "$(part "${PIDS[it]}" source-adapter)"
    within 20 said it 'source-adapter was killed by signal 9 (Killed): starting it again'
    kill -KILL "$(part "${PIDS[it]}" audit-fn)"
    within 20 said it 'audit-fn was killed by signal 9 (Killed)'
    finish it
    assert_equal "$status" 0
}

@test "a provider that dies goes on with its run: no event is missing, none is sent twice, and the board shows one run" {
    demo it DURATION=6 RATE=100 SEED=5
    within 60 at_least it .totals.verdicts 50
    local run logs
    run=$(state it .run) logs=$(folder it)
    kill -KILL "$(part "${PIDS[it]}" event-provider | head -n 1)" # the other one compares the sets
    within 20 said it 'event-provider was killed by signal 9 (Killed): starting it again'
    within 60 said it 'event-provider runs again'
    assert_equal "$(state it .run)" "$run"
    within 60 at_least it .totals.hits 50
    finish it
    cat "$BATS_TEST_TMPDIR/it.out"
    assert_equal "$status" 0
    # What came before was counted as stored, and the rest was sent.
    run jq -s '[.[] | select(.message == "simulation finished") | .events + .stored] | .[0] >= 590 and .[0] <= 610' "$logs/event-provider.log"
    assert_output true
}
