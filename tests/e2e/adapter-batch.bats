# The source adapter on the embedded broker: structured and batched content mode.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    kafka_start embedded --topic one:1
    TOPIC=one
}

teardown() {
    stop_all
}

# sent [JQ-CONDITION]: the events of the batches that the sink got, one array of ids a batch.
sent() {
    got "select(${1:-true}) | .body | fromjson | map(.id)"
}

@test "structured mode sends an event as one JSON object; what is no JSON stays what it is" {
    sink
    {
        events 1 1
        echo '{"headers":[["content-type","application/json"]],"value":"{\"n\":1.10}"}'
        echo '{"headers":[["content-type","application/json"]],"value":"no json"}'
    } | kafka_produce one
    adapter adapter --content-mode=structured
    within 30 has_got 3
    run got '[.headers["content-type"], (.headers | has("ce-id"))] | join(" ")'
    assert_line --index 0 'application/cloudevents+json false'
    run got '.body'
    assert_line --index 0 --partial '"data":{"n":1}}'
    assert_line --index 1 --partial '"data":{"n":1.10}}'
    assert_line --index 2 --partial '"data_base64":"bm8ganNvbg=="'
}

@test "a batch is bounded in events, and consecutive by partition, one at a time" {
    sink '[{"delay":0.02}]'
    events 1 100 | kafka_produce one
    adapter adapter --content-mode=batch --batch-max-events=30 --batch-linger=1s
    within 30 shows umpire_events_delivered_total 100
    [[ $(sent | jq -c '.[] | tonumber' | tr '\n' ' ') == "$(seq 1 100 | tr '\n' ' ')" ]] || { sent; false; }
    (($(sent | jq length | sort -n | tail -n 1) == 30))
    [[ $(got .here | sort -n | tail -n 1) == 1 ]]
    run got '.headers["content-type"]'
    assert_line --index 0 application/cloudevents-batch+json
    stop adapter
    ((status == 0))
}

@test "a batch is bounded in bytes, and a larger event goes alone" {
    sink
    { events 1 50; printf '{"headers":[["content-type","text/plain"]],"value":"%s"}\n' "$(head -c 5000 /dev/zero | tr '\0' x)"; } | kafka_produce one
    adapter adapter --content-mode=batch --batch-max-bytes=1KiB --batch-linger=1s
    within 30 shows umpire_events_delivered_total 51
    (($(got 'select(.body | length < 5000) | .body | length' | sort -n | tail -n 1) <= 1024))
    (($(sent | jq length | sort -n | tail -n 1) > 1))
    [[ $(sent '.body | length > 5000' | jq length) == 1 ]]
}

@test "a batch does not wait for more than --batch-linger says" {
    sink
    events 1 3 | kafka_produce one
    adapter adapter --content-mode=batch --batch-linger=0
    within 30 shows umpire_events_delivered_total 3
}

@test "by key a batch keeps each key's order, and no other batch with that key is on the way" {
    sink '[{"delay":0.05}]'
    events 1 300 7 | kafka_produce one
    adapter adapter --content-mode=batch --ordering=key --batch-max-events=20
    within 30 shows umpire_events_delivered_total 300
    for key in 0 3 6; do
        sent | jq ".[] | tonumber | select(. % 7 == $key)" >"$BATS_TEST_TMPDIR/order"
        sort -n "$BATS_TEST_TMPDIR/order" | diff - "$BATS_TEST_TMPDIR/order"
    done
}

@test "a refused batch is halved until the refused event stands alone; only that one gets the outcome" {
    local codes=(400 413 415 422) part i
    kafka_stop
    kafka_start embedded --topic four:4
    sink '[{"contains":"\"id\":\"13\"","status":400},{"contains":"\"id\":\"113\"","status":413},{"contains":"\"id\":\"213\"","status":415},{"contains":"\"id\":\"313\"","status":422}]'
    for ((part = 0; part < 4; part++)); do
        for ((i = 1; i <= 32; i++)); do
            printf '{"partition":%d,"headers":[["ce_specversion","1.0"],["ce_id","%d"],["ce_source","/test"],["ce_type","t"]],"value":"v"}\n' $part $((100 * part + i))
        done
    done | kafka_produce four
    TOPIC=four adapter adapter --content-mode=batch --ordering=partition --batch-linger=1s --batch-max-events=32 --dead-letter-topic=game-hits-dlq
    within 60 shows umpire_dead_letters_total 4
    within 60 shows umpire_events_delivered_total 124
    for ((part = 0; part < 4; part++)); do
        ids() { seq $((100 * part + $1)) $((100 * part + $2)) | jq -sc .; }
        [[ $(sent ".status == ${codes[part]}" | jq -c 'map(tonumber)' | tr '\n' ' ') == "$(ids 1 32) $(ids 1 16) $(ids 9 16) $(ids 13 16) $(ids 13 14) $(ids 13 13) " ]]
        [[ $(sent '.status == 204' | jq -c ".[] | tonumber | select(. / 100 | floor == $part) % 100" | tr '\n' ' ') == "$(seq 1 12 | tr '\n' ' ')$(seq 14 32 | tr '\n' ' ')" ]]
    done
}

@test "a batch refused for what is no event's fault is not halved: each event has that outcome, and no other request is made" {
    sink '[{"status":403,"headers":{"kne-why":"closed"},"body":"no entry"}]'
    events 1 10 | kafka_produce one
    adapter adapter --content-mode=batch --batch-linger=1s --batch-max-events=10 --dead-letter-topic=game-hits-dlq
    within 30 shows umpire_dead_letters_total 10
    [[ $(got .number | wc -l) == 1 ]]
    run kafka_consume game-hits-dlq --count 10
    headers() { jq -r "[.headers[] | select(.[0] == \"$1\") | .[1]] | first" <<<"$output" | sort -n | tr '\n' ' '; }
    [[ $(headers ce_id) == '1 2 3 4 5 6 7 8 9 10 ' ]]
    [[ $(headers ce_knativeerrorcode | tr ' ' '\n' | sort -u | xargs) == 403 && $(headers umpire_attempts | xargs -n 1 | sort -u) == 1 ]]
    [[ $(headers ce_why | xargs -n 1 | sort -u) == closed ]]
    [[ $(headers ce_knativeerrordata | xargs -n 1 | sort -u | base64 -d) == 'no entry' ]]
    within 30 shows 'umpire_lag{topic="one",partition="0"}' 0
    stop adapter
    ((status == 0))
}

@test "without a dead letter the first of such a batch stalls, and the others go on at its first 2xx" {
    sink '[{"times":1,"status":403}]'
    events 1 10 | kafka_produce one
    adapter adapter --content-mode=batch --ordering=partition --batch-linger=1s --batch-max-events=10 --stall-probe=1s
    within 30 stalls 1
    within 30 shows umpire_events_delivered_total 10
    [[ $(sent | jq -c 'map(tonumber)' | tr '\n' ' ') == '[1,2,3,4,5,6,7,8,9,10] [1] [2,3,4,5,6,7,8,9,10] ' ]]
}

@test "a batch that is not answered well is tried again as it is" {
    sink '[{"times":2,"status":503}]'
    events 1 10 | kafka_produce one
    adapter adapter --content-mode=batch --batch-linger=1s --batch-max-events=10
    within 30 shows umpire_events_delivered_total 10
    [[ $(sent | sort -u | wc -l) == 1 && $(got .number | wc -l) == 3 ]]
    shows umpire_retries_total 20
}

@test "an event that fails every batch stalls alone, and holds back its key only" {
    sink '[{"contains":"\"id\":\"4\"","status":503}]'
    events 1 10 | kafka_produce one
    adapter adapter --content-mode=batch --ordering=key --retry=2 --stall-probe=60s --batch-linger=1s --batch-max-events=10
    within 30 shows umpire_events_delivered_total 8 # all but 4, and 9 of its key
    stalls 1
    run logged adapter '"offset":3,'
    assert_success
    rules '[]'
}

@test "every reply to a batch goes to Kafka, and none is taken for another event's" {
    sink '[{"kind":"batch"}]'
    events 1 25 | kafka_produce one
    adapter adapter --content-mode=batch --ordering=key --reply-topic=audit-verdicts
    within 30 shows umpire_events_delivered_total 25
    shows umpire_replies_total 25
    run kafka_consume audit-verdicts --count 25
    [[ $(jq -r '.key + " " + ([.headers[] | select(.[0] == "ce_causationid") | .[1]] | first)' <<<"$output" | awk '$1 == $2' | wc -l) == 25 ]]
}

@test "an answer to a batch that is no batch of events is halved too: the verdicts of the others are not lost" {
    sink '[{"contains":"\"id\":\"5\"","status":200,"headers":{"Content-Type":"application/cloudevents-batch+json"},"body":"[{\"id\":\"half\"}]"},{"kind":"batch"}]'
    events 1 8 | kafka_produce one
    adapter adapter --content-mode=batch --batch-linger=1s --batch-max-events=8 --reply-topic=audit-verdicts --dead-letter-topic=game-hits-dlq
    within 30 shows umpire_dead_letters_total 1
    within 30 shows umpire_events_delivered_total 7
    run kafka_consume audit-verdicts --count 7
    [[ $(jq -r '.key' <<<"$output" | sort -n | tr '\n' ' ') == '1 2 3 4 6 7 8 ' ]]
}

@test "in a batch a record that is no valid event is refused alone" {
    sink
    { events 1 3; echo '{"headers":[["ce_specversion","1.0"],["ce_id","bad"],["ce_source","/test"]],"value":"x"}'; events 4 6; } | kafka_produce one
    adapter adapter --content-mode=batch --batch-linger=1s --batch-max-events=7 --dead-letter-topic=game-hits-dlq
    within 30 shows umpire_dead_letters_total 1
    within 30 shows umpire_events_delivered_total 6
    [[ $(sent | jq -r '.[]' | tr '\n' ' ') == '1 2 3 4 5 6 ' ]]
}

@test "audit-fn takes batches and its verdicts come back" {
    start audit "$BUILD/audit-fn/audit-fn" --listen=127.0.0.1:0 --reply=always
    SINK=http://$(address audit)
    for i in $(seq 1 40); do
        printf '{"key":"p","headers":[["ce_specversion","1.0"],["ce_id","%d"],["ce_source","/test"],["ce_type","game.hits"],["ce_partitionkey","p"],["content-type","application/json"]],"value":"{\\"match\\":\\"m\\",\\"player\\":\\"p\\",\\"name\\":\\"n\\",\\"hits\\":%d}"}\n' "$i" "$i"
    done | kafka_produce one
    adapter adapter --content-mode=batch --reply-topic=audit-verdicts
    within 30 shows umpire_replies_total 40
    run kafka_consume audit-verdicts --count 40
    [[ $(grep -c '"audit.fail"' <<<"$output") == 30 ]]
}
