load ../support/support
load ../support/kafka

teardown() {
    stop_all
}

@test "the embedded broker has the topics of the interface, with their partitions" {
    kafka_start embedded --topic more:2
    run "$KAFKA_ADMIN" "$BOOTSTRAP" list
    assert_success
    assert_output "game-hits 3
audit-verdicts 3
flagged-players 3
game-hits-dlq 1
umpire-status 1
more 2"
}

@test "a record with a null value, null and binary headers comes back as it was" {
    kafka_start embedded
    record='"key":"k","value":null,"headers":[["n",null],["empty",""],["bytes",{"base64":"AP8="}],["text","Euro €"]]}'
    kafka_produce game-hits-dlq <<<"{$record"
    run kafka_consume game-hits-dlq
    assert_success
    assert_output --partial "$record"
}

@test "a produce to an unknown topic is an error, the first one as well as later ones" {
    kafka_start embedded
    for try in 1 2; do
        run timeout 20 "$KAFKA_RECORDS" produce "$BOOTSTRAP" no-such-topic -X topic.metadata.propagation.max.ms=500 <<<'{"value":"lost"}'
        assert_failure 69
        assert_output --partial "Unknown"
    done
    kafka_produce game-hits <<<'{"value":"still works"}'
}

@test "the embedded broker removes its address file at SIGTERM and exits with 0" {
    kafka_start embedded
    kafka_stop
    [[ $status == 0 && ! -e $KAFKA_FILE ]]
}

@test "the embedded broker ends with its parent when asked to" {
    export EMBEDDED=$BUILD/deploy/laptop/embedded-kafka FILE=$BATS_TEST_TMPDIR/address
    start parent bash -c '"$EMBEDDED" --with-parent --address-file "$FILE" & echo $!; wait'
    within 10 test -f "$FILE"
    child=$(<"$BATS_TEST_TMPDIR/parent.out")
    child=${child%%$'\n'*}
    kill -0 "$child"
    stop parent KILL
    within 10 gone "$child"
}

gone() {
    [[ ! -e /proc/$1 || $(awk '{print $3}' "/proc/$1/stat") == Z ]]
}

@test "wrong usage of the embedded broker is said, with status 64" {
    run "$BUILD/deploy/laptop/embedded-kafka" --topic nocount
    assert_failure 64
    assert_output --partial "expected NAME:PARTITIONS"
    run "$BUILD/deploy/laptop/embedded-kafka" --address-file
    assert_failure 64
    run "$BUILD/deploy/laptop/embedded-kafka" more
    assert_failure 64
}
