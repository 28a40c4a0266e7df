# The broker goes away in the middle of a run, and comes back with what it had.
load ../support/support
load ../support/kafka
load ../support/provider
load ../support/doors

teardown() {
    stop_all
}

# of NAME: a count in the provider's metrics.
of() {
    metric "$ADMIN" "umpire_provider_$1_total"
}

# ahead NUMBER: so many more events were made than Kafka has acknowledged.
ahead() {
    (($(of produced) - $(of acknowledged) >= $1))
}

# state_is STATE: what the provider says of the simulation, to the board as well.
state_is() {
    [[ $(curl -fsS "$BOARD/api/simulation" | jq -r .state) == "$1" ]]
}

acknowledged() {
    (($(of acknowledged) >= $1))
}

@test "a broker that is away for 2,000 events costs none of them, and none comes twice; people get 503 meanwhile" {
    kafka_start apache --user test:secret
    kafka_topics game-hits:3 audit-verdicts:3
    # It ends when it is told to, so the broker is away in mid-run however long that takes.
    start it "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --run away --rate 300 --ack-timeout 2s \
        --events-topics game-hits,missing --truth "$BATS_TEST_TMPDIR/truth.json"
    BOARD=http://$(address it) ADMIN=$(address it admin)
    within 60 acknowledged 300
    # A topic that is not there keeps nobody from the others.
    ask /events/missing -X POST -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /curl' -H 'ce-type: t'
    refused 503
    within 60 taken 1
    kafka_stop
    within 120 ahead 2000
    hit 2
    refused 503
    assert_equal "$(of failed)" 0
    within 60 state_is blocked
    kafka_restart
    within 120 acknowledged $(($(of produced) + 300))
    within 60 state_is running
    within 60 taken 3
    stop it
    assert_equal "$status" 0
    assert_equal "$(truth '.failed | length') $(truth .complete)" '0 true'
    kafka_consume game-hits | jq -r '.headers | map({(.[0]): .[1]}) | add | select(.ce_source == "/umpire/provider/away") | .ce_id' | sort -n |
        diff - <(seq "$(truth .events)")
}

@test "a queue that is full stops the simulator, not its memory; what was held up goes out, and SIGTERM sends the rest" {
    kafka_start apache --user test:secret
    kafka_topics game-hits:3
    start it "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --listen none --admin-listen 127.0.0.1:0 --run full --rate 50000 \
        --kafka-set queue.buffering.max.messages=5000 --truth "$BATS_TEST_TMPDIR/truth.json"
    ADMIN=$(address it admin)
    within 60 acknowledged 1000
    kafka_stop KILL
    within 60 ahead 5000
    local produced
    produced=$(of produced)
    assert_equal $((produced - $(of acknowledged))) 5000
    kafka_restart
    within 120 acknowledged $((produced + 1000))
    stop it
    assert_equal "$status" 0
    assert_equal "$(truth '.failed | length') $(truth .complete)" '0 true'
    kafka_consume game-hits | jq -r '.headers | map({(.[0]): .[1]}) | add | .ce_id' | sort -n | uniq | diff - <(seq "$(truth .events)")
}

@test "a provider that is killed in the middle of its run goes on with --resume: no event is missing, and the truth is that of the whole run" {
    kafka_start apache --user test:secret
    kafka_topics game-hits:3 audit-verdicts:3
    local run=(--bootstrap-servers "$BOOTSTRAP" --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --run killed --epoch 2026-01-01T00:00:00Z --seed 7
        --rate 2000 --scenario out-of-order --events 12000 --truth "$BATS_TEST_TMPDIR/truth.json")
    start it "$PROVIDER" "${run[@]}"
    ADMIN=$(address it admin)
    within 60 acknowledged 3000
    stop it KILL
    start it "$PROVIDER" "${run[@]}" --resume
    finish it
    assert_equal "$status" 0
    run truth '"\(.complete) \(.events) \(.failed | length)"'
    assert_output 'true 12000 0'
    kafka_consume game-hits >"$BATS_TEST_TMPDIR/records"
    jq -r '.headers | map({(.[0]): .[1]}) | add | .ce_id' "$BATS_TEST_TMPDIR/records" | sort -n | uniq | diff - <(seq 12000)
    # What came twice is what was on its way when it died: the same bytes.
    jq -c '[.key, .value, .headers]' "$BATS_TEST_TMPDIR/records" | sort -u | wc -l | grep -qx 12000
    # It is the run that was never interrupted.
    jq '.flagged |= sort | del(.started)' "$BATS_TEST_TMPDIR/truth.json" >"$BATS_TEST_TMPDIR/resumed"
    "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --listen none "${run[@]:6}"
    jq '.flagged |= sort | del(.started)' "$BATS_TEST_TMPDIR/truth.json" | diff - "$BATS_TEST_TMPDIR/resumed"
}
