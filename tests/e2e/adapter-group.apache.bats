# The source adapter as a member of a group on real Apache Kafka: what is kept when it restarts, shares, is slow, or is replaced.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    kafka_start apache
    TOPIC=$(unique hits)
    GROUP=$(unique group)
}

teardown() {
    stop_all
}

@test "what finished beyond a gap is remembered in the commit: a restart sends only what is missing" {
    kafka_topics "$TOPIC:1"
    sink '[{"header":{"ce-id":"1"},"status":503}]'
    events 1 20 20 | kafka_produce "$TOPIC"
    adapter first --ordering=key --retry=1000 --commit-interval=100ms
    within 40 shows umpire_events_delivered_total 19
    stop first
    ((status == 0)) # a pause between two tries holds no drain
    run "$KAFKA_ADMIN" "$BOOTSTRAP" offsets "$GROUP" "$TOPIC"
    assert_output --regexp '^0 0 0 20 umpire1;n=1;a=.+$'
    rules '[]'
    adapter second --ordering=key
    within 40 has_got 1 '.headers["ce-id"] == "1" and .status == 204'
    events 21 21 | kafka_produce "$TOPIC"
    within 40 has_got 1 '.headers["ce-id"] == "21"'
    stop second
    ((status == 0))
    [[ $(got 'select(.status == 204) | .headers["ce-id"]' | sort -n | uniq -d | wc -l) == 0 && $(got 'select(.status == 204) | .number' | wc -l) == 21 ]]
    [[ $(kafka_committed "$GROUP" "$TOPIC" 0) == 21 ]]
}

@test "SIGTERM while a key stands still: what it holds back is sent after the restart, and nothing twice" {
    kafka_topics "$TOPIC:1"
    sink '[{"header":{"ce-id":"1"},"status":400}]'
    events 1 20 4 | kafka_produce "$TOPIC"
    adapter first --ordering=key --commit-interval=100ms
    within 40 shows umpire_events_delivered_total 15 # of the key of event 1 there are five
    stalls 1
    stop first
    ((status == 0))
    rules '[]'
    adapter second --ordering=key
    within 40 shows umpire_events_delivered_total 5
    stop second
    ((status == 0))
    [[ $(got 'select(.status == 204) | .headers["ce-id"]' | sort -n | tr '\n' ' ') == "$(seq -s ' ' 1 20) " ]]
    [[ $(kafka_committed "$GROUP" "$TOPIC" 0) == 20 ]]
}

@test "a partition that appears later is read from its beginning, whatever --from says" {
    kafka_topics "$TOPIC:1"
    sink
    adapter adapter --from=latest --kafka-set=topic.metadata.refresh.interval.ms=1000
    within 40 logged adapter '"message":"partition assigned"'
    "$KAFKA_ADMIN" "$BOOTSTRAP" grow "$TOPIC" 2
    events 1 5 | jq -c '.partition = 1' | kafka_produce "$TOPIC" # most likely before the adapter knows of it
    within 60 has_got 5
    [[ $(got '.headers["ce-id"]' | tr '\n' ' ') == '1 2 3 4 5 ' ]]
    stop adapter
    ((status == 0))
    [[ $(kafka_committed "$GROUP" "$TOPIC" 1) == 5 ]]
}

@test "a position without our metadata is a position like any other" {
    kafka_topics "$TOPIC:1"
    sink
    events 1 10 | kafka_produce "$TOPIC"
    "$KAFKA_ADMIN" "$BOOTSTRAP" commit "$GROUP" "$TOPIC" 0 6
    adapter adapter
    within 40 has_got 4
    stop adapter
    [[ $(got '.headers["ce-id"]' | tr '\n' ' ') == '7 8 9 10 ' ]]
}

@test "attempts are counted on through a rebalance: a partition that stays goes on where it was" {
    kafka_topics "$TOPIC:2" "$TOPIC.dlq:1"
    sink '[{"header":{"ce-id":"1"},"status":503}]'
    events 1 1 | jq -c '.partition = 0' | kafka_produce "$TOPIC"
    adapter first --instance=a --retry=14 --backoff-policy=linear --backoff-delay=1s --backoff-max=1s --dead-letter-topic="$TOPIC.dlq" --kafka-set=heartbeat.interval.ms=200
    within 40 has_got 2
    adapter second --instance=b # the second partition is its: members are sorted by their names
    within 40 logged first '"message":"partitions revoked"'
    (($(got .number | wc -l) < 15)) # the rebalance came in between
    letter() { [[ $(kafka_consume "$TOPIC.dlq" | wc -l) == 1 ]]; }
    within 40 letter
    [[ $(kafka_consume "$TOPIC.dlq" | jq -r '.headers[] | select(.[0] == "umpire_attempts") | .[1]') == 15 && $(got .number | wc -l) == 15 ]]
}

@test "a sink slower than max.poll.interval.ms causes no rebalance" {
    kafka_topics "$TOPIC:1"
    sink '[{"times":1,"delay":9}]'
    events 1 3 | kafka_produce "$TOPIC"
    adapter adapter --drain-timeout=2s --kafka-set=max.poll.interval.ms=6000 --kafka-set=session.timeout.ms=6000
    within 60 shows umpire_events_delivered_total 3
    shows umpire_rebalances_total 1
    [[ $(got .number | wc -l) == 3 ]]
}

@test "a static member has its partitions again at once after a SIGKILL" {
    kafka_topics "$TOPIC:2"
    sink
    events 1 2 | kafka_produce "$TOPIC"
    adapter first --group-instance-id=stable-0
    within 40 has_got 2
    within 20 shows umpire_commits_total 1
    stop first KILL
    events 3 4 | kafka_produce "$TOPIC"
    begun=$SECONDS
    adapter second --group-instance-id=stable-0
    within 40 has_got 4
    ((SECONDS - begun < 15)) # else the session of 45 s would have to expire; measured: 0.22 s
}

@test "a second process with the id of a static member is fatal to the first: 69, and the id in the message" {
    kafka_topics "$TOPIC:2"
    sink
    events 1 2 | kafka_produce "$TOPIC"
    adapter first --group-instance-id=stable-0
    within 40 has_got 2
    adapter second --group-instance-id=stable-0
    finish first
    ((status == 69))
    logged first 'group.instance.id stable-0'
    events 3 4 | kafka_produce "$TOPIC"
    within 40 has_got 4
}

# peak NAME: its largest resident memory so far, in KiB.
peak() {
    awk '/VmHWM/ {print $2}' "/proc/${PIDS[$1]}/status"
}

# lagging FLAG...: an adapter reads a backlog of 150,000 events, until the bench sink has had 100,000.
lagging() {
    kafka_topics "$TOPIC:4"
    "$BUILD/tests/bench/bench-produce" --bootstrap "$BOOTSTRAP" --topic "$TOPIC.lag" --events 150000 --size 200 >/dev/null
    start bench "$BUILD/tests/bench/bench-sink" --until 100000
    within 20 grep -q listening "$BATS_TEST_TMPDIR/bench.out"
    SINK=http://$(awk '/^listening/ {print $2}' "$BATS_TEST_TMPDIR/bench.out")
    TOPIC=$TOPIC.lag adapter lagging "$@"
    finish bench
    MEMORY=$(peak lagging)
    stop lagging KILL
    echo "$*: $MEMORY KiB"
}

@test "a backlog does not grow into memory: 80 MiB" {
    lagging --ordering=key
    ((MEMORY < 81920))
}

@test "a backlog does not grow into memory: with --low-memory 40 MiB" {
    lagging --ordering=key --low-memory
    ((MEMORY < 40960))
}

# librdkafka before 2.2 looks at queues that were full once a second, unless it is woken. The report has the events of each tenth of a second.
@test "reading goes on while the queues are full: it never pauses" {
    lagging --ordering=none --low-memory --content-mode=batch --max-in-flight=4096
    tail -n 1 "$BATS_TEST_TMPDIR/bench.out"
    pauses=$(tail -n 1 "$BATS_TEST_TMPDIR/bench.out" | jq '[.tenths | map(if . == 0 then "-" else "+" end) | join("") | scan("-{6,}")] | length')
    ((pauses <= 2))
}

@test "values of a megabyte each stay within the same bounds" {
    "$BUILD/tests/bench/bench-produce" --bootstrap "$BOOTSTRAP" --topic "$TOPIC.large" --events 150 --size 1000000 --set message.max.bytes=2000000 >/dev/null
    sink '[{"delay":0.02}]'
    TOPIC=$TOPIC.large adapter adapter --ordering=key
    within 60 has_got 150
    echo "$(peak adapter) KiB"
    (($(peak adapter) < 81920))
}
