# The function stops in the middle of a burst, on the embedded broker, which forgets when it is full; and how soon there is a verdict at all.
load ../support/support
load ../support/demo
load ../support/path

setup() {
    unset KAFKA PORT LAN DURATION RATE SEED
}

teardown() {
    continue_function
    stop_demos
}

held_back() {
    [[ $(state "$1" .simulation.held 2>/dev/null) == true ]]
}

@test "audit-fn stopped for 30 s under a burst: the simulator is held back, which the board says, and nothing is lost" {
    demo it DURATION=15 RATE=1500 SEED=7
    stop_function it
    within 60 held_back it
    state it .simulation.why | grep -q .
    behind it 1000
    within 60 stopped_long_enough
    held_back it
    # The backlog of a partition stays where holding back begins, far below what the broker keeps.
    [[ $(state it '[.partitions[].lag] | max <= 3600') == true ]]
    continue_function
    all_audited it
}

@test "the first verdict is on the board within 8 s of starting the demo" {
    local begun=${EPOCHREALTIME/./} ended
    demo it
    within 60 at_least it .totals.verdicts 1
    ended=${EPOCHREALTIME/./}
    echo "# first verdict after $(((ended - begun) / 1000)) ms" >&3
    ((ended - begun <= 8000000))
}
