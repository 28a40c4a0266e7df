# The source adapter with --exactly-once on real Apache Kafka: what a reader of committed records sees, whatever happens to the adapter.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    kafka_start apache
    TOPIC=$(unique hits)
    GROUP=$(unique group)
    REPLIES=$TOPIC.replies
    DLQ=$TOPIC.dlq
    kafka_topics "$TOPIC:3" "$REPLIES:2" "$DLQ:1"
}

teardown() {
    stop_all
}

# Every event is answered with a reply that names it (sink.py: %ID% is the event's id).
REPLY='"status":200,"headers":{"ce-specversion":"1.0","ce-id":"v-%ID%","ce-source":"/sink","ce-type":"audit.fail","ce-causationid":"%ID%"},"body":"{}"'

# exactly NAME [OPTION…]
exactly() {
    local name=$1
    shift
    adapter "$name" --exactly-once --ordering=key --reply-topic="$REPLIES" --dead-letter-topic="$DLQ" --transactional-id="$GROUP" --commit-interval=200ms \
        --kafka-set=session.timeout.ms=6000 "$@"
}

committed() {
    kafka_consume "$1" -X isolation.level=read_committed
}

# verdicts: the ids that the committed replies are about, sorted by number, doubles included.
verdicts() {
    committed "$REPLIES" | jq -r '.headers | map({(.[0]): .[1]}) | add | .ce_causationid' | sort -n
}

# has_verdicts NUMBER: so many at least, for `within`.
has_verdicts() {
    (($(verdicts | wc -l) >= $1))
}

all_committed() {
    local partition end
    for partition in 0 1 2; do
        end=$(kafka_consume "$TOPIC" | jq -r "select(.partition == $partition) | .offset + 1" | sort -n | tail -n 1)
        [[ $(kafka_committed "$GROUP" "$TOPIC" "$partition") == "${end:-0}" ]] || return 1
    done
}

@test "each record gives one verdict, through two SIGKILLs" {
    sink "[{\"delay\":0.002,$REPLY}]"
    events 1 1200 50 | kafka_produce "$TOPIC"
    exactly first --max-in-flight=32
    within 40 has_got 250
    stop first KILL
    (($(got .number | wc -l) < 1200))
    exactly second --max-in-flight=32
    within 40 has_got 600
    stop second KILL
    (($(got .number | wc -l) < 1264))
    exactly third --max-in-flight=32
    within 60 has_verdicts 1200
    stop third
    ((status == 0))
    seq 1 1200 | diff - <(verdicts)
    all_committed
    shown=$(got .number | wc -l)
    ((shown <= 1200 + 2 * 64)) # the sink may see an event twice
}

@test "the first event comes within the recovery of a restart's transaction" {
    sink "[{\"delay\":0.01,$REPLY}]"
    events 1 600 50 | kafka_produce "$TOPIC"
    exactly first --max-in-flight=16
    within 40 has_got 100
    stop first KILL
    before=$(got .number | wc -l)
    begun=$SECONDS
    exactly second --max-in-flight=16
    within 40 has_got $((before + 1))
    ((SECONDS - begun <= 10)) # measured: 0.6 s; with another transactional.id it would be more than a minute
    stop second
}

@test "a dead letter is in the same transaction, and there once" {
    sink "[{\"header\":{\"ce-id\":\"5\"},\"status\":400},{$REPLY}]"
    events 1 30 | kafka_produce "$TOPIC"
    exactly adapter
    within 40 has_verdicts 29
    stop adapter
    ((status == 0))
    [[ $(committed "$DLQ" | jq -r '.headers | map({(.[0]): .[1]}) | add | .ce_id') == 5 ]]
    diff <(seq 1 30 | grep -vx 5) <(verdicts)
    all_committed
}

@test "what finished beyond a gap waits in memory for the transaction that closes it" {
    kafka_topics "$TOPIC.one:1"
    sink "[{\"header\":{\"ce-id\":\"1\"},\"status\":503},{$REPLY}]"
    events 1 20 20 | kafka_produce "$TOPIC.one"
    TOPIC=$TOPIC.one exactly adapter --retry=1000
    within 40 has_got 20
    within 20 shows umpire_events_delivered_total 19
    [[ $(verdicts | wc -l) == 0 && $(kafka_committed "$GROUP" "$TOPIC.one" 0) == 0 ]]
    rules "[{$REPLY}]"
    within 20 has_verdicts 20
    seq 1 20 | diff - <(verdicts)
    [[ $(got 'select(.status == 200) | .headers["ce-id"]' | sort -n | uniq -d | wc -l) == 0 ]]
    stop adapter
    ((status == 0))
}

@test "what finished beyond gaps never takes the places of the records that close them" {
    kafka_topics "$TOPIC.one:1"
    sink "[{\"header\":{\"ce-id\":\"1\"},\"status\":503},{$REPLY}]"
    events 1 100 100 | kafka_produce "$TOPIC.one"
    TOPIC=$TOPIC.one exactly adapter --retry=1000 --max-in-flight=8
    all_but_the_last_place() { (($(metric "$ADMIN" umpire_events_delivered_total) >= 15)); }
    within 40 all_but_the_last_place
    [[ $(verdicts | wc -l) == 0 ]]
    rules "[{$REPLY}]"
    within 40 has_verdicts 100
    seq 1 100 | diff - <(verdicts)
    stop adapter
    ((status == 0))
}

@test "a zombie with a transactional.id of its own commits nothing: the group knows it no more" {
    sink "[{\"delay\":0.005,$REPLY}]"
    events 1 800 50 | kafka_produce "$TOPIC"
    exactly zombie --max-in-flight=16 --transactional-id="$GROUP-a" --kafka-set=transaction.timeout.ms=10000
    within 40 has_got 150
    kill -STOP "${PIDS[zombie]}"
    (($(got .number | wc -l) < 800))
    exactly heir --max-in-flight=16 --transactional-id="$GROUP-b"
    within 60 logged heir '"message":"partition assigned"' # the session of the other has ended
    within 60 has_got 400
    kill -CONT "${PIDS[zombie]}"
    within 60 has_verdicts 800
    within 60 logged zombie '"message":"partitions lost"'
    stop zombie
    stop heir
    seq 1 800 | diff - <(verdicts)
    all_committed
}

@test "no transaction is open when partitions are given back" {
    sink "[{\"delay\":0.005,$REPLY}]"
    events 1 800 50 | kafka_produce "$TOPIC"
    exactly first --max-in-flight=16 --transactional-id="$GROUP-a" --kafka-set="debug=eos\,cgrp" --kafka-set=log_level=7 --log-level=debug
    within 40 has_got 100
    exactly second --max-in-flight=16 --transactional-id="$GROUP-b"
    within 60 logged second '"message":"partition assigned"'
    within 60 has_verdicts 800
    stop first
    stop second
    seq 1 800 | diff - <(verdicts)
    # What librdkafka says of itself: whenever it clears its assignment, the latest state of its transactions is that none is open.
    run jq -rR 'fromjson? | .text? // empty | capture("(Transaction state change .* -> (?<state>.*)$)|(?<given>Clearing current assignment)") | if .given then "given back" else .state end' \
        "$BATS_TEST_TMPDIR/first.log"
    assert_line 'InTransaction'
    (($(grep -c '^given back' <<<"$output") == 2)) # for the second one, and at the end
    [[ $(grep -B 1 '^given back' <<<"$output" | grep -v '^given back\|^--' | sort -u) == Ready ]]
}

@test "a second instance with the transactional.id fences the first, which says so with 69" {
    sink "[{$REPLY}]"
    events 1 10 | kafka_produce "$TOPIC"
    exactly first
    within 40 has_verdicts 10
    start second "$BUILD/source-adapter/source-adapter" --bootstrap-servers="$BOOTSTRAP" --topics="$TOPIC" --group="$GROUP-2" --from=earliest --sink="$SINK" \
        --exactly-once --reply-topic="$REPLIES" --transactional-id="$GROUP"
    within 40 has_verdicts 20
    events 11 12 | kafka_produce "$TOPIC"
    finish first
    ((status == 69))
    logged first "transactional.id $GROUP"
    stop second
}

@test "after an abort the replies are produced again without asking the sink again" {
    sink "[{$REPLY}]"
    kafka_topics "$TOPIC.late:1:max.message.bytes=2000"
    REPLIES=$TOPIC.late
    long=$(printf 'x%.0s' {1..5000})
    rules "[{\"header\":{\"ce-id\":\"3\"},\"status\":200,\"headers\":{\"ce-specversion\":\"1.0\",\"ce-id\":\"v-3\",\"ce-source\":\"/sink\",\"ce-type\":\"audit.fail\",\"ce-causationid\":\"3\"},\"body\":\"$long\"},{$REPLY}]"
    events 1 10 | kafka_produce "$TOPIC"
    exactly adapter --kafka-set=compression.codec=none
    within 40 has_verdicts 9
    stop adapter
    ((status == 0))
    logged adapter 'transaction aborted'
    diff <(seq 1 10 | grep -vx 3) <(verdicts)
    [[ $(committed "$DLQ" | jq -r '.headers | map({(.[0]): .[1]}) | add | .ce_id') == 3 ]]
    [[ $(got .number | wc -l) == 10 ]]
    all_committed
}

@test "SIGTERM while a record stands still: the end is clean, and the next life gives each verdict once" {
    kafka_topics "$TOPIC.one:1"
    sink "[{\"header\":{\"ce-id\":\"4\"},\"status\":400},{$REPLY}]"
    events 1 20 20 | kafka_produce "$TOPIC.one"
    stalling() { TOPIC=$TOPIC.one adapter "$1" --exactly-once --ordering=key --reply-topic="$REPLIES" --transactional-id="$GROUP" --commit-interval=200ms; }
    stalling first
    within 40 logged first '"message":"record stalled"'
    within 40 has_got 20
    within 40 has_verdicts 3
    stop first
    ((status == 0))
    seq 1 3 | diff - <(verdicts) # what is beyond the gap is in no transaction
    [[ $(kafka_committed "$GROUP" "$TOPIC.one" 0) == 3 ]]
    rules "[{$REPLY}]"
    stalling second
    within 40 has_verdicts 20
    stop second
    ((status == 0))
    seq 1 20 | diff - <(verdicts)
    [[ $(kafka_committed "$GROUP" "$TOPIC.one" 0) == 20 ]]
}

@test "what cannot be exactly once is refused" {
    local adapter=$BUILD/source-adapter/source-adapter
    given=(--bootstrap-servers=127.0.0.1:1 --topics=t --group=g --sink=http://127.0.0.1:1)
    for option in --replay --content-mode=batch --transactional-id=x; do
        switch=(--exactly-once)
        [[ $option != --transactional-id=x ]] || switch=()
        run -78 "$adapter" "${given[@]}" "${switch[@]}" "$option" --check-config
        assert_output --partial exactly-once
    done
    run -78 "$adapter" redrive "${given[@]}" --exactly-once --check-config
    # A name that a pod has once is no name for transactions.
    KUBERNETES_SERVICE_HOST=10.0.0.1 HOSTNAME=adapter-5d4f8c7b9-x2x4z run -78 "$adapter" "${given[@]}" --exactly-once --check-config
    assert_output --partial transactional-id
    KUBERNETES_SERVICE_HOST=10.0.0.1 HOSTNAME=adapter-0 run -0 "$adapter" "${given[@]}" --exactly-once --check-config
    KUBERNETES_SERVICE_HOST=10.0.0.1 HOSTNAME=adapter-5d4f8c7b9-x2x4z run -0 "$adapter" "${given[@]}" --exactly-once --transactional-id=a --check-config
    kafka_start embedded
    sink
    start adapter "$adapter" --bootstrap-servers="$BOOTSTRAP" --topics=game-hits --group=g --sink="$SINK" --exactly-once
    finish adapter
    ((status == 78))
    logged adapter 'no transactions'
}
