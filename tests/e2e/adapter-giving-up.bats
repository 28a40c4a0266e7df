# The source adapter on the embedded broker: what ends a stall, and dead letters that go to a sink.

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

# A second sink, for dead letters: its URL in $DEAD, what it got in $DEAD_LEDGER.
dead_letter_sink() {
    DEAD_LEDGER=$BATS_TEST_TMPDIR/dead-ledger
    : >"$DEAD_LEDGER"
    start dead /usr/bin/python3 "$ROOT/tests/support/sink.py" "$DEAD_LEDGER" --rules "${1:-[]}"
    DEAD=http://$(address dead)
}

dead_got() {
    jq -rc "${1:-.}" "$DEAD_LEDGER"
}

@test "--on-exhausted=drop gives a record up for good: counted, logged, committed past" {
    sink '[{"header":{"ce-id":"2"},"status":400},{"header":{"ce-id":"3"},"status":503}]'
    events 1 5 | kafka_produce one
    adapter adapter --on-exhausted=drop --retry=2
    within 30 shows umpire_events_delivered_total 3
    shows 'umpire_records_dropped_total{reason="exhausted"}' 2
    logged adapter '"message":"record dropped","topic":"one","partition":0,"offset":1,'
    [[ $(got 'select(.headers["ce-id"] == "3") | .number' | wc -l) == 3 ]]
    stalls 0
    stop adapter
    ((status == 0))
}

@test "--skip passes over exactly the named records, and a stalled one with them" {
    sink '[{"header":{"ce-id":"2"},"status":400}]'
    events 1 5 | kafka_produce one
    adapter adapter --skip=one:0:1 --skip=one:0:3 --skip=one:1:2
    within 30 shows umpire_events_delivered_total 3
    shows 'umpire_records_dropped_total{reason="skipped"}' 2
    logged adapter '"message":"record skipped","topic":"one","partition":0,"offset":3,'
    [[ $(got '.headers["ce-id"]' | tr '\n' ' ') == '1 3 5 ' ]]
}

@test "--skip works inside batches, and keeps the order of its key" {
    sink '[{"contains":"\"id\":\"3\"","status":400}]'
    events 1 8 1 | kafka_produce one
    adapter adapter --content-mode=batch --ordering=key --batch-linger=1s --batch-max-events=8 --skip=one:0:2
    within 30 shows umpire_events_delivered_total 7
    shows 'umpire_records_dropped_total{reason="skipped"}' 1
    [[ $(got '.body | fromjson | .[].id' | tr '\n' ' ') == '1 2 4 5 6 7 8 ' ]]
}

@test "a dead letter goes to its sink as the event, with the reason in extensions" {
    dead_letter_sink
    sink '[{"header":{"ce-id":"2"},"status":400,"headers":{"kne-hint":"ask-bob"},"body":"no such player"}]'
    events 1 3 | kafka_produce one
    adapter adapter --dead-letter-sink="$DEAD"
    within 30 shows umpire_events_delivered_total 2
    within 30 shows umpire_dead_letters_total 1
    run dead_got '[.headers["ce-id"], .headers["ce-type"], .headers["ce-knativeerrordest"], .headers["ce-knativeerrorcode"], .headers["ce-hint"], .body] | join(" ")'
    assert_output "2 game.hits $SINK 400 ask-bob {\"n\":2}"
    [[ $(dead_got '.headers["ce-knativeerrordata"]' | base64 -d) == 'no such player' ]]
    [[ $(dead_got '.headers | has("ce-knativekafkaoffset")') == true ]]
}

@test "what is no valid event reaches the dead-letter sink with its bytes, as an ordinary record" {
    dead_letter_sink
    sink
    echo '{"headers":[["ce_specversion","1.0"],["ce_id","bad"],["ce_source","/test"]],"value":"x"}' | kafka_produce one
    adapter adapter --dead-letter-sink="$DEAD"
    within 30 shows umpire_dead_letters_total 1
    run dead_got '[.headers["ce-type"], .headers["ce-kafkaheaderceid"], .headers["ce-knativeerrorcode"], .body] | join(" ")'
    assert_output 'dev.knative.kafka.event bad 0 x'
    [[ ! -s $LEDGER ]]
}

@test "a dead-letter sink is tried again as well; what it does not take stalls, and the probe begins with the sink" {
    dead_letter_sink '[{"times":2,"status":503}]'
    sink '[{"header":{"ce-id":"1"},"status":400}]'
    events 1 1 | kafka_produce one
    adapter adapter --dead-letter-sink="$DEAD" --retry=3 --stall-probe=300ms
    within 30 shows umpire_dead_letters_total 1
    [[ $(dead_got .number | wc -l) == 3 && $(got .number | wc -l) == 1 ]]

    curl -fsS -X POST -d '[{"status":403}]' "$DEAD/rules"
    rules '[{"header":{"ce-id":"2"},"status":400}]'
    events 2 3 | kafka_produce one
    within 30 stalls 1
    logged adapter '"dead letter not delivered"'
    within 30 has_got 3 '.headers["ce-id"] == "2"'
    curl -fsS -X POST -d '[]' "$DEAD/rules"
    within 30 shows umpire_dead_letters_total 2
    within 30 shows umpire_events_delivered_total 1
    stalls 0
}

@test "a sink that is down is probed by one event at a time, and everything arrives when it is back" {
    sink '[{"status":503}]'
    events 1 400 400 | kafka_produce one
    adapter adapter --ordering=key --max-in-flight=16 --retry=1000
    within 30 shows umpire_send_window 0
    logged adapter 'the sink seems to be down'
    local before
    before=$(got .number | wc -l)
    within 60 has_got $((before + 30))
    (($(got "select(.number > $before + 16) | .here" | sort -n | tail -n 1) <= 1))
    (($(got '.headers["ce-id"]' | sort -u | wc -l) < 100)) # the rest has not lost a try
    rules '[]'
    within 60 shows umpire_events_delivered_total 400
    logged adapter 'the sink answers again'
    within 30 shows umpire_send_window 16
}
