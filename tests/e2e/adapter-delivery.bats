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
