# One broker with every kind of door, for all tests of this file: its start takes longest.

setup_file() {
    load ../support/support
    load ../support/kafka
    command -v java >/dev/null || skip "no Java for Apache Kafka"
    mkdir "$BATS_FILE_TMPDIR/tls"
    "$ROOT/tests/support/certificates" "$BATS_FILE_TMPDIR/tls" alice
    export FILES=$BATS_FILE_TMPDIR
    "$APACHE_KAFKA" run --data "$FILES/data" --address-file "$FILES/address" --tls "$FILES/tls" --user alice:wonder --user bob:builder \
        --listener sasl_plaintext --listener sasl_ssl --listener ssl --listener mtls >"$FILES/kafka.log" 2>&1 3>&- 4>&- </dev/null &
    export BROKER=$!
    within 90 test -f "$FILES/address"
    "$KAFKA_ADMIN" "$(<"$FILES/address")" topics beats:1 dead:1
}

teardown_file() {
    kill -KILL "$BROKER"
}

setup() {
    load ../support/support
    load ../support/kafka
    CA=$FILES/tls/ca.pem
}

teardown() {
    stop_all
}

# heartbeat LISTENER OPTION…
heartbeat() {
    local servers
    servers=$(<"$FILES/address.$1")
    shift
    start heartbeat "$BUILD/tests/support/kafka-heartbeat" --topic beats --bootstrap-servers "$servers" "$@"
}

beats() {
    [[ $(grep -c '"delivered"' "$BATS_TEST_TMPDIR/heartbeat.log") -ge $1 ]]
}

# goes_on: ten more.
goes_on() {
    local before
    before=$(grep -c '"delivered"' "$BATS_TEST_TMPDIR/heartbeat.log" || true)
    within 30 beats $((before + 10))
}

put() {
    echo "$2" >"$1.new"
    mv "$1.new" "$1"
}

@test "PLAIN over TLS gets in with a user and a password from a file" {
    put "$BATS_TEST_TMPDIR/password" wonder
    heartbeat sasl_ssl --tls-enable --tls-ca-cert "$CA" --sasl-enable --sasl-user alice --sasl-password-file "$BATS_TEST_TMPDIR/password"
    goes_on
    stop heartbeat
    [[ $status == 0 ]]
}

@test "a wrong password is refused, said, and not shown" {
    put "$BATS_TEST_TMPDIR/password" s3cret-wrong
    heartbeat sasl_ssl --tls-enable --tls-ca-cert "$CA" --sasl-enable --sasl-user alice --sasl-password-file "$BATS_TEST_TMPDIR/password"
    within 20 logged heartbeat "Authentication failed"
    run cat "$BATS_TEST_TMPDIR/heartbeat.log"
    refute_output --partial s3cret
    refute_output --partial '"delivered"'
}

@test "a password that becomes right is used without a restart" {
    put "$BATS_TEST_TMPDIR/password" wrong
    heartbeat sasl_ssl --tls-enable --tls-ca-cert "$CA" --sasl-enable --sasl-user alice --sasl-password-file "$BATS_TEST_TMPDIR/password"
    within 20 logged heartbeat "Authentication failed"
    put "$BATS_TEST_TMPDIR/password" wonder
    within 20 logged heartbeat "new user or password"
    goes_on
}

@test "user and password of a service binding are replaced together while records flow" {
    binding=$BATS_TEST_TMPDIR/bindings/events
    mkdir -p "$binding/..1"
    printf kafka >"$binding/..1/type"
    cat "$FILES/address.sasl_ssl" >"$binding/..1/bootstrap.servers"
    echo SASL_SSL >"$binding/..1/security.protocol"
    echo PLAIN >"$binding/..1/sasl.mechanism"
    cp "$CA" "$binding/..1/ssl.truststore.crt"
    cp -r "$binding/..1" "$binding/..2"
    echo alice >"$binding/..1/username"
    echo wonder >"$binding/..1/password"
    echo bob >"$binding/..2/username"
    echo builder >"$binding/..2/password"
    ln -s ..1 "$binding/..data"
    for name in type bootstrap.servers security.protocol sasl.mechanism ssl.truststore.crt username password; do
        ln -s "..data/$name" "$binding/$name"
    done
    SERVICE_BINDING_ROOT=${binding%/*} start heartbeat "$BUILD/tests/support/kafka-heartbeat" --topic beats
    goes_on
    ln -s ..2 "$binding/..next"
    mv -T "$binding/..next" "$binding/..data"
    within 20 logged heartbeat "new user or password"
    goes_on
    run grep -c '"failed"' "$BATS_TEST_TMPDIR/heartbeat.log"
    assert_output 0
}

@test "one-way TLS needs the right authority" {
    heartbeat ssl --tls-enable --tls-ca-cert "$CA"
    goes_on
    stop heartbeat
    mkdir "$BATS_TEST_TMPDIR/other"
    "$ROOT/tests/support/certificates" "$BATS_TEST_TMPDIR/other"
    heartbeat ssl --tls-enable --tls-ca-cert "$BATS_TEST_TMPDIR/other/ca.pem"
    within 20 logged heartbeat "certificate verify failed"
    run ! beats 1
}

@test "new certificates are used after they got in, and bad ones are not" {
    tls=$BATS_TEST_TMPDIR/tls
    cp -r "$FILES/tls" "$tls"
    KAFKA_NET_TLS_KEY=$tls/alice.key heartbeat mtls --tls-enable --tls-ca-cert "$CA" --tls-cert "$tls/alice.crt"
    goes_on
    mkdir "$BATS_TEST_TMPDIR/other"
    "$ROOT/tests/support/certificates" "$BATS_TEST_TMPDIR/other" alice
    cp "$BATS_TEST_TMPDIR/other/alice".* "$tls"
    within 40 logged heartbeat "no broker let us in"
    run ! logged heartbeat renewed
    goes_on
    "$ROOT/tests/support/certificates" "$tls" alice
    within 40 logged heartbeat renewed
    goes_on
    run grep -c '"failed"' "$BATS_TEST_TMPDIR/heartbeat.log"
    assert_output 0
}

@test "a certificate as text works as well" {
    KAFKA_NET_TLS_CERT=$(<"$FILES/tls/alice.crt") KAFKA_NET_TLS_KEY=$(<"$FILES/tls/alice.key") KAFKA_NET_TLS_CA_CERT=$(<"$CA") \
        heartbeat mtls --tls-enable
    goes_on
}

@test "OAUTHBEARER fetches tokens, fetches them again before they end, and reads a new secret" {
    put "$BATS_TEST_TMPDIR/server-secret" 'first & secret'
    put "$BATS_TEST_TMPDIR/secret" 'first & secret'
    start tokens python3 "$ROOT/tests/support/token-server.py" "$BATS_TEST_TMPDIR/server-secret" 5
    within 10 grep -q listening "$BATS_TEST_TMPDIR/tokens.out"
    port=$(awk '{print $2; exit}' "$BATS_TEST_TMPDIR/tokens.out")
    heartbeat sasl_plaintext --sasl-enable --sasl-type OAUTHBEARER --oauth-token-url "http://127.0.0.1:$port/token" --oauth-client-id umpire \
        --oauth-client-secret-file "$BATS_TEST_TMPDIR/secret" --oauth-scope kafka
    goes_on
    grep -q "scope=kafka right=True" "$BATS_TEST_TMPDIR/tokens.out"
    put "$BATS_TEST_TMPDIR/server-secret" second
    within 30 grep -q "right=False" "$BATS_TEST_TMPDIR/tokens.out"
    within 10 logged heartbeat "expected status 200, found 401"
    put "$BATS_TEST_TMPDIR/secret" second
    within 30 bash -c "[[ \$(tail -n 1 '$BATS_TEST_TMPDIR/tokens.out') == *right=True ]]"
    goes_on
    run cat "$BATS_TEST_TMPDIR/heartbeat.log"
    refute_output --partial secret
}

@test "SCRAM gets in, from the version of librdkafka on that Kafka accepts" {
    put "$BATS_TEST_TMPDIR/password" builder
    heartbeat sasl_ssl --tls-enable --tls-ca-cert "$CA" --sasl-enable --sasl-type SCRAM-SHA-512 --sasl-user bob \
        --sasl-password-file "$BATS_TEST_TMPDIR/password"
    if within 3 logged heartbeat "refuse SCRAM from librdkafka before 2.6.1" 2>/dev/null; then
        within 20 logged heartbeat "invalid credentials"
        skip "this librdkafka is older than 2.6.1"
    fi
    goes_on
}

# adapter LISTENER OPTION…: reads the beats through that listener, into audit-fn, which has no rule for them and takes them all.
adapter() {
    local servers
    servers=$(<"$FILES/address.$1")
    shift
    start beats "$BUILD/tests/support/kafka-heartbeat" --topic beats --bootstrap-servers "$(<"$FILES/address")"
    start audit "$BUILD/audit-fn/audit-fn" --listen 127.0.0.1:0
    start adapter env KAFKA_NET_TLS_KEY="${KEY:-}" "$BUILD/source-adapter/source-adapter" --bootstrap-servers "$servers" --topics beats --group "$(unique readers)" \
        --sink "http://$(address audit)/" --dead-letter-topic dead --admin-listen 127.0.0.1:0 --commit-interval 100ms "$@"
    ADMIN=$(address adapter admin)
    within 30 delivered 10
}

delivered() {
    [[ $(metric "$ADMIN" umpire_events_delivered_total) -ge $1 ]]
}

more_are_delivered() {
    local before
    before=$(metric "$ADMIN" umpire_events_delivered_total)
    within 30 delivered $((before + 20))
}

@test "the adapter takes a new password without a pause" {
    put "$BATS_TEST_TMPDIR/password" wonder
    adapter sasl_ssl --tls-enable --tls-ca-cert "$CA" --sasl-enable --sasl-user alice --sasl-password-file "$BATS_TEST_TMPDIR/password"
    put "$BATS_TEST_TMPDIR/password" other
    within 20 logged adapter "new user or password"
    more_are_delivered
    stop adapter
    [[ $status == 0 ]]
}

@test "the adapter changes to new certificates after a drain, and stays with the old ones where the new do not get in" {
    tls=$BATS_TEST_TMPDIR/tls
    cp -r "$FILES/tls" "$tls"
    KEY=$tls/alice.key adapter mtls --tls-enable --tls-ca-cert "$CA" --tls-cert "$tls/alice.crt"
    mkdir "$BATS_TEST_TMPDIR/other"
    "$ROOT/tests/support/certificates" "$BATS_TEST_TMPDIR/other" alice
    cp "$BATS_TEST_TMPDIR/other/alice".* "$tls"
    within 40 logged adapter "no broker let us in"
    [[ $(metric "$ADMIN" umpire_credentials_refused_total) == 1 ]]
    more_are_delivered
    "$ROOT/tests/support/certificates" "$tls" alice
    within 60 logged adapter "new certificates for Kafka"
    more_are_delivered
    stop adapter
    [[ $status == 0 ]]
}

@test "new certificates while a key stands still: what waits behind it is not lost" {
    load ../support/adapter
    tls=$BATS_TEST_TMPDIR/tls
    cp -r "$FILES/tls" "$tls"
    BOOTSTRAP=$(<"$FILES/address")
    TOPIC=$(unique keys)
    kafka_topics "$TOPIC:1"
    sink '[{"header":{"ce-id":"1"},"status":400}]'
    events 1 30 3 | kafka_produce "$TOPIC"
    start adapter env KAFKA_NET_TLS_KEY="$tls/alice.key" "$BUILD/source-adapter/source-adapter" --bootstrap-servers="$(<"$FILES/address.mtls")" \
        --topics="$TOPIC" --group="$(unique readers)" --from=earliest --sink="$SINK" --ordering=key --stall-probe=1s --tls-enable \
        --tls-ca-cert="$CA" --tls-cert="$tls/alice.crt"
    within 40 logged adapter '"message":"record stalled"'
    within 20 has_got 20 '.headers["ce-id"] | tonumber % 3 != 1'
    "$ROOT/tests/support/certificates" "$tls" alice
    within 60 logged adapter "new certificates for Kafka"
    rules '[]'
    all_are_there() { [[ $(got '.headers["ce-id"]' | sort -u | wc -l) == 30 ]]; }
    within 40 all_are_there
    stop adapter
    ((status == 0))
}

@test "new certificates under --exactly-once: the transactions go on with them, and each record gives one verdict" {
    load ../support/adapter
    tls=$BATS_TEST_TMPDIR/tls
    cp -r "$FILES/tls" "$tls"
    BOOTSTRAP=$(<"$FILES/address")
    TOPIC=$(unique hits)
    kafka_topics "$TOPIC:2" "$TOPIC.replies:1"
    reply='"status":200,"headers":{"ce-specversion":"1.0","ce-id":"v-%ID%","ce-source":"/sink","ce-type":"audit.fail","ce-causationid":"%ID%"},"body":"{}"'
    sink "[{\"delay\":0.01,$reply}]"
    verdicts() { kafka_consume "$TOPIC.replies" -X isolation.level=read_committed | jq -r '.headers | map({(.[0]): .[1]}) | add | .ce_causationid' | sort -n; }
    has_verdicts() { (($(verdicts | wc -l) >= $1)); }
    events 1 300 20 | kafka_produce "$TOPIC"
    start adapter env KAFKA_NET_TLS_KEY="$tls/alice.key" "$BUILD/source-adapter/source-adapter" --bootstrap-servers="$(<"$FILES/address.mtls")" \
        --topics="$TOPIC" --group="$(unique readers)" --from=earliest --sink="$SINK" --ordering=key --exactly-once --reply-topic="$TOPIC.replies" \
        --transactional-id="$TOPIC" --commit-interval=100ms --max-in-flight=8 --tls-enable --tls-ca-cert="$CA" --tls-cert="$tls/alice.crt"
    within 40 has_verdicts 30
    "$ROOT/tests/support/certificates" "$tls" alice
    within 60 logged adapter "new certificates for Kafka"
    events 301 400 20 | kafka_produce "$TOPIC"
    within 60 has_verdicts 400
    stop adapter
    ((status == 0))
    seq 1 400 | diff - <(verdicts)
}

# provider OPTION…: the simulator and the board, as mallory may not come in; $BOARD.
provider() {
    "$KAFKA_ADMIN" "$(<"$FILES/address")" topics game-hits:2 audit-verdicts:2 flagged-players:1 >"$BATS_TEST_TMPDIR/topics" 2>&1 || true
    start provider "$BUILD/provider/event-provider" --listen 127.0.0.1:0 --rate 20 --run "$(unique run)" "$@"
    BOARD=http://$(address provider)
    within 60 logged provider '"message":"ready"'
}

# hits: how many the board has read.
hits() {
    curl -fsS "$BOARD/api/state" | jq .totals.hits
}

# reads_on: what is written comes back and is shown, ten more of it.
reads_on() {
    local before
    before=$(hits)
    more() {
        (($(hits) >= before + 10))
    }
    within 60 more
}

@test "the provider writes and reads on with a new password, and with new certificates" {
    put "$BATS_TEST_TMPDIR/password" wonder
    provider --bootstrap-servers "$(<"$FILES/address.sasl_ssl")" --tls-enable --tls-ca-cert "$CA" --sasl-enable --sasl-user alice \
        --sasl-password-file "$BATS_TEST_TMPDIR/password"
    reads_on
    put "$BATS_TEST_TMPDIR/password" another
    within 30 logged provider "new user or password"
    reads_on # connections that exist stay
    stop provider
    assert_equal "$status" 0

    tls=$BATS_TEST_TMPDIR/tls
    cp -r "$FILES/tls" "$tls"
    KAFKA_NET_TLS_KEY=$tls/alice.key provider --bootstrap-servers "$(<"$FILES/address.mtls")" --tls-enable --tls-ca-cert "$CA" \
        --tls-cert "$tls/alice.crt"
    reads_on
    "$ROOT/tests/support/certificates" "$tls" alice
    within 60 logged provider "new certificates for Kafka"
    reads_on
    run ! logged provider "keeps its old connection"
    stop provider
    assert_equal "$status" 0
    logged provider '"failed":0'
}
