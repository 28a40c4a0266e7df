# The source adapter's settings: what is wrong, where, and what was expected.

setup() {
    load ../support/support
    adapter=$BUILD/source-adapter/source-adapter
    given=(--bootstrap-servers=127.0.0.1:1 --topics=t --group=g --sink=http://127.0.0.1:1)
}

teardown() {
    stop_all
}

@test "an unknown flag, variable or key names the nearest one" {
    run -64 "$adapter" "${given[@]}" --oderring=key
    assert_output --partial '--ordering'
    ADAPTER_ODERRING=key run -78 "$adapter" "${given[@]}" --check-config
    assert_output --partial 'ADAPTER_ORDERING'
    echo 'oderring: key' >"$BATS_TEST_TMPDIR/a.yaml"
    run -78 "$adapter" "${given[@]}" --config="$BATS_TEST_TMPDIR/a.yaml" --check-config
    assert_output --partial 'a.yaml:1'
    assert_output --partial 'ordering'
}

@test "what Kubernetes makes for services is no mistake" {
    ADAPTER_SERVICE_HOST=10.0.0.1 ADAPTER_SERVICE_PORT=80 ADAPTER_PORT=tcp://10.0.0.1:80 ADAPTER_PORT_80_TCP=tcp://10.0.0.1:80 K_LOGGING_CONFIG='{}' KAFKA_WHATEVER=1 \
        run -0 "$adapter" "${given[@]}" --check-config
}

@test "Knative's variables are understood" {
    K_SINK=http://sink.example/ KAFKA_TOPICS=a,b KAFKA_CONSUMER_GROUP=g KAFKA_BOOTSTRAP_SERVERS=k:9092 K_CE_OVERRIDES='{"extensions":{"cluster":"c1"}}' \
        K_SINK_TIMEOUT=30 KEY_TYPE=int NAMESPACE=ns NAME=src run -0 "$adapter" --print-config
    assert_output --partial 'sink: "http://sink.example/"'
    assert_output --partial 'key-type: int'
}

@test "what is missing or wrong is named with its place" {
    run -78 "$adapter" --check-config
    run -78 env K_SINK=ftp://x "$adapter" --bootstrap-servers=k:1 --topics=t --group=g --check-config
    assert_output --partial K_SINK
    run -78 env K_CE_OVERRIDES='{"extensions":{"Bad-Name":"x"}}' "$adapter" "${given[@]}" --check-config
    assert_output --partial K_CE_OVERRIDES
    run "$adapter" "${given[@]}" --from=yesterday --check-config
    assert_failure
    assert_output --partial -- --from
}

@test "topics that would feed themselves are refused" {
    run "$adapter" "${given[@]}" --reply-topic=t --check-config
    assert_failure
    assert_output --partial 'round for ever'
}

@test "a Kafka that does not answer is 69, after --start-timeout" {
    start adapter "$adapter" "${given[@]}" --start-timeout=1s
    finish adapter
    ((status == 69))
    logged adapter 'Kafka not reached'
}

@test "SIGTERM while looking for Kafka ends it with 0" {
    start adapter "$adapter" "${given[@]}" --admin-listen=127.0.0.1:0
    admin=$(address adapter admin)
    [[ $(curl -s -o /dev/null -w '%{http_code}' "http://$admin/health/readiness") == 503 ]]
    stop adapter
    ((status == 0))
}

@test "bounds of batches without --content-mode=batch are refused" {
    local flag
    for flag in --batch-max-events=5 --batch-max-bytes=64KiB --batch-linger=1s; do
        run -78 "$adapter" "${given[@]}" "$flag" --check-config
        assert_output --partial "${flag%%=*}"
        run -0 "$adapter" "${given[@]}" "$flag" --content-mode=batch --check-config
    done
}

@test "combinations and values of giving up, filters and tokens that cannot be are refused" {
    local row
    printf -- '- exact: {type: x}\n- exakt: {type: y}\n' >"$BATS_TEST_TMPDIR/filters.yaml"
    printf 'retry: 3\nfilters: []\n' >"$BATS_TEST_TMPDIR/empty.yaml"
    printf 'retry: 3\nfilters:\n- any:\n  - exakt: {type: y}\n' >"$BATS_TEST_TMPDIR/wrong.yaml"
    while IFS='|' read -r row expected; do
        # shellcheck disable=SC2086
        run -78 "$adapter" "${given[@]}" $row --check-config
        assert_output --partial -- "$expected"
    done <<-ROWS
	--dead-letter-topic=d --dead-letter-sink=http://d|a dead letter has one place
	--dead-letter-sink=ftp://d|--dead-letter-sink
	--exactly-once --dead-letter-sink=http://d|--dead-letter-sink, which no transaction holds
	--exactly-once --on-exhausted=drop|--on-exhausted=drop, which no transaction holds
	--kafka-set=max.poll.interval.ms=6000|--drain-timeout: expected less than max.poll.interval.ms
	--drain-timeout=6s --kafka-set=max.poll.interval.ms=6000|--drain-timeout: expected less than max.poll.interval.ms
	--skip=t:0|--skip
	--skip=other:0:1|one of --topics
	--filter=type|--filter
	--filter-prefix=Type=x|--filter-prefix
	--filter-file=$BATS_TEST_TMPDIR/filters.yaml|filters.yaml:2: exakt
	--filter-file=/nonexistent|--filter-file
	--filters=x|--filters:1: expected a list of filters
	--filters=[{"exakt":{}}]|--filters:1: exakt: unknown key; did you mean "exact"?
	--config=$BATS_TEST_TMPDIR/empty.yaml|empty.yaml:2: filters: expected a list of filters
	--config=$BATS_TEST_TMPDIR/wrong.yaml|wrong.yaml:4: exakt: unknown key
	ROWS
    K_AUDIENCE=a run -78 "$adapter" "${given[@]}" --token-file=/nonexistent
    assert_output --partial /nonexistent
}
