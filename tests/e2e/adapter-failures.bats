# The source adapter on the embedded broker: what becomes of what the sink does not take.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
}

teardown() {
    stop_all
}

@test "a final failure is a dead letter: bytes as they were, and what happened to them" {
    kafka_start embedded
    sink '[{"header":{"ce-id":"2"},"status":400,"body":"no such player"}]'
    events 1 3 | jq -c '.timestamp = 1600000000123' | kafka_produce game-hits
    adapter adapter --dead-letter-topic=game-hits-dlq
    within 30 shows umpire_dead_letters_total 1
    within 30 shows umpire_events_delivered_total 2
    [[ $(got 'select(.headers["ce-id"] == "2") | .number' | wc -l) == 1 ]]
    run kafka_consume game-hits-dlq --count 1
    header() { jq -r --arg name "$1" '.headers[] | select(.[0] == $name) | .[1]' <<<"$output"; }
    [[ $(jq -r .value <<<"$output") == '{"n":2}' && $(jq -r .key <<<"$output") == p-2 ]]
    [[ $(jq .timestamp <<<"$output") == 1600000000123 && $(header umpire_origin_timestamp) == 1600000000123 ]]
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
    stalls 1
    curl -fsS "http://$ADMIN/metrics" | grep -E '^umpire_stalled_partitions\{topic="game-hits",partition="[0-9]",offset="0",key="p-1",status="403",since="20[0-9-]+T[0-9:.]+Z"\} 1$'
    within 30 has_got 3 '.headers["ce-id"] == "1"'
    [[ $(curl -s -o /dev/null -w '%{http_code}' "http://$ADMIN/health/liveness") == 200 ]]
    line() { jq -cR --arg message "$1" 'fromjson? | select(.message == $message) | [.topic, .key, .status, .since]' "$BATS_TEST_TMPDIR/adapter.log" | tail -n 1; }
    [[ $(line 'record stalled') =~ ^\[\"game-hits\",\"p-1\",403,\"20[0-9-]+T[0-9:.]+Z\"\]$ ]]
    logged adapter '"offset":0,"key":"p-1"'
    [[ $(line 'record still stalled') == "$(line 'record stalled')" ]] # since the same time
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

@test "a reply that is no CloudEvent, or too large, is final: the function is not called again" {
    kafka_start embedded
    sink '[{"header":{"ce-id":"1"},"status":200,"headers":{"content-type":"text/plain"},"body":"hello"},{"header":{"ce-id":"2"},"status":200,"headers":{"ce-specversion":"1.0","ce-id":"v","ce-source":"/s","ce-type":"t"},"body":"0123456789","repeat":1000}]'
    events 1 3 | kafka_produce game-hits
    adapter adapter --reply-topic=audit-verdicts --reply-max=1KiB --dead-letter-topic=game-hits-dlq
    within 30 shows umpire_dead_letters_total 2
    within 30 shows umpire_events_delivered_total 1
    [[ $(got .number | wc -l) == 3 ]]
}
