# The simulator's events by HTTP: to the provider's own door, to whatever takes CloudEvents, to Strimzi's Kafka Bridge.
load ../support/support
load ../support/kafka
load ../support/provider
load ../support/doors
load ../support/adapter

teardown() {
    stop_all
}

# by_http [OPTION…]: a run of 300 events that knows no Kafka.
by_http() {
    env -u KAFKA_BOOTSTRAP_SERVERS "$PROVIDER" --listen none --seed 7 --run seven --epoch 2026-01-01T00:00:00Z --rate 1000 --events 300 \
        --truth "$BATS_TEST_TMPDIR/truth.json" "$@"
}

@test "to another provider's door: what is in the topic is what the truth says, and the same bytes as without HTTP" {
    kafka_start embedded --topic direct:3
    simulate --topic direct
    doors_open --hold-back 100000
    by_http --transport http --target "$BOARD/events" --scenario duplicates
    kafka_consume game-hits | verdicts | kafka_produce audit-verdicts
    verify
    kafka_produce_again() { kafka_consume "$1" | jq -c 'select(.key) | [.key, .value, (.headers | sort)]' | sort -u; }
    # The scenario only repeats: the distinct records are those of the steady one.
    diff <(kafka_produce_again direct) <(kafka_produce_again game-hits)
}

@test "with the door's token, from elsewhere; without it the events are failed, and said to be" {
    kafka_start embedded
    doors_open --listen 0.0.0.0:0 --hold-back 100000
    BOARD=${BOARD/0.0.0.0/127.0.0.1}
    by_http --transport http --target "$BOARD/events" --target-token-file "$BATS_TEST_TMPDIR/token"
    assert_equal "$(truth '.failed | length')" 0
    assert_equal "$(kafka_consume game-hits | wc -l)" 300
    by_http --transport http --target "$BOARD/events" 2>"$BATS_TEST_TMPDIR/refused.log"
    assert_equal "$(truth '.failed | length') $(truth '.flagged | length')" '300 0'
    logged refused '401'
}

@test "to a sink that fails now and then: each event arrives, in structured mode" {
    sink '[{"times": 1, "status": 503}, {"times": 1, "status": 429, "headers": {"Retry-After": "1"}}, {"times": 1, "kind": "reset"}, {"times": 1, "status": 404}]'
    by_http --transport http --target "$SINK/broker/default" --target-requests 8
    assert_equal "$(truth '.failed | length')" 0
    got 'select(.status == 204) | .headers["content-type"]' | sort -u | grep -qx 'application/cloudevents+json; charset=utf-8'
    got 'select(.status == 204) | .body | fromjson | select(.specversion == "1.0" and .source == "/umpire/provider/seven") | .id' | sort -un | diff - <(seq 300)
    (($(got '.here' | sort -n | tail -n 1) <= 8))
}

@test "to Strimzi's Kafka Bridge: records with key, JSON value and headers; a refusal is tried again" {
    start bridge /usr/bin/python3 "$ROOT/tests/support/kafka-bridge.py" "$BATS_TEST_TMPDIR/records" --refuse 2
    by_http --transport bridge --target "http://$(address bridge)/bridge"
    assert_equal "$(truth '.failed | length')" 0
    jq -r '.headers | map({(.[0]): .[1]}) | add | .ce_id' "$BATS_TEST_TMPDIR/records" | sort -n | diff - <(seq 300)
    jq -es 'all(.topic == "game-hits" and (.headers | map({(.[0]): .[1]}) | add |
        .ce_source == "/umpire/provider/seven" and .ce_type == "game.hits" and ."content-type" == "application/json") and
        (.key | fromjson) == (.value | fromjson | .player) and (.value | fromjson | .hits | type) == "number")' "$BATS_TEST_TMPDIR/records"
}

@test "what cannot be sent in its time is failed, and the truth says so" {
    sink '[{"status": 503}]'
    by_http --transport http --target "$SINK" --events 20 --delivery-timeout 1s
    assert_equal "$(truth '.failed | length') $(truth .complete)" '20 true'
}

@test "a transport without a target, and a target without one, are refused at start" {
    refuses() {
        run -78 env -u KAFKA_BOOTSTRAP_SERVERS "$PROVIDER" --listen none "${@:2}"
        assert_output --partial "$1"
    }
    refuses '--target: expected together with --transport' --transport http
    refuses '--target: expected together with --transport' --target http://127.0.0.1:1/ --bootstrap-servers 127.0.0.1:1
    refuses '--target: ' --transport bridge --target ftp://x/
    refuses 'no Kafka given' --transport http --target http://127.0.0.1:1/ --listen 127.0.0.1:0
}
