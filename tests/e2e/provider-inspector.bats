# Single records, looked at closely: dead letters, and events.
load ../support/support
load ../support/kafka
load ../support/provider

teardown() {
    stop_all
}

letters() {
    curl -fsS "$BOARD/api/dead-letters" | jq -c ".dead_letters | $1"
}

letters_are() {
    [[ $(letters length) == "$1" ]]
}

@test "dead letters are listed, the latest first, and each says why it is one and what it holds" {
    kafka_start embedded
    start it "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded --listen 127.0.0.1:0 --rate 0
    BOARD=http://$(address it)
    within 30 logged it '"message":"ready"'
    assert_equal "$(letters .)" '[]'
    asked 'of=dead-letters&partition=0&offset=0'
    assert_equal "$code" 404
    jq -nc '["<b>" * 3, "no: é"] | {key: "p-1", headers: [["ce_specversion", "1.0"], ["ce_id", "17"], ["ce_type", "game.hits"],
        ["ce_knativeerrordest", "http://sink/"], ["ce_knativeerrorcode", "422"], ["ce_knativeerrordata", (.[1] | @base64)], ["umpire_attempts", "3"],
        ["umpire_origin_topic", "game-hits"]], value: .[0]}' | kafka_produce game-hits-dlq
    within 20 letters_are 1
    letters '.[0]' | jq -e '.partition == 0 and .offset == 0 and .key == "p-1" and .id == "17" and .code == "422" and .reason == "no: é" and .stored > 0'
    asked 'of=dead-letters&partition=0&offset=0'
    assert_equal "$code" 200
    jq -e '.dead_letter | .topic == "game-hits-dlq" and .key == "p-1" and .reason == "no: é" and .value == "<b><b><b>" and (.headers | length) == 8 and
        (.headers | map({(.[0]): .[1]}) | add | .umpire_attempts == "3" and .ce_id == "17")' <<<"$reply"
    # What is no event, has no key, or a reason that is no base64, is shown as it is.
    jq -nc 'range(20) | {headers: [["ce_knativeerrordata", "%%"]], value: "\(.)"}' | kafka_produce game-hits-dlq
    within 20 letters_are 16
    letters 'map(.offset)' | jq -e '. == [range(20; 4; -1)]'
    letters '.[0]' | jq -e '.key == null and .id == null and .code == null and .reason == "%%"'
    # Older ones than are listed can still be asked for.
    asked 'of=dead-letters&partition=0&offset=1'
    assert_equal "$(jq -r .dead_letter.value <<<"$reply")" 0
    asked 'of=dead-letters&partition=0&offset=21'
    assert_equal "$code $(jq -r .title <<<"$reply")" '404 Not there'
    asked 'of=dead-letters&partition=7&offset=0'
    assert_equal "$code" 404
    asked 'of=verdicts&partition=0&offset=0'
    assert_equal "$code" 400
    assert_equal "$(curl -sS -X POST -d '' -o /dev/null -w '%{http_code}' "$BOARD/api/dead-letters")" 405
}
