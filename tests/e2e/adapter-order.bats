# The source adapter on the embedded broker: order, replies, and what it says of itself.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
}

teardown() {
    stop_all
}

@test "by partition one event is on its way at a time, in the order of the offsets" {
    kafka_start embedded --topic one:1
    sink '[{"header":{"ce-id":"3"},"times":2,"status":500},{"delay":0.01}]'
    events 1 30 | kafka_produce one
    TOPIC=one adapter adapter --ordering=partition
    within 30 shows umpire_events_delivered_total 30
    [[ $(got 'select(.status != 500) | .headers["ce-id"]' | tr '\n' ' ') == "$(seq -s ' ' 1 30) " ]]
    [[ $(got .here | sort -n | tail -n 1) == 1 ]]
}

@test "by key each key is in order, and keys do not wait for each other" {
    kafka_start embedded --topic one:1
    sink '[{"header":{"ce-id":"1"},"times":3,"status":500},{"delay":0.05}]'
    events 1 40 4 | kafka_produce one
    TOPIC=one adapter adapter --ordering=key
    within 30 shows umpire_events_delivered_total 40
    for key in 0 1 2 3; do
        got "select(.status != 500) | .headers[\"ce-id\"] | tonumber | select(. % 4 == $key)" >"$BATS_TEST_TMPDIR/order"
        sort -n "$BATS_TEST_TMPDIR/order" | diff - "$BATS_TEST_TMPDIR/order"
    done
    (($(got .here | sort -n | tail -n 1) > 1))
}

@test "replies go to the reply topic under their partition key; 202 and empty ones are none" {
    kafka_start embedded
    verdict='"headers":{"ce-specversion":"1.0","ce-id":"v-1","ce-source":"/sink","ce-type":"audit.fail","ce-partitionkey":"pk","content-type":"application/json"},"body":"{\"a\":1.10}"'
    sink "[{\"header\":{\"ce-id\":\"1\"},\"status\":200,$verdict},{\"header\":{\"ce-id\":\"2\"},\"status\":202,$verdict},{\"header\":{\"ce-id\":\"3\"},\"status\":200}]"
    events 1 4 | kafka_produce game-hits
    adapter adapter --reply-topic=audit-verdicts
    within 30 shows umpire_events_delivered_total 4
    shows umpire_replies_total 1
    run kafka_consume audit-verdicts
    [[ $(wc -l <<<"$output") == 1 && $(jq -r .key <<<"$output") == pk && $(jq -r .value <<<"$output") == '{"a":1.10}' ]]
    [[ $(got 'select(.headers.prefer == "reply") | .number' | wc -l) == 4 ]]
}

@test "the status topic tells how the adapter is" {
    kafka_start embedded
    sink
    events 1 3 | kafka_produce game-hits
    adapter adapter --status-topic=umpire-status --instance=a-1
    within 30 shows umpire_events_delivered_total 3
    told() { kafka_consume umpire-status | tail -n 1 | jq -e '.key == "a-1" and (.value | fromjson | .partitions == 3 and .last_status == 204 and .first_answer_ms != null and .lag == 0)'; }
    within 20 told
}

@test "a partition that stands still leaves the others their share of the memory" {
    kafka_start embedded --topic two:2
    sink '[{"header":{"ce-id":"1"},"status":403},{"delay":0.2}]'
    local value=$(head -c 10000 /dev/zero | tr '\0' x) i
    for ((i = 1; i <= 60; i++)); do # partition 0: all behind the one that stalls; partition 1: keys that do not wait for each other
        printf '{"partition":%d,"key":"p-%d","headers":[["ce_specversion","1.0"],["ce_id","%d"],["ce_source","/test"],["ce_type","t"]],"value":"%s"}\n' \
            $((i > 30)) $((i > 30 ? i : 0)) "$i" "$value"
    done | kafka_produce two
    TOPIC=two adapter adapter --ordering=key --max-in-flight-bytes=100000 --stall-probe=60s
    within 30 shows umpire_events_delivered_total 30
    (($(got 'select(.headers["ce-id"] | tonumber > 30) | .here' | sort -n | tail -n 1) > 2))
    (($(metric "$ADMIN" umpire_held_bytes) <= 120000))
}

@test "raw headers of a reply are read with --header-encoding=raw, and refused without" {
    kafka_start embedded
    sink '[{"status":200,"headers":{"ce-specversion":"1.0","ce-id":"100%","ce-source":"/s","ce-type":"t"},"body":"x"}]'
    events 1 1 | kafka_produce game-hits
    adapter raw --reply-topic=audit-verdicts --header-encoding=raw
    within 30 shows umpire_replies_total 1
    run kafka_consume audit-verdicts
    assert_output --partial '["ce_id","100%"]'
    GROUP=strict adapter strict --reply-topic=audit-verdicts --dead-letter-topic=game-hits-dlq
    within 30 shows umpire_dead_letters_total 1
}
