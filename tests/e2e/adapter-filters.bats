# The source adapter on the embedded broker: filters, and the token that a sink asks for.

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

@test "filtered events are acknowledged without a request, and counted" {
    sink
    events 1 2000 | kafka_produce one
    adapter adapter --filter=type=game.hits --filter-prefix=id=1 --filter-suffix=id=7 --max-in-flight=16
    within 60 shows umpire_events_filtered_total 1889
    within 30 shows umpire_events_delivered_total 111
    [[ $(got '.headers["ce-id"]' | grep -cv '^1.*7$') == 0 && $(got .number | wc -l) == 111 ]]
    within 30 shows 'umpire_lag{topic="one",partition="0"}' 0
    stop adapter
    ((status == 0))
}

@test "a file of Trigger filters decides, in batches too" {
    sink
    printf 'filters:\n- any:\n  - exact: {id: "3"}\n  - not: {prefix: {id: "1"}}\n' >"$BATS_TEST_TMPDIR/filters.yaml"
    events 1 12 1 | kafka_produce one
    adapter adapter --filter-file="$BATS_TEST_TMPDIR/filters.yaml" --content-mode=batch --ordering=key --batch-linger=1s --batch-max-events=12
    within 30 shows umpire_events_filtered_total 4
    within 30 shows umpire_events_delivered_total 8
    [[ $(got '.body | fromjson | .[].id' | tr '\n' ' ') == '2 3 4 5 6 7 8 9 ' ]]
}

@test "filters are a key of the file of --config too, and all that are given must match" {
    sink
    cat >"$BATS_TEST_TMPDIR/adapter.yaml" <<END
filter-suffix: {id: "1"}
filters: # as in a Trigger's spec
- not: {exact: {id: "11"}}
- any:
  - prefix: {id: "1"}
  - exact: {id: "21"}
END
    events 1 30 | kafka_produce one
    adapter adapter --config="$BATS_TEST_TMPDIR/adapter.yaml"
    within 30 shows umpire_events_filtered_total 28
    within 30 shows umpire_events_delivered_total 2
    [[ $(got '.headers["ce-id"]' | tr '\n' ' ') == '1 21 ' ]]
    stop adapter

    # As it prints them, and as a variable, they are the same.
    "$BUILD/source-adapter/source-adapter" --config="$BATS_TEST_TMPDIR/adapter.yaml" --sink="$SINK" --topics=one --group=other --from=earliest \
        --bootstrap-servers="$BOOTSTRAP" --print-config >"$BATS_TEST_TMPDIR/printed.yaml"
    start again "$BUILD/source-adapter/source-adapter" --config="$BATS_TEST_TMPDIR/printed.yaml" --admin-listen=127.0.0.1:0
    ADMIN=$(address again admin)
    within 30 shows umpire_events_filtered_total 28
    within 30 shows umpire_events_delivered_total 2
    stop again
    export ADAPTER_FILTERS='[{"exact":{"id":"7"}}]' GROUP=third
    adapter third
    within 30 shows umpire_events_filtered_total 29
    [[ $(got '.headers["ce-id"]' | tr '\n' ' ') == '1 21 1 21 7 ' ]]
}

@test "with K_AUDIENCE the sink gets the token of the file, and the new one when that changes; the dead-letter sink gets none" {
    DEAD_LEDGER=$BATS_TEST_TMPDIR/dead-ledger
    start dead /usr/bin/python3 "$ROOT/tests/support/sink.py" "$DEAD_LEDGER"
    sink '[{"header":{"ce-id":"2"},"status":400}]'
    echo first.token >"$BATS_TEST_TMPDIR/token"
    events 1 2 | kafka_produce one
    K_AUDIENCE=sink-audience adapter adapter --token-file="$BATS_TEST_TMPDIR/token" --dead-letter-sink="http://$(address dead)"
    within 30 shows umpire_dead_letters_total 1
    [[ $(got '.headers.authorization' | sort -u) == 'Bearer first.token' ]]
    [[ $(jq -r '.headers | has("authorization")' "$DEAD_LEDGER") == false ]]

    rm "$BATS_TEST_TMPDIR/token"
    within 30 logged adapter 'the one before stays'
    echo second.token >"$BATS_TEST_TMPDIR/token.new"
    mv "$BATS_TEST_TMPDIR/token.new" "$BATS_TEST_TMPDIR/token"
    changed() { events 3 3 | kafka_produce one; [[ $(got '.headers.authorization' | tail -n 1) == 'Bearer second.token' ]]; }
    within 30 changed
    [[ $(grep -c second.token "$BATS_TEST_TMPDIR/adapter.log") == 0 ]]
    stop adapter

    # Naming the file is enough; naming nothing sends nothing.
    again() { "$BUILD/source-adapter/source-adapter" --bootstrap-servers="$BOOTSTRAP" --topics=one --sink="$SINK" --on-exhausted=drop --replay "$@"; }
    again --token-file="$BATS_TEST_TMPDIR/token"
    [[ $(got '.headers.authorization' | tail -n 1) == 'Bearer second.token' ]]
    again
    [[ $(got '.headers | has("authorization")' | tail -n 1) == false ]]
}
