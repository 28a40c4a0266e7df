# The broker is away for a minute, which is what it takes.
load ../support/support
load ../support/kafka
load ../support/provider
load ../support/doors

teardown() {
    stop_all
}

acknowledged() {
    (($(metric "$ADMIN" umpire_provider_acknowledged_total) >= $1))
}

# shows FILTER: of the board.
shows() {
    curl -fsS "$BOARD/api/state" | jq -e "$1" >/dev/null
}

@test "a broker that is away for a minute costs no event, none comes twice, and the board says so meanwhile" {
    kafka_start apache --user test:secret
    kafka_topics game-hits:3 audit-verdicts:3
    start it "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --run minute --rate 300 \
        --truth "$BATS_TEST_TMPDIR/truth.json"
    BOARD=http://$(address it) ADMIN=$(address it admin)
    within 60 acknowledged 300
    kafka_stop
    within 30 shows '.simulation | .state == "blocked" and .held and .why == "Kafka does not take records"'
    sleep 60
    shows '.simulation | .state == "blocked" and .failed == 0 and .produced - .acknowledged > 10000'
    kafka_restart
    within 120 acknowledged $(($(metric "$ADMIN" umpire_provider_produced_total) + 300))
    within 60 shows '.simulation | .state == "running" and (.held | not)'
    stop it
    assert_equal "$status" 0
    assert_equal "$(truth '.failed | length') $(truth .complete)" '0 true'
    kafka_consume game-hits | jq -r '.headers | map({(.[0]): .[1]}) | add | .ce_id' | sort -n | diff - <(seq "$(truth .events)")
}
