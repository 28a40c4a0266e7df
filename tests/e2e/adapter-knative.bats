# What a SinkBinding does to the adapter, played for real: the injected variables alone, and a sink behind an authority of its own.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    load ../support/audit
    tls=$BATS_TEST_TMPDIR/tls
    mkdir "$tls"
}

teardown() {
    stop_all
}

# bound NAME [VARIABLE=VALUE…]: the adapter as a pod that a SinkBinding has changed: no options, these variables and those injected.
bound() {
    local name=$1
    shift
    start "$name" env -i PATH="$PATH" KAFKA_BOOTSTRAP_SERVERS="$BOOTSTRAP" KAFKA_TOPICS=game-hits KAFKA_CONSUMER_GROUP="$name" ADAPTER_FROM=earliest \
        ADAPTER_ADMIN_LISTEN=127.0.0.1:0 ADAPTER_BACKOFF_DELAY=20ms ADAPTER_BACKOFF_MAX=100ms NAMESPACE=umpire NAME=source-adapter K_SINK="$SINK" \
        K_CE_OVERRIDES='{"extensions":{"cluster":"one"}}' "$@" "$BUILD/source-adapter/source-adapter"
    ADMIN=$(address "$name" admin)
}

# tried: the adapter has tried, and got no answer.
tried() {
    local tries
    tries=$(metric "$ADMIN" 'umpire_deliveries_total{class="none"}' 2>/dev/null)
    ((${tries:-0} >= 2))
}

@test "K_SINK, K_CA_CERTS and K_CE_OVERRIDES are enough to reach a sink whose authority is private; without the bundle it is not trusted" {
    "$ROOT/tests/support/certificates" "$tls"
    kafka_start embedded
    LEDGER=$BATS_TEST_TMPDIR/ledger
    : >"$LEDGER"
    start sink python3 "$ROOT/tests/support/sink.py" "$LEDGER" --tls "$tls/server.pem"
    SINK=https://$(address sink)
    events 1 3 | kafka_produce game-hits
    bound without
    within 60 tried
    [[ ! -s $LEDGER ]]
    stop without
    # The bundle holds more than one authority, as the cluster's does.
    mkdir "$tls/other"
    "$ROOT/tests/support/certificates" "$tls/other"
    bound with K_CA_CERTS="$(cat "$tls/other/ca.pem" "$tls/ca.pem")"
    within 60 has_got 3
    run got '[.headers["ce-cluster"], .headers["kn-namespace"], .headers["ce-type"]] | join(" ")'
    assert_line --index 0 'one umpire game.hits'
    stop with
    assert_equal "$status" 0
}

@test "the bound adapter and the function: verdicts come back through Kafka" {
    kafka_start embedded
    audit_start
    SINK=http://$AUDIT
    echo '{"key":"p-1","headers":[["ce_specversion","1.0"],["ce_id","1"],["ce_source","/t"],["ce_type","game.hits"],["ce_subject","p-1"],["content-type","application/json"]],"value":"{\"match\":\"m\",\"player\":\"p-1\",\"hits\":14}"}' | kafka_produce game-hits
    bound adapter ADAPTER_REPLY_TOPIC=audit-verdicts
    run timeout 60 "$KAFKA_RECORDS" consume "$BOOTSTRAP" audit-verdicts --count 1
    assert_success
    assert_equal "$(jq -r '.headers | map(select(.[0] == "ce_type"))[0][1]' <<<"$output")" audit.fail
}
