# Parallel running on real Apache Kafka: a second group brings the same events to a candidate, whose verdicts go to a topic of their own.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    kafka_start apache
    TOPIC=$(unique hits)
    kafka_topics "$TOPIC:3" "$TOPIC.verdicts:2" "$TOPIC.candidate:2" "$TOPIC.table:1:cleanup.policy=compact"
}

teardown() {
    stop_all
}

# audits NAME TOPIC OPTION…: a function with these options, and a group of its own that brings its verdicts to that topic.
audits() {
    local name=$1 replies=$2
    shift 2
    start "$name-fn" "$BUILD/audit-fn/audit-fn" --listen=127.0.0.1:0 --reply=always "$@"
    SINK=http://$(address "$name-fn") GROUP=$TOPIC.$name adapter "$name" --ordering=key --reply-topic="$replies"
}

# compare STATUS TEXT [OPTION…]: what verify says of the two topics.
compare() {
    run "-$1" "$BUILD/provider/event-provider" verify --bootstrap-servers "$BOOTSTRAP" --verdict-topic "$TOPIC.verdicts" --against "$TOPIC.candidate" --run "$TOPIC" --wait 5s
    assert_output --partial "$2"
}

all_are_judged() {
    (($(kafka_consume "$TOPIC.verdicts" | wc -l) >= 400 && $(kafka_consume "$TOPIC.candidate" | wc -l) >= 400))
}

@test "a candidate that says the same is known by it, and one with another rule by the events that it sees otherwise" {
    "$BUILD/provider/event-provider" --bootstrap-servers "$BOOTSTRAP" --topic "$TOPIC" --run "$TOPIC" --seed 7 --rate 200 --events 400 --listen 127.0.0.1:0 \
        --verdict-topic "$TOPIC.verdicts" --table-topic "$TOPIC.table" --status-topic '' --dead-letter-topic '' \
        --truth "$BATS_TEST_TMPDIR/truth" 2>"$BATS_TEST_TMPDIR/provider.log"
    audits live "$TOPIC.verdicts"
    audits candidate "$TOPIC.candidate" --revision=candidate
    within 60 all_are_judged
    compare 0 'both topics say the same about all 400 events'
    stop candidate
    stop candidate-fn

    # The next candidate is stricter: the group of its own begins at the start, like the one before.
    kafka_topics "$TOPIC.stricter:2"
    audits stricter "$TOPIC.stricter" --threshold=9
    all_are_judged() { (($(kafka_consume "$TOPIC.stricter" | wc -l) >= 400)); }
    within 60 all_are_judged
    tens=$(kafka_consume "$TOPIC" | jq -r 'select((.value | fromjson | .hits) == 10) | .headers | map({(.[0]): .[1]}) | add | .ce_id' | sort -n)
    [[ $tens ]]
    run -1 "$BUILD/provider/event-provider" verify --bootstrap-servers "$BOOTSTRAP" --verdict-topic "$TOPIC.verdicts" --against "$TOPIC.stricter" --run "$TOPIC" --wait 5s
    [[ $(grep -o "/umpire/provider/$TOPIC [0-9]*: fair" <<<"$output" | awk '{print $2}' | tr -d : | sort -n) == "$tens" ]]
    stop live
    ((status == 0))
}
