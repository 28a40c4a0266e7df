# tests/support/provider.bash: event-provider on the embedded broker. Loaded after kafka.bash.

PROVIDER=$BUILD/provider/event-provider

# simulate [OPTION…]: a run of 300 events in the topics of the interface; its truth in truth.json, unless options say otherwise.
simulate() {
    "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded --listen none --seed 7 --run seven --epoch 2026-01-01T00:00:00Z \
        --rate 1000 --events 300 --truth "$BATS_TEST_TMPDIR/truth.json" "$@"
}

# verdicts: for lines of kafka_consume from the topic of events the verdicts that audit-fn owes them, for kafka_produce.
verdicts() {
    jq -c '(.headers | map({(.[0]): .[1]}) | add) as $event | (.value | fromjson) as $hit | ($hit.hits > 10) as $cheating | {key, headers: [
        ["ce_specversion", "1.0"], ["ce_id", "v-\($event.ce_id)"], ["ce_source", "/umpire/audit-fn"],
        ["ce_type", if $cheating then "audit.fail" else "audit.pass" end], ["ce_subject", .key], ["content-type", "application/json"]],
        value: ({verdict: (if $cheating then "cheating" else "fair" end), rule: "hits-over-10", player: .key, hits: $hit.hits, threshold: 10,
            event: {source: $event.ce_source, id: $event.ce_id}} | tojson)}'
}

# truth FILTER: from the file of the run.
truth() {
    jq -r "$1" "$BATS_TEST_TMPDIR/truth.json"
}

# verify [OPTION…]: compares the run with what is in the topics.
verify() {
    "$PROVIDER" verify --bootstrap-servers "$BOOTSTRAP" --embedded --truth "$BATS_TEST_TMPDIR/truth.json" --wait 1s "$@"
}

# asked QUERY: of GET /api/event at $BOARD; the status in $code, the body in $reply.
asked() {
    code=$(curl -sS --max-time 20 -o "$BATS_TEST_TMPDIR/reply" -w '%{http_code}' "$BOARD/api/event?$1")
    reply=$(<"$BATS_TEST_TMPDIR/reply")
}
