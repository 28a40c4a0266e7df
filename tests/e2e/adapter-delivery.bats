# The source adapter on the embedded broker: what reaches the sink, and what becomes of what does not.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
}

teardown() {
    stop_all
}

@test "every record of a topic reaches the sink as a CloudEvent, once" {
    kafka_start embedded
    sink
    events 1 100 | kafka_produce game-hits
    adapter adapter
    within 30 has_got 100
    [[ $(got '.headers["ce-id"]' | sort -n | uniq | wc -l) == 100 ]]
    run got 'select(.headers["ce-id"] == "7") | [.headers["ce-type"], .headers["ce-source"], .headers["content-type"], .body] | join(" ")'
    assert_output 'game.hits /test application/json {"n":7}'
    run got 'select(.headers["ce-id"] == "7") | .headers | has("ce-knativekafkapartition") and has("ce-knativekafkaoffset")'
    assert_output true
    stop adapter
    ((status == 0))
    [[ $(got .number | wc -l) == 100 ]]
}

@test "an ordinary record becomes an event as Knative's source makes it" {
    kafka_start embedded
    sink
    echo '{"partition":1,"key":"k-1","timestamp":1700000000123,"headers":[["Hello-Bla","Euro €"],["empty",null],["content-type","text/plain"]],"value":"plain"}' | kafka_produce game-hits
    NAMESPACE=ns NAME=src adapter adapter
    within 30 has_got 1
    run got '.headers | [.["ce-id"], .["ce-source"], .["ce-type"], .["ce-subject"], .["ce-time"], .["ce-key"], .["ce-partitionkey"], .["ce-kafkaheaderhellobla"], .["content-type"]] | join(" ")'
    assert_output 'partition:1/offset:0 /apis/v1/namespaces/ns/kafkasources/src#game-hits dev.knative.kafka.event partition:1#0 2023-11-14T22:13:20.123Z k-1 k-1 Euro%20%E2%82%AC text/plain'
}

@test "retryable answers are tried again until one is 2xx; the event is delivered once" {
    kafka_start embedded
    sink '[{"header":{"ce-id":"1"},"times":1,"status":503},{"header":{"ce-id":"2"},"times":1,"status":404},{"header":{"ce-id":"3"},"times":1,"kind":"reset"},{"header":{"ce-id":"4"},"times":1,"kind":"cut","status":200,"body":"half"}]'
    events 1 5 | kafka_produce game-hits
    adapter adapter
    within 30 shows umpire_events_delivered_total 5
    [[ $(got '.headers["ce-id"]' | sort | uniq -c | awk '{print $1}' | tr -d '\n') == 22221 ]]
    # A connection that dies without a byte of an answer is tried anew by the client itself where it was used before.
    shows umpire_retries_total 4 || shows umpire_retries_total 3
}

@test "an answer that takes longer than --timeout is no answer" {
    kafka_start embedded
    sink '[{"times":1,"kind":"hang"}]'
    events 1 1 | kafka_produce game-hits
    adapter adapter --timeout=300ms
    within 30 shows umpire_events_delivered_total 1
    shows 'umpire_deliveries_total{class="none"}' 1
}

@test "Retry-After is waited for" {
    kafka_start embedded
    sink '[{"times":1,"status":429,"headers":{"Retry-After":"1"}}]'
    events 1 1 | kafka_produce game-hits
    adapter adapter
    within 30 has_got 1
    sleep 0.5 # the pause itself is what is tested: nothing may come before its end
    [[ $(got .number | wc -l) == 1 ]]
    within 30 has_got 2
}

@test "a final failure is a dead letter: bytes as they were, and what happened to them" {
    kafka_start embedded
    sink '[{"header":{"ce-id":"2"},"status":400,"body":"no such player"}]'
    events 1 3 | kafka_produce game-hits
    adapter adapter --dead-letter-topic=game-hits-dlq
    within 30 shows umpire_dead_letters_total 1
    within 30 shows umpire_events_delivered_total 2
    [[ $(got 'select(.headers["ce-id"] == "2") | .number' | wc -l) == 1 ]]
    run kafka_consume game-hits-dlq --count 1
    header() { jq -r --arg name "$1" '.headers[] | select(.[0] == $name) | .[1]' <<<"$output"; }
    [[ $(jq -r .value <<<"$output") == '{"n":2}' && $(jq -r .key <<<"$output") == p-2 ]]
    [[ $(header ce_id) == 2 && $(header ce_knativeerrorcode) == 400 ]]
    [[ $(header ce_knativeerrordata | base64 -d) == 'no such player' ]]
    [[ $(header umpire_origin_topic) == game-hits && $(header umpire_attempts) == 1 && $(header umpire_group) == g ]]
}

@test "retries that are used up end in a dead letter too" {
    kafka_start embedded
    sink '[{"header":{"ce-id":"1"},"status":500}]'
    events 1 2 | kafka_produce game-hits
    adapter adapter --retry=3 --dead-letter-topic=game-hits-dlq
    within 30 shows umpire_dead_letters_total 1
    [[ $(got 'select(.headers["ce-id"] == "1") | .number' | wc -l) == 4 ]]
}

@test "without a dead-letter topic the record stalls, others go on, and the first 2xx ends it" {
    kafka_start embedded
    sink '[{"header":{"ce-id":"1"},"status":403}]'
    events 1 20 | kafka_produce game-hits
    adapter adapter --ordering=key --stall-probe=200ms
    within 30 shows umpire_events_delivered_total 16 # of the key of event 1 there are four
    shows umpire_stalled_partitions 1
    within 30 has_got 3 '.headers["ce-id"] == "1"'
    [[ $(curl -s -o /dev/null -w '%{http_code}' "http://$ADMIN/health/liveness") == 200 ]]
    logged adapter '"record stalled"'
    rules '[]'
    within 30 shows umpire_events_delivered_total 20
    shows umpire_stalled_partitions 0
    [[ $(got 'select(.headers["ce-id"] | tonumber | . % 5 == 1) | .headers["ce-id"]' | uniq | tr '\n' ' ') == '1 6 11 16 ' ]]
}

@test "a record that claims to be a CloudEvent and is not is not sent" {
    kafka_start embedded
    sink
    { echo '{"partition":0,"headers":[["ce_specversion","1.0"],["ce_id","bad"],["ce_source","/test"]],"value":"x"}'; events 1 1; } | kafka_produce game-hits
    adapter adapter --dead-letter-topic=game-hits-dlq
    within 30 shows umpire_dead_letters_total 1
    within 30 shows umpire_events_delivered_total 1
    [[ $(got .number | wc -l) == 1 ]]
    run kafka_consume game-hits-dlq --count 1
    assert_output --partial '["ce_knativeerrorcode","0"]'
    [[ $(jq -r '.headers[] | select(.[0] == "ce_knativeerrordata") | .[1]' <<<"$output" | base64 -d) == *type* ]]
}

@test "redirects are not followed, and are final" {
    kafka_start embedded
    sink '[{"times":1,"status":302,"headers":{"Location":"/elsewhere"}}]'
    events 1 1 | kafka_produce game-hits
    adapter adapter --dead-letter-topic=game-hits-dlq
    within 30 shows umpire_dead_letters_total 1
    [[ $(got .number | wc -l) == 1 ]]
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

@test "a reply that is no CloudEvent, or too large, is final: the function is not called again" {
    kafka_start embedded
    sink '[{"header":{"ce-id":"1"},"status":200,"headers":{"content-type":"text/plain"},"body":"hello"},{"header":{"ce-id":"2"},"status":200,"headers":{"ce-specversion":"1.0","ce-id":"v","ce-source":"/s","ce-type":"t"},"body":"0123456789","repeat":1000}]'
    events 1 3 | kafka_produce game-hits
    adapter adapter --reply-topic=audit-verdicts --reply-max=1KiB --dead-letter-topic=game-hits-dlq
    within 30 shows umpire_dead_letters_total 2
    within 30 shows umpire_events_delivered_total 1
    [[ $(got .number | wc -l) == 3 ]]
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
