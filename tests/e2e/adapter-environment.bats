# The environment that Knative gives its sources, and the Go adapter's own: one row a rule.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    adapter=$BUILD/source-adapter/source-adapter
    given=(K_SINK=http://sink.example/ KAFKA_TOPICS=a KAFKA_CONSUMER_GROUP=g KAFKA_BOOTSTRAP_SERVERS=k:9092)
}

teardown() {
    stop_all
}

# rows: lines of VARIABLE=VALUE|the line of --print-config that it gives.
rows() {
    local assignment expected
    while IFS='|' read -r assignment expected; do
        run env "${given[@]}" "$assignment" "$adapter" --print-config
        assert_success
        assert_line --partial "$expected  # ${assignment%%=*}"
    done
}

@test "every variable of the Go adapter is understood" {
    rows <<-'ROWS'
	KAFKA_BOOTSTRAP_SERVERS=k1:9092,k2:9092|bootstrap-servers: "k1:9092,k2:9092"
	KAFKA_TOPICS=a,b|topics: ["a", "b"]
	KAFKA_CONSUMER_GROUP=group-1|group: "group-1"
	KAFKA_INITIAL_OFFSET=earliest|from: "earliest"
	KAFKA_INITIAL_OFFSET=latest|from: "latest"
	KEY_TYPE=string|key-type: string
	KEY_TYPE=int|key-type: int
	KEY_TYPE=float|key-type: float
	KEY_TYPE=byte-array|key-type: byte-array
	NAMESPACE=ns|namespace: "ns"
	NAME=source-1|name: "source-1"
	KAFKA_NET_SASL_ENABLE=false|sasl-enable: false
	KAFKA_NET_TLS_ENABLE=false|tls-enable: false
	KAFKA_NET_TLS_ENABLE=true|tls-enable: true
	ROWS
}

@test "SASL and TLS by the Go adapter's variables" {
    given+=(KAFKA_NET_SASL_ENABLE=true KAFKA_NET_SASL_USER=u KAFKA_NET_SASL_PASSWORD=secret-1)
    rows <<-'ROWS'
	KAFKA_NET_SASL_TYPE=PLAIN|sasl-type: "PLAIN"
	KAFKA_NET_SASL_TYPE=SCRAM-SHA-256|sasl-type: "SCRAM-SHA-256"
	KAFKA_NET_SASL_TYPE=SCRAM-SHA-512|sasl-type: "SCRAM-SHA-512"
	KAFKA_NET_SASL_USER=user-1|sasl-user: "user-1"
	ROWS
    run -0 env "${given[@]}" "$adapter" --print-config
    refute_output --partial secret-1
}

@test "every variable of Knative's source runtime is understood" {
    rows <<-'ROWS'
	K_SINK=https://other.example/path|sink: "https://other.example/path"
	K_CA_CERTS=-----BEGIN CERTIFICATE-----|sink-ca-certs: "-----BEGIN CERTIFICATE-----"
	K_CE_OVERRIDES={"extensions":{"cluster":"c1"}}|ce-overrides: "{\"extensions\":{\"cluster\":\"c1\"}}"
	K_SINK_TIMEOUT=30|sink-timeout: 30
	K_SINK_TIMEOUT=-1|sink-timeout: -1
	K_AUDIENCE=sink-audience|audience: "sink-audience"
	ROWS
}

@test "what Knative sets for other sources, or leaves empty, changes nothing" {
    local variable
    for variable in K_LOGGING_CONFIG={} K_OBSERVABILITY_CONFIG={} K_METRICS_CONFIG={} K_TRACING_CONFIG={} K_LEADER_ELECTION_CONFIG={} KAFKA_ANYTHING=1 \
        K_CA_CERTS= K_CE_OVERRIDES= K_CE_OVERRIDES={} K_SINK_TIMEOUT= K_AUDIENCE= KEY_TYPE= KAFKA_INITIAL_OFFSET= KAFKA_NET_SASL_ENABLE= KAFKA_NET_TLS_CERT=; do
        run env "${given[@]}" "$variable" "$adapter" --check-config
        assert_success
    done
}

@test "the log's level is Knative's, unless --log-level says another" {
    local row
    while IFS='|' read -r level expected flag; do
        # shellcheck disable=SC2086
        run -0 env "${given[@]}" "K_LOGGING_CONFIG={\"zap-logger-config\":\"{\\\"level\\\":\\\"$level\\\"}\"}" "$adapter" --print-config $flag
        assert_line --partial "log-level: $expected"
    done <<-'ROWS'
	debug|debug|
	warn|warning|
	fatal|error|
	unheard-of|info|
	debug|error|--log-level=error
	ROWS
}

@test "a wrong value names its variable" {
    local assignment
    for assignment in K_SINK=sink.example K_SINK=ftp://sink.example K_SINK_TIMEOUT=0 K_SINK_TIMEOUT=soon K_CE_OVERRIDES=x K_CE_OVERRIDES='{"extensions":{"id":"x"}}' \
        KEY_TYPE=long KAFKA_INITIAL_OFFSET=middle KAFKA_NET_SASL_ENABLE=perhaps KAFKA_NET_TLS_ENABLE=2; do
        run -78 env "${given[@]}" "$assignment" "$adapter" --check-config
        assert_output --partial "${assignment%%=*}"
    done
}

@test "K_SINK_TIMEOUT limits a try, and --timeout wins over it" {
    kafka_start embedded
    sink '[{"times":1,"kind":"hang"}]'
    events 1 1 | kafka_produce game-hits
    K_SINK_TIMEOUT=1 adapter adapter
    within 30 shows 'umpire_deliveries_total{class="none"}' 1
    within 30 shows umpire_events_delivered_total 1
    K_SINK_TIMEOUT=1 run -0 "$adapter" --sink=http://s --topics=t --group=g --bootstrap-servers=k:1 --timeout=7s --print-config
    assert_line --partial 'timeout: 7s  # --timeout'
}

@test "K_CE_OVERRIDES and KEY_TYPE reach the sink" {
    kafka_start embedded
    sink
    printf '{"key":"abcd","value":"v"}\n' | kafka_produce game-hits
    K_CE_OVERRIDES='{"extensions":{"cluster":"c 1"}}' KEY_TYPE=int NAMESPACE=ns NAME=src adapter adapter
    within 30 has_got 1
    run got '.headers | [.["ce-cluster"], .["ce-key"], .["kn-namespace"]] | join(" ")'
    assert_output 'c%201 1633837924 ns'
}
