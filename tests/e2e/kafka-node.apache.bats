load ../support/support
load ../support/kafka

teardown() {
    stop_all
}

@test "topics, offsets and records of Apache Kafka are read and written" {
    kafka_start apache
    topic=$(unique records) group=$(unique group)
    kafka_topics "$topic:2:cleanup.policy=compact"
    printf '{"partition":1,"key":"k","value":"%s"}\n' a b c | kafka_produce "$topic"
    [[ $(kafka_committed "$group" "$topic" 1) == - ]]
    "$KAFKA_ADMIN" "$BOOTSTRAP" commit "$group" "$topic" 1 2
    run "$KAFKA_ADMIN" "$BOOTSTRAP" offsets "$group" "$topic"
    assert_output "0 - 0 0 
1 2 0 3 "
    run jq -r .value <(kafka_consume "$topic" --count 3)
    assert_output $'a\nb\nc'
}

@test "an aborted transaction leaves a gap that a committed reader does not see" {
    kafka_start apache
    topic=$(unique gaps)
    kafka_topics "$topic:1"
    kafka_produce "$topic" <<<'{"value":"first"}'
    kafka_produce "$topic" --transaction "$topic" --abort <<<'{"value":"never"}'
    kafka_produce "$topic" <<<'{"value":"last"}'
    run jq -r '"\(.offset) \(.value)"' <(kafka_consume "$topic" -X isolation.level=read_committed)
    assert_output "0 first
3 last"
}

@test "two brokers run side by side, and one that was killed comes back with its data and port" {
    KAFKA=left kafka_start apache --user alice:secret
    left=$BOOTSTRAP left_file=$KAFKA_FILE left_command=("${KAFKA_COMMAND[@]}")
    kafka_topics kept:1
    kafka_produce kept <<<'{"value":"survives"}'
    KAFKA=right kafka_start apache --user alice:secret
    [[ $BOOTSTRAP != "$left" ]]
    run kafka_consume kept
    assert_failure

    KAFKA_FILE=$left_file KAFKA_COMMAND=("${left_command[@]}")
    KAFKA=left kafka_restart KILL
    [[ $BOOTSTRAP == "$left" ]]
    run jq -r .value <(kafka_consume kept)
    assert_output survives
}

@test "a jar with another sum is refused before anything of it runs" {
    libs=$BATS_TEST_TMPDIR/libs
    "$APACHE_KAFKA" fetch >&2
    cp -r "${APACHE_KAFKA_LIBS:-$ROOT/.cache/apache-kafka}" "$libs"
    echo >>"$libs/kafka-clients-4.1.1.jar"
    PATH=$BATS_TEST_TMPDIR/bin:/usr/bin:/bin
    mkdir "$BATS_TEST_TMPDIR/bin"
    cat >"$BATS_TEST_TMPDIR/bin/mvn" <<END
#!/bin/bash
for argument; do [[ \$argument != -DoutputDirectory=* ]] || cp "$libs"/* "\${argument#*=}"; done
END
    chmod +x "$BATS_TEST_TMPDIR/bin/mvn"
    run "$APACHE_KAFKA" run --libs "$libs" --data "$BATS_TEST_TMPDIR/data"
    assert_failure 69
    assert_output --partial "kafka-clients-4.1.1.jar: FAILED"
    assert_output --partial "not used"
    [[ ! -e $BATS_TEST_TMPDIR/data ]]
}
