# POST /events: CloudEvents from HTTP into Kafka.
load ../support/support
load ../support/kafka
load ../support/provider
load ../support/doors

teardown() {
    stop_all
}

EVENT=(-X POST -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /curl' -H 'ce-type: game.hits')

# fields TOPIC: the headers of each record as an object, with key and value.
fields() {
    kafka_consume "$1" | jq -c '{key, value} + (.headers | map({(.[0]): .[1]}) | add)'
}

@test "binary, structured and batched events are in the topic when 202 comes, with the key that they name" {
    kafka_start embedded
    doors_open
    ask /events "${EVENT[@]}" -H 'ce-subject: p-7' -H 'ce-text: Euro%20%E2%82%AC' -H 'Content-Type: application/json' -d '{ "hits" : 11.0 }'
    assert_equal "$code $reply" '202 '
    fields game-hits | jq -e '. == {key: "p-7", value: "{ \"hits\" : 11.0 }", ce_specversion: "1.0", ce_id: "1", ce_source: "/curl",
        ce_type: "game.hits", ce_subject: "p-7", ce_text: "Euro €", "content-type": "application/json"}'

    ask /events/game-hits -X POST -H 'Content-Type: application/cloudevents+json; charset=utf-8' \
        -d '{"specversion":"1.0","id":"2","source":"/curl","type":"t","partitionkey":"k","subject":"s","data":{"a": 1.10}}'
    assert_equal "$code" 202
    fields game-hits | jq -es 'map(select(.ce_id == "2")) | .[0] | .key == "k" and .value == "{\"a\": 1.10}" and .ce_subject == "s"'

    jq -nc '[range(3; 203) | {specversion: "1.0", id: "\(.)", source: "/batch", type: "t", partitionkey: "same", data_base64: "AP8="}]' >"$BATS_TEST_TMPDIR/batch"
    ask /events -X POST -H 'Content-Type: application/cloudevents-batch+json' -d "@$BATS_TEST_TMPDIR/batch"
    assert_equal "$code" 202
    # In their order, as they have one key.
    kafka_consume game-hits | jq -es 'map(select(.key == "same")) | length == 200 and ([.[].headers[] | select(.[0] == "ce_id")[1] | tonumber] == [range(3; 203)])'
    ask /events -X POST -H 'Content-Type: application/cloudevents-batch+json' -d '[]'
    assert_equal "$code" 202
    # An event without data is a record without a value, and without a subject one without a key.
    ask /events -X POST -H 'Content-Type: application/cloudevents+json' -d '{"specversion":"1.0","id":"none","source":"/curl","type":"t"}'
    assert_equal "$code" 202
    kafka_consume game-hits | jq -es 'map(select(.headers | any(.[1] == "none"))) | .[0] | .key == null and .value == null'
}

@test "what is no event, or too large, is refused whole" {
    kafka_start embedded
    doors_open --max-batch 3
    local batch='Content-Type: application/cloudevents-batch+json' event='{"specversion":"1.0","id":"1","source":"/x","type":"t"}'
    ask /events -X POST -H 'Content-Type: application/json' -d '{}'
    refused 415 'expected ce- headers'
    ask /events -X POST -H 'Content-Type: application/cloudevents+xml' -d '<x/>'
    refused 415
    ask /events -X POST -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /x'
    refused 400 'type'
    ask /events "${EVENT[@]}" -H 'ce-time: noon'
    refused 400 'RFC 3339'
    ask /events -X POST -H "$batch" -d "[$event,{\"id\":\"2\"}]"
    refused 400 'event 2 of the batch'
    ask /events -X POST -H "$batch" -d "[$event,$event,$event,$event]"
    refused 400
    ask /events -X POST -H "$batch" -d "$event"
    refused 400
    head -c 1100000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/large"
    ask /events "${EVENT[@]}" -H 'Content-Type: text/plain' --data-binary "@$BATS_TEST_TMPDIR/large"
    refused 413
    ask /events "${EVENT[@]}" -H 'Content-Type: text/plain' -H 'Transfer-Encoding: chunked' --data-binary "@$BATS_TEST_TMPDIR/large"
    assert_equal "$code" 413
    ask /events
    assert_equal "$code $(header Allow)" '405 POST'
    assert_equal "$(kafka_consume game-hits | wc -l)" 0
    head -c 60000 "$BATS_TEST_TMPDIR/large" >"$BATS_TEST_TMPDIR/fits"
    ask /events "${EVENT[@]}" -H 'Content-Type: text/plain' --data-binary "@$BATS_TEST_TMPDIR/fits"
    assert_equal "$code" 202
}

@test "a request names one of --events-topics, and no other" {
    kafka_start embedded --topic one:1 --topic two:2
    doors_open --events-topics one,two
    ask /events "${EVENT[@]}"
    assert_equal "$code" 202
    ask /events/two "${EVENT[@]}"
    assert_equal "$code" 202
    assert_equal "$(kafka_consume one | wc -l) $(kafka_consume two | wc -l)" '1 1'
    local topic
    for topic in game-hits audit-verdicts game-hits-dlq flagged-players umpire-status '' one/two 'one?x' ../two; do
        ask "/events/$topic" --path-as-is "${EVENT[@]}"
        [[ $code == 404 || $topic == 'one?x' && $code == 202 ]]
    done
    assert_equal "$(kafka_consume audit-verdicts | wc -l)" 0
}

@test "on this machine no token is needed; from elsewhere, through a proxy or by another name it is" {
    kafka_start embedded
    doors_open
    ask /events "${EVENT[@]}" -H 'X-Forwarded-For: 203.0.113.1'
    refused 401 'Bearer'
    ask /events "${EVENT[@]}" -H 'Host: rebound.example'
    refused 401
    ask /events "${EVENT[@]}" -H 'Authorization: Bearer wrong'
    refused 403
    ask /events "${EVENT[@]}" -H 'X-Forwarded-For: 203.0.113.1' -H "Authorization: Bearer $TOKEN"
    assert_equal "$code" 202
    ask /events "${EVENT[@]}"
    assert_equal "$code" 202
    stop it
    # The token is asked for before a body is read.
    doors_open --listen 0.0.0.0:0
    BOARD=${BOARD/0.0.0.0/127.0.0.1}
    head -c 500000 /dev/zero >"$BATS_TEST_TMPDIR/large"
    ask /events "${EVENT[@]}" --data-binary "@$BATS_TEST_TMPDIR/large"
    refused 401
    ask /events "${EVENT[@]}" -H "Authorization: Bearer $TOKEN"
    assert_equal "$code" 202
}

@test "503 with Retry-After while Kafka does not acknowledge" {
    kafka_start embedded
    doors_open --ack-timeout 2s
    event_taken() {
        ask /events "${EVENT[@]}"
        [[ $code == 202 ]]
    }
    within 60 event_taken
    kill -STOP "${PIDS[kafka]}"
    ask /events "${EVENT[@]}"
    refused 503 'not acknowledged'
    assert_equal "$(header Retry-After)" 2
    kill -CONT "${PIDS[kafka]}"
    within 60 event_taken
}
