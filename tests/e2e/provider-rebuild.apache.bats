# A board that starts anew, or a second one, shows what the first one showed: also when the table of flagged players has been compacted.
load ../support/support
load ../support/kafka
load ../support/provider

teardown() {
    stop_all
}

TOKEN=the-token-of-the-speaker

# board_start NAME [OPTION…]: a board of run seven; leaves $BOARD.
board_start() {
    local name=$1
    shift
    start "$name" "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --listen 127.0.0.1:0 --rate 0 --run seven --admin-token-file "$BATS_TEST_TMPDIR/token" "$@"
    BOARD=http://$(address "$name")
    within 60 shows '.rebuilding | not'
}

shows() {
    curl -fsS "$BOARD/api/state" | jq -e "$1" >/dev/null
}

order() {
    curl -fsS -X POST "$BOARD/api/simulation" -H "Authorization: Bearer $TOKEN" -d "$1"
}

# flagged ROUND: who was flagged in it, how often, since when; and who is hidden.
flagged() {
    curl -fsS "$BOARD/api/state?round=$1" | jq -c '[.players[] | select(.flagged or .hidden) | {id, cheats, since: .flagged.since, last: .flagged.last, hidden}] | sort_by(.id)'
}

# in_table: records of the table that are there.
in_table() {
    kafka_consume flagged-players | wc -l
}

# cheats [ROUND]: how many verdicts flagged somebody in that round, by the board; all rounds, by the latest rows of the table.
cheats() {
    if [[ ${1:-} ]]; then
        curl -fsS "$BOARD/api/state?round=$1" | jq '[.players[].cheats // 0] | add'
    else
        kafka_consume flagged-players | jq -s 'map(select(.key | startswith("umpire/") | not)) | group_by(.key) | map(max_by(.offset).value | fromjson | .count) | add // 0'
    fi
}

# rows_are_written NUMBER: the table has all that the board knows.
rows_are_written() {
    [[ $(cheats) == "$1" ]]
}

# A segment that is written to is not compacted: a record behind it closes it, in each partition.
compacted() {
    local partition
    for partition in 0 1 2; do
        jq -nc --argjson partition "$partition" '{partition: $partition, key: "umpire/none", value: "{}"}'
    done | kafka_produce flagged-players
    (($(in_table) < $1))
}

@test "a board rebuilt from a compacted table shows the same players, rounds and hidden ones, and so does a second board" {
    echo "$TOKEN" >"$BATS_TEST_TMPDIR/token"
    echo log.cleaner.backoff.ms=200 >"$BATS_TEST_TMPDIR/properties"
    kafka_start apache --properties "$BATS_TEST_TMPDIR/properties"
    kafka_topics game-hits:3 audit-verdicts:3 game-hits-dlq:1 umpire-status:1 \
        flagged-players:3:cleanup.policy=compact:segment.ms=100:min.cleanable.dirty.ratio=0.01:max.compaction.lag.ms=200
    board_start first
    "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --listen none --seed 7 --run seven --epoch 2026-01-01T00:00:00Z --rate 1000 --events 300 --scenario cheaters
    kafka_consume game-hits >"$BATS_TEST_TMPDIR/hits"
    # In pieces, so that the table gets several rows for the same players.
    split -l 75 "$BATS_TEST_TMPDIR/hits" "$BATS_TEST_TMPDIR/piece."
    local piece total=0
    for piece in "$BATS_TEST_TMPDIR"/piece.*; do
        verdicts <"$piece" | kafka_produce audit-verdicts
        total=$((total + 75))
        within 30 shows ".totals.verdicts == $total"
        within 30 rows_are_written "$(cheats 1)"
    done
    order '{"action":"round"}' >/dev/null
    within 30 shows '.round.number == 2 and .totals.hits == 0'
    # The same players once more, in the new round.
    jq -c '.headers |= map(if .[0] == "ce_id" then [.[0], "again-" + .[1]] else . end) | del(.offset, .timestamp)' "$BATS_TEST_TMPDIR/hits" | kafka_produce game-hits
    kafka_consume game-hits | tail -n +1 | jq -c 'select(.headers | any(.[0] == "ce_id" and (.[1] | startswith("again-"))))' | verdicts | kafka_produce audit-verdicts
    within 30 shows '.totals.verdicts == 300'
    local hidden all=$(($(cheats 1) + $(cheats 2)))
    hidden=$(flagged 2 | jq -r '.[0].id')
    order "{\"action\":\"hide\",\"player\":\"$hidden\"}" >/dev/null
    within 30 shows ".players[] | select(.id == \"$hidden\") | .hidden"
    local one two
    one=$(flagged 1) two=$(flagged 2)
    [[ $(jq length <<<"$one") -ge 3 && $(jq length <<<"$two") -ge 3 ]]

    # A second board, now.
    board_start second
    assert_equal "$(flagged 1)" "$one"
    assert_equal "$(flagged 2)" "$two"

    within 30 rows_are_written "$all"
    local written
    written=$(in_table)
    within 60 compacted "$written"
    stop first
    assert_equal "$status" 0

    # From the start on: hits and verdicts, too.
    board_start first
    assert_equal "$(flagged 1)" "$one"
    assert_equal "$(flagged 2)" "$two"
    shows '.round.number == 2 and .totals.hits == 300 and .totals.verdicts == 300'
    # From the table alone: no hit is young enough.
    board_start late --history 1s
    assert_equal "$(flagged 1)" "$one"
    assert_equal "$(flagged 2)" "$two"
    shows '.totals.hits == 0 and .from > 0'
}
