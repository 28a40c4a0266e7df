# The source adapter when Kafka or the group changes at a bad moment: it goes on, and it ends when it is told to.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
}

teardown() {
    stop_all
}

kafka() {
    kafka_start apache
    TOPIC=$(unique hits)
    GROUP=$(unique group)
    kafka_topics "$TOPIC:3"
}

@test "Kafka away for longer than the session, with all that may be uncommitted: everything arrives when it is back" {
    UMPIRE_TEST_KAFKA= # one of its own, to be killed
    kafka
    sink '[{"delay":0.005}]'
    events 1 1500 50 | kafka_produce "$TOPIC"
    adapter adapter --ordering=key --max-in-flight=16 --kafka-set=session.timeout.ms=6000
    within 40 has_got 200
    kafka_stop KILL
    within 60 logged adapter '"message":"partitions lost"'
    kafka_restart
    all_are_there() { [[ $(got '.headers["ce-id"]' | sort -u | wc -l) == 1500 ]]; }
    within 90 all_are_there
    stop adapter
    ((status == 0))
}

@test "SIGTERM while partitions are given back: it waits for the answers, leaves the group and ends with 0" {
    kafka
    sink '[{"delay":4}]'
    events 1 3 3 | kafka_produce "$TOPIC"
    adapter first --ordering=key
    within 40 has_got 1
    adapter second --ordering=key
    within 40 logged first '"message":"partitions revoked"'
    stop first
    ((status == 0))
    logged first '"unanswered":0'
}

@test "frozen while partitions are given back, and expelled for it: it joins again and works" {
    kafka
    sink '[{"delay":3}]'
    events 1 3 3 | kafka_produce "$TOPIC"
    adapter first --ordering=key --kafka-set=session.timeout.ms=6000
    within 40 has_got 1
    adapter second --ordering=key --kafka-set=session.timeout.ms=6000
    within 40 logged first '"message":"partitions revoked"'
    kill -STOP "${PIDS[first]}"
    within 60 logged second '"message":"partition assigned"'
    kill -CONT "${PIDS[first]}"
    joined_again() { (($(grep -c '"message":"partition assigned"' "$BATS_TEST_TMPDIR/first.log") > 3)); }
    within 40 joined_again
    (($(grep -c '"message":"commit failed"' "$BATS_TEST_TMPDIR/first.log") <= 3))
    rules '[]'
    events 4 33 30 | kafka_produce "$TOPIC"
    all_are_there() { [[ $(got '.headers["ce-id"]' | sort -u | wc -l) == 33 ]]; }
    within 60 all_are_there
    stop first
    ((status == 0))
}

@test "a reply that is too large for its topic becomes a dead letter alone: those that travelled with it arrive" {
    kafka
    kafka_topics "$TOPIC.small:1:max.message.bytes=2000" "$TOPIC.dlq:1"
    local headers='"ce-specversion":"1.0","ce-id":"v-%ID%","ce-source":"/sink","ce-type":"audit.fail","ce-causationid":"%ID%"'
    sink "[{\"header\":{\"ce-id\":\"3\"},\"status\":200,\"headers\":{$headers},\"body\":\"$(printf 'x%.0s' {1..5000})\"},{\"status\":200,\"headers\":{$headers},\"body\":\"{}\"}]"
    events 1 30 | kafka_produce "$TOPIC"
    adapter adapter --ordering=none --reply-topic="$TOPIC.small" --dead-letter-topic="$TOPIC.dlq" --kafka-set=compression.codec=none --kafka-set=linger.ms=300
    within 40 shows umpire_dead_letters_total 1
    within 40 shows umpire_replies_total 29
    stop adapter
    ((status == 0))
    [[ $(got .number | wc -l) == 30 ]] # nobody was asked twice
    [[ $(kafka_consume "$TOPIC.dlq" | jq -r '.headers[] | select(.[0] == "ce_id") | .[1]') == 3 ]]
}
