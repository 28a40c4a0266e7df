# The function stops in the middle of a burst, on Apache Kafka, which keeps it all.
load ../support/support
load ../support/demo
load ../support/path

setup() {
    unset PORT LAN DURATION RATE SEED
    command -v java >/dev/null || skip "no Java for Apache Kafka"
}

teardown() {
    continue_function
    stop_demos
}

@test "audit-fn stopped for 30 s under a burst: the hits wait in Apache Kafka, and nothing is lost" {
    demo it KAFKA=apache DURATION=35 RATE=500 SEED=7
    stop_function it
    within 60 stopped_long_enough
    behind it 5000
    [[ $(state it .simulation.held) == false ]]
    continue_function
    all_audited it
}
