# The source adapter while leaders and the coordinator move, requests fail and brokers go, by the error injection of librdkafka's mock cluster.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    mkfifo "$BATS_TEST_TMPDIR/commands"
    "$BUILD/tests/support/kafka-faulty" "$BATS_TEST_TMPDIR/address" hits:3 hits.replies:1 <"$BATS_TEST_TMPDIR/commands" >"$BATS_TEST_TMPDIR/answers" 3>&- 4>&- &
    PIDS[brokers]=$!
    exec {COMMANDS}>"$BATS_TEST_TMPDIR/commands"
    within 20 test -f "$BATS_TEST_TMPDIR/address"
    BOOTSTRAP=$(<"$BATS_TEST_TMPDIR/address")
    TOPIC=hits
    obeyed=0
}

teardown() {
    exec {COMMANDS}>&-
    stop_all
}

# tell COMMAND…: the brokers do it.
tell() {
    echo "$*" >&"$COMMANDS"
    obeyed=$((obeyed + 1))
    answered() { (($(wc -l <"$BATS_TEST_TMPDIR/answers") >= obeyed)); }
    within 20 answered
    [[ $(tail -n 1 "$BATS_TEST_TMPDIR/answers") == ok* ]] || { tail -n 1 "$BATS_TEST_TMPDIR/answers" >&2; return 1; }
}

# flows: 600 events of 30 keys, in the background of what the test does, from the middle of the first 200 on.
flows() {
    sink '[{"delay":0.01}]'
    events 1 200 30 | kafka_produce hits
    adapter adapter --ordering=key --max-in-flight=16 --commit-interval=100ms --kafka-set=session.timeout.ms=6000 "$@"
    within 60 has_got 60
}

# ends: all 600 arrive, each key in order, few of them twice, all committed, and it stops with 0.
ends() {
    events 201 600 30 | kafka_produce hits
    all_are_there() { [[ $(got '.headers["ce-id"]' | sort -u | wc -l) == 600 ]]; }
    within 120 all_are_there
    for key in 0 7 29; do
        got '.headers["ce-id"] | tonumber' | awk -v key=$key '$1 % 30 == key && !seen[$1]++' >"$BATS_TEST_TMPDIR/order"
        sort -n "$BATS_TEST_TMPDIR/order" | diff - "$BATS_TEST_TMPDIR/order"
    done
    stop adapter
    ((status == 0))
    (($(got .number | wc -l) <= 600 + ${1:-0}))
    local sum=0 partition
    for partition in 0 1 2; do
        local committed
        committed=$(kafka_committed g hits "$partition")
        [[ $committed == - ]] || sum=$((sum + committed))
    done
    ((sum == 600))
}

@test "leaders move, and for a moment there is none" {
    flows
    for partition in 0 1 2; do tell leader hits "$partition" $((partition + 1)); done
    within 60 has_got 100
    for partition in 0 1 2; do tell leader hits "$partition" -1; done
    for partition in 0 1 2; do tell leader hits "$partition" $(((partition + 1) % 3 + 1)); done
    ends
}

@test "the coordinator moves" {
    flows
    tell coordinator g 3
    within 60 has_got 120
    tell coordinator g 1
    ends 32
}

@test "commits fail, in a row and now and then: they are made again" {
    flows
    tell errors 8 4 15 # OffsetCommit: the coordinator is not available
    tell errors 8 2 30 # it is not allowed
    ends
    logged adapter '"message":"commit failed"'
}

@test "a commit that says that the group has gone on without us is made again by a member that it knows" {
    flows
    tell errors 8 1 22 # OffsetCommit: illegal generation
    ends 32
    logged adapter '"message":"commit failed","error":"Broker: Specified group generation id is not valid"'
}

@test "fetches and heartbeats fail for a while" {
    flows
    tell errors 1 5 6   # Fetch: not the leader
    tell errors 12 3 14 # Heartbeat: the coordinator is loading
    ends
}

@test "a broker goes and comes back" {
    flows
    tell down 2
    tell down 3
    sleep 1 # what is tested: nobody is there for a while
    tell up 2
    tell up 3
    ends 32
}

@test "replies are refused for a while: no event is finished without its reply" {
    sink '[{"status":200,"headers":{"ce-specversion":"1.0","ce-id":"v-%ID%","ce-source":"/sink","ce-type":"audit.fail","ce-causationid":"%ID%"},"body":"{}"}]'
    events 1 100 30 | kafka_produce hits
    tell errors 0 3 19 # Produce: not enough replicas
    adapter adapter --ordering=key --reply-topic=hits.replies
    within 60 shows umpire_events_delivered_total 100
    stop adapter
    ((status == 0))
    [[ $(kafka_consume hits.replies | jq -r '.headers | map({(.[0]): .[1]}) | add | .ce_causationid' | sort -nu | wc -l) == 100 ]]
}
