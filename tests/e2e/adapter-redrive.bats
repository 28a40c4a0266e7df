# The command redrive on the embedded broker: dead letters are delivered as the events that failed, or put back.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    kafka_start embedded
    sink '[{"status":400,"body":"not now","headers":{"kne-reason":"closed"}}]'
}

teardown() {
    stop_all
}

# fails NUMBER [OPTION…]: so many records become dead letters; what the sink was sent is in $BATS_TEST_TMPDIR/first, its ledger empty again.
fails() {
    local number=$1
    shift
    adapter adapter --dead-letter-topic=game-hits-dlq "$@"
    within 30 shows umpire_dead_letters_total "$number"
    stop adapter
    requests >"$BATS_TEST_TMPDIR/first"
    : >"$LEDGER"
}

# What identifies an event that was sent: everything but the connection.
requests() {
    got '[(.headers | with_entries(select(.key | startswith("ce-") or . == "content-type"))), .body]' | sort
}

redrive() {
    start redrive "$BUILD/source-adapter/source-adapter" redrive --bootstrap-servers="$BOOTSTRAP" --topics=game-hits-dlq --backoff-delay=10ms "$@"
    finish redrive
}

@test "each dead letter is sent as the very event that failed" {
    {
        events 1 3
        echo '{"partition":2,"key":"k","timestamp":1700000000123,"headers":[["Colour","red"],["empty",null]],"value":"plain"}'
        echo '{"partition":2,"value":null}'
    } | kafka_produce game-hits
    fails 5
    rules '[]'
    redrive --sink="$SINK"
    ((status == 0))
    requests | diff - "$BATS_TEST_TMPDIR/first"
    ! got | grep -qiE 'knativeerror|umpire_|ce-reason'
    # It goes on where it was: there is nothing left.
    redrive --sink="$SINK"
    ((status == 0))
    requests | diff - "$BATS_TEST_TMPDIR/first"
    [[ $(kafka_committed game-hits-dlq-redrive game-hits-dlq 0) == 5 && $(kafka_committed g game-hits-dlq 0) == - ]]
}

@test "the group is its own, also where the environment names the adapter's" {
    events 1 2 | kafka_produce game-hits
    fails 2
    rules '[]'
    export KAFKA_CONSUMER_GROUP=g
    redrive --sink="$SINK"
    ((status == 0))
    [[ $(kafka_committed g-redrive game-hits-dlq 0) == 2 && $(kafka_committed g game-hits-dlq 0) == - ]]
    redrive --sink="$SINK" --group=mine
    [[ $(got .number | wc -l) == 4 && $(kafka_committed mine game-hits-dlq 0) == 2 ]]
}

@test "what fails again goes back with its origin, once, and the redrive ends" {
    echo '{"partition":1,"key":"k","value":"plain"}' | kafka_produce game-hits
    fails 1
    redrive --sink="$SINK" --dead-letter-topic=game-hits-dlq --retry=0
    ((status == 0))
    run kafka_consume game-hits-dlq
    [[ ${#lines[@]} == 2 ]]
    for name in ce_knativeerrorcode umpire_origin_topic umpire_origin_offset umpire_extensions ce_reason; do
        [[ $(jq -c --arg name "$name" '[.headers[] | select(.[0] == $name)] | length' <<<"${lines[1]}") == 1 ]]
    done
    [[ $(jq -r '.headers | map({(.[0]): .[1]}) | add | "\(.umpire_origin_topic) \(.umpire_origin_partition) \(.umpire_origin_offset)"' <<<"${lines[1]}") == 'game-hits 1 0' ]]
}

@test "a record that is no dead letter is sent as what it is" {
    echo '{"partition":0,"value":"stray"}' | kafka_produce game-hits-dlq
    rules '[]'
    redrive --sink="$SINK"
    ((status == 0))
    [[ $(got '.headers["ce-id"]') == partition:0/offset:0 ]]
}

@test "--to-topic puts key, value and headers back, says who will see them, and needs no sink" {
    { echo '{"partition":0,"key":"k","timestamp":1700000000123,"headers":[["Colour","red"],["empty",null]],"value":"plain"}' && events 1 1; } | kafka_produce game-hits
    kafka_consume game-hits | jq -c '[.key, .value, .headers, .timestamp]' | sort >"$BATS_TEST_TMPDIR/before"
    fails 2
    redrive --to-topic=game-hits
    ((status == 0))
    logged redrive 'every group that reads this topic sees them again'
    kafka_consume game-hits | jq -c '[.key, .value, .headers, .timestamp]' | sort >"$BATS_TEST_TMPDIR/after"
    cat "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/before" | sort | diff - "$BATS_TEST_TMPDIR/after"
    [[ ! -s $LEDGER ]]
}

@test "what means nothing to it, or would go round, is refused" {
    run -78 "$BUILD/source-adapter/source-adapter" redrive --bootstrap-servers=k:1 --topics=dlq --sink=http://s --from=earliest --check-config
    assert_output --partial -- --from
    run -78 "$BUILD/source-adapter/source-adapter" redrive --bootstrap-servers=k:1 --topics=dlq --to-topic=dlq --check-config
    assert_output --partial 'round for ever'
    run -78 "$BUILD/source-adapter/source-adapter" redrive --bootstrap-servers=k:1 --topics=dlq --check-config
    assert_output --partial -- --sink
    run -78 "$BUILD/source-adapter/source-adapter" --bootstrap-servers=k:1 --topics=t --group=g --to-topic=u --sink=http://s --check-config
    assert_output --partial redrive
    run -64 "$BUILD/source-adapter/source-adapter" redriv --check-config
    assert_output --partial redrive
}
