# The source adapter on the embedded broker: what becomes of the sink's answers, and what a stall does to readiness.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    kafka_start embedded --topic one:1 --topic two:2
    TOPIC=one
}

teardown() {
    stop_all
}

# reply ID [ATTRIBUTE VALUE]: a rule that answers the event of that id with an event of its own.
reply() {
    jq -nc --arg id "$1" --arg name "${2:-}" --arg value "${3:-}" \
        '{header: {"ce-id": $id}, status: 200, body: "x", headers: ({"ce-specversion": "1.0", "ce-id": ("r-" + $id), "ce-source": "/sink", "ce-type": "t"} + if $name != "" then {("ce-" + $name): $value} else {} end)}'
}

@test "without --reply-topic any webhook is a good sink: bodies are ignored, however large, and no reply is asked for" {
    sink '[{"header":{"ce-id":"1"},"status":200,"headers":{"Content-Type":"text/html"},"body":"0123456789","repeat":1000000},{"status":201,"body":"{}"}]'
    events 1 3 | kafka_produce one
    adapter adapter
    within 30 shows umpire_events_delivered_total 3
    [[ $(got '.headers | has("prefer")' | sort -u) == false ]]
}

@test "a reply's key is its partitionkey, else its subject, else the record's key" {
    sink "[$(reply 1 partitionkey pk),$(reply 2 subject sub),$(reply 3)]"
    events 1 3 | kafka_produce one
    adapter adapter --reply-topic=audit-verdicts
    within 30 shows umpire_replies_total 3
    run kafka_consume audit-verdicts --count 3
    [[ $(jq -r .key <<<"$output" | sort | tr '\n' ' ') == 'p-3 pk sub ' ]]
}

@test "a structured reply is stored in binary mode" {
    sink '[{"status":200,"headers":{"Content-Type":"application/cloudevents+json"},"body":"{\"specversion\":\"1.0\",\"id\":\"s\",\"source\":\"/sink\",\"type\":\"t\",\"datacontenttype\":\"application/json\",\"data\":{\"a\":1.10}}"}]'
    events 1 1 | kafka_produce one
    adapter adapter --reply-topic=audit-verdicts
    within 30 shows umpire_replies_total 1
    run kafka_consume audit-verdicts --count 1
    [[ $(jq -r .value <<<"$output") == '{"a":1.10}' ]]
    assert_output --partial '["ce_id","s"]'
}

@test "without a dead letter an invalid reply stalls; the next valid one ends that" {
    sink '[{"status":200,"headers":{"Content-Type":"text/plain"},"body":"hello"}]'
    events 1 1 | kafka_produce one
    adapter adapter --reply-topic=audit-verdicts --stall-probe=60s
    within 30 stalls 1
    [[ $(got .number | wc -l) == 1 ]] # the function has run: not called again but by a probe
    stop adapter
    rules "[$(reply 1)]"
    GROUP=other adapter second --reply-topic=audit-verdicts
    within 30 shows umpire_replies_total 1
}

@test "readiness fails only when every assigned partition is stalled; liveness never does" {
    ready() { curl -s -o "$BATS_TEST_TMPDIR/ready" -w '%{http_code}' "http://$ADMIN/health/readiness"; }
    sink '[{"status":403}]'
    echo '{"partition":0,"value":"v"}' | kafka_produce two
    TOPIC=two adapter adapter --stall-probe=200ms
    within 30 stalls 1
    [[ $(ready) == 200 ]]
    echo '{"partition":1,"value":"v"}' | kafka_produce two
    within 30 stalls 2
    [[ $(ready) == 503 ]]
    grep -q 'every assigned partition is stalled' "$BATS_TEST_TMPDIR/ready"
    [[ $(curl -s -o /dev/null -w '%{http_code}' "http://$ADMIN/health/liveness") == 200 ]]
    rules '[]'
    within 30 stalls 0
    [[ $(ready) == 200 ]]
}

@test "a reply that Kafka has not acknowledged when the drain ends is no clean stop" {
    sink "[$(reply 1 | jq -c '.delay = 1')]"
    events 1 1 | kafka_produce one
    adapter adapter --reply-topic=audit-verdicts --drain-timeout=500ms
    within 30 has_got 1
    kill -STOP "${PIDS[kafka]}" # while the sink thinks
    within 30 shows 'umpire_deliveries_total{class="2xx"}' 1
    stop adapter
    ((status == 69))
    logged adapter '"unstored":1'
}
