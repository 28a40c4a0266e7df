# Events that are older than what a board keeps are read back from Kafka, or it is said why they cannot be.
load ../support/support
load ../support/kafka
load ../support/provider

teardown() {
    stop_all
}

@test "an old event is read back from Kafka by its place; what retention has removed, what is not there yet, and silence are told apart" {
    kafka_start apache --user test:secret # one of its own, that can be ended
    kafka_topics game-hits:3 audit-verdicts:3 game-hits-dlq:1 umpire-status:1 flagged-players:3:cleanup.policy=compact
    "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --listen none --seed 7 --run seven --rate 1000 --events 100
    "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --listen none --seed 7 --run other --rate 1000 --events 100
    sleep 1.1 # what is older than the history below
    start it "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --listen 127.0.0.1:0 --rate 0 --run seven --history 1s
    BOARD=http://$(address it)
    within 60 logged it '"message":"board has caught up"'
    curl -fsS "$BOARD/api/state" | jq -e '.totals.hits == 0'
    local place
    place=$(kafka_consume game-hits | jq -r 'select(.partition == 0) | "\(.offset) \(.headers | map({(.[0]): .[1]}) | add | "\(.ce_source) \(.ce_id)")"' | sort -n)
    asked "partition=0&offset=1"
    assert_equal "$code" 200
    assert_equal "1 $(jq -r '.hit.attributes | "\(.source) \(.id)"' <<<"$reply")" "$(sed -n 2p <<<"$place")"
    jq -e '.hit.read == null and .hit.stored > 0 and .verdict == null and (.hit.http | contains("ce-knativekafkaoffset: 1\n"))' <<<"$reply"
    # Another run's event is none of this board's.
    asked "partition=0&offset=$(awk '/other/ {print $1; exit}' <<<"$place")"
    assert_equal "$code $(jq -r .title <<<"$reply")" '404 No such event'
    asked 'partition=0&offset=1000000'
    assert_equal "$code $(jq -r .title <<<"$reply")" '404 Not there'
    "$KAFKA_ADMIN" "$BOOTSTRAP" delete-records game-hits 0 2
    asked 'partition=0&offset=1'
    assert_equal "$code $(jq -r .title <<<"$reply")" '410 Gone'
    asked 'partition=0&offset=2'
    assert_equal "$code" 200
    # A broker that is silent: an answer within seconds, and no more questions than can wait.
    kafka_stop KILL
    start many curl -sS --max-time 60 --parallel --parallel-immediate -o /dev/null -w '%{http_code}\n' "$BOARD/api/event?partition=0&offset=[2-7]"
    finish many
    assert_equal "$(sort "$BATS_TEST_TMPDIR/many.out" | uniq -c | awk '{print $2 "x" $1}' | tr '\n' ' ')" '503x2 504x4 '
}
