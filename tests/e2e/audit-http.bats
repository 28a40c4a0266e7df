# audit-fn over HTTP: every mode of an event, every answer of the interfaces.

setup() {
    load ../support/support
    load ../support/audit
}

teardown() {
    stop_all
}

@test "ten hits are fair: an empty 204" {
    audit_start
    send 1 10
    assert_equal "$code" 204
    assert_equal "$reply" ""
    assert_equal "$(metric "$ADMIN" 'umpire_events_total{result="fair"}')" 1
}

@test "eleven hits are cheating: an audit.fail in binary mode" {
    audit_start --revision r-1
    send 7 11
    assert_equal "$code" 200
    assert_equal "$(header ce-type)" audit.fail
    assert_equal "$(header ce-source)" /umpire/audit-fn
    assert_equal "$(header ce-subject)" p-1
    assert_equal "$(header ce-partitionkey)" p-1
    assert_equal "$(header ce-causationid)" 7
    assert_equal "$(header Content-Type)" application/json
    # The identity, worked out here once more.
    run python3 -c 'import hashlib, struct
h = hashlib.sha256()
for f in ("hits-over-10", "value", "/hits", "10", "", "/test", "7"):
    h.update(struct.pack(">I", len(f)) + f.encode())
print(h.hexdigest()[:32])'
    assert_equal "$(header ce-id)" "$output"
    assert_equal "$reply" '{"verdict":"cheating","rule":"hits-over-10","match":"m-1","player":"p-1","hits":11,"threshold":10,"revision":"r-1","event":{"source":"/test","id":"7"}}'
}

@test "the same event again gives the same bytes, from another process too" {
    audit_start --revision r-1
    send 7 11
    first=$headers$reply
    stop audit
    audit_start --revision r-1
    send 7 11
    assert_equal "$(grep -v '^Date' <<<"$headers$reply")" "$(grep -v '^Date' <<<"$first")"
}

@test "a structured event is answered by a structured event" {
    audit_start
    post -H 'Content-Type: application/cloudevents+json; charset=utf-8' \
        -d '{"specversion":"1.0","id":"1","source":"/s","type":"game.hits","data":{"player":"p","hits":1.1e1}}'
    assert_equal "$code" 200
    run header Content-Type
    assert_output --partial application/cloudevents+json
    assert_equal "$(jq -r '.type + " " + .subject + " " + (.data.hits | tostring)' <<<"$reply")" "audit.fail p 11"
}

@test "a batch's replies come back as a batch, in order; none is an empty 204" {
    audit_start --reply always
    event='"specversion":"1.0","source":"/s","type":"game.hits"'
    post -H 'Content-Type: application/cloudevents-batch+json' \
        -d "[{$event,\"id\":\"1\",\"data\":{\"player\":\"a\",\"hits\":11}},{$event,\"id\":\"2\",\"data\":{\"player\":\"b\",\"hits\":10}}]"
    assert_equal "$code" 200
    run header Content-Type
    assert_output --partial application/cloudevents-batch+json
    assert_equal "$(jq -c 'map([.type, .data.event.id])' <<<"$reply")" '[["audit.fail","1"],["audit.pass","2"]]'
    post -H 'Content-Type: application/cloudevents-batch+json' -d '[]'
    assert_equal "$code" 204
}

@test "the Shipwars event is understood" {
    audit_start
    post -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: shipwars-game-server' -H 'ce-type: bonus' -H 'Content-Type: application/json' \
        -d '{"match":"m","game":"g","by":{"username":"Swift Fox","uuid":"u-1"},"shots":12,"human":true}'
    assert_equal "$code" 200
    assert_equal "$(jq -c '[.verdict, .player, .hits, .match]' <<<"$reply")" '["cheating","u-1",12,"m"]'
}

@test "--reply always also answers audit.pass, never answers nothing" {
    audit_start --reply always
    send 1 10
    assert_equal "$code $(header ce-type) $(jq -r .verdict <<<"$reply")" "200 audit.pass fair"
    stop audit
    audit_start --reply never
    send 1 11
    assert_equal "$code" 204
    assert_equal "$(metric "$ADMIN" 'umpire_events_total{result="cheating"}')" 1
}

@test "a type without a rule is an empty 204, and counted" {
    audit_start --reply always
    post -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /s' -H 'ce-type: chat.line' -d ''
    assert_equal "$code" 204
    assert_equal "$(metric "$ADMIN" 'umpire_events_total{result="none"}')" 1
}

@test "--threshold moves the presets' threshold, and the rule is named by it" {
    audit_start --threshold 3
    send 1 3
    assert_equal "$code" 204
    send 2 4
    assert_equal "$(jq -c '[.rule, .threshold]' <<<"$reply")" '["hits-over-3",3]'
}

@test "K_REVISION is the revision, else the sum of the rules file" {
    printf 'rules:\n  - preset: hits\n' >"$BATS_TEST_TMPDIR/rules.yaml"
    audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml"
    send 1 11
    assert_equal "$(jq -r .revision <<<"$reply")" "$(sha256sum <"$BATS_TEST_TMPDIR/rules.yaml" | cut -d' ' -f1)"
    stop audit
    K_REVISION=audit-fn-00003 audit_start
    send 1 11
    assert_equal "$(jq -r .revision <<<"$reply")" audit-fn-00003
}

@test "400: a value that is no whole number, with rule, pointer and what was found" {
    audit_start
    local -A found=(['10.5']=10.5 ['-1']=-1 ['"11"']='"11"' ['null']=null ['true']=true ['[]']='an array' ['{}']='an object'
        ['9007199254740992']=9007199254740992)
    for hits in "${!found[@]}"; do
        send 1 "$hits"
        is_problem 400 "rule hits-over-10: /hits: found ${found[$hits]}, expected an integer from 0 to 9007199254740991"
    done
    assert_equal "$(metric "$ADMIN" 'umpire_events_total{result="rejected"}')" 8
}

@test "400: no value, no data, data that is no JSON" {
    audit_start
    event=(-H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /s' -H 'ce-type: game.hits')
    post "${event[@]}" -H 'Content-Type: application/json' -d '{}'
    is_problem 400 "rule hits-over-10: /hits: found nothing"
    post "${event[@]}" -H 'Content-Type:' -d ''
    is_problem 400 "rule hits-over-10: /hits: found no data"
    post "${event[@]}" -H 'Content-Type: application/json' -d '{"hits":11'
    is_problem 400 "rule hits-over-10: /hits: found data that is no JSON"
    post "${event[@]}" -H 'Content-Type: text/csv' -d '11'
    is_problem 400 "rule hits-over-10: /hits: found data of the type text/csv"
}

@test "400: a malformed CloudEvent in each mode, and the reason" {
    audit_start
    post -H 'ce-specversion: 1.0' -H 'ce-source: /s' -H 'ce-type: game.hits' -H 'Content-Type: application/json' -d '{"hits":1}'
    is_problem 400 id
    post -H 'ce-specversion: 0.3' -H 'ce-id: 1' -H 'ce-source: /s' -H 'ce-type: game.hits' -d '{"hits":1}'
    is_problem 400 specversion
    post -H 'ce-id: 1' -H 'ce-source: /s' -H 'ce-type: game.hits' -d '{"hits":1}'
    is_problem 400 specversion
    post -H 'Content-Type: application/cloudevents+json' -d '{"specversion":"1.0","id":"1"'
    is_problem 400 ""
    post -H 'Content-Type: application/cloudevents+json' -d '{"specversion":"1.0","id":"1","source":"/s"}'
    is_problem 400 type
    post -H 'Content-Type: application/cloudevents-batch+json' -d '[{"specversion":"1.0","id":"1","source":"/s","type":"x"},{}]'
    is_problem 400 "event 2"
}

@test "400: more events in a batch than --max-batch" {
    audit_start --max-batch 1
    event='{"specversion":"1.0","id":"1","source":"/s","type":"x"}'
    post -H 'Content-Type: application/cloudevents-batch+json' -d "[$event]"
    assert_equal "$code" 204
    post -H 'Content-Type: application/cloudevents-batch+json' -d "[$event,$event]"
    is_problem 400 "1"
}

@test "404: another path" {
    audit_start
    run curl -sS --max-time 20 -o /dev/null -w '%{http_code} %{content_type}' -d x "http://$AUDIT/events"
    assert_output "404 application/problem+json"
}

@test "405 with Allow: GET shows the curl line, and that line works; HEAD has no body; others get a problem" {
    audit_start
    post -X GET
    assert_equal "$code $(header Allow)" "405 POST, OPTIONS"
    run header Content-Type
    assert_output --partial text/plain
    run sed -n '/^curl /,$p' <<<"$reply"
    assert_output --partial "http://$AUDIT/"
    run bash -c "$output"
    assert_output --partial '"verdict":"cheating"'
    run curl -sS --max-time 20 -I "http://$AUDIT/"
    assert_output --partial '405'
    assert_output --partial 'Allow: POST, OPTIONS'
    for method in PUT DELETE PATCH; do
        post -X $method -d x
        is_problem 405 "expected POST"
        assert_equal "$(header Allow)" "POST, OPTIONS"
    done
}

@test "413: a body over --max-body, declared or chunked" {
    audit_start --max-body 1KiB
    head -c 1025 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/big"
    post -H 'Content-Type: application/cloudevents+json' --data-binary "@$BATS_TEST_TMPDIR/big"
    assert_equal "$code $(header Content-Type)" "413 application/problem+json"
    post -H 'Content-Type: application/cloudevents+json' -H 'Transfer-Encoding: chunked' --data-binary "@$BATS_TEST_TMPDIR/big"
    assert_equal "$code $(header Content-Type)" "413 application/problem+json"
    send 1 11
    assert_equal "$code" 200
}

@test "an event of 64 KiB is taken, also one of attributes alone; a head over --max-header is 431" {
    audit_start
    large=$(head -c 60000 /dev/zero | tr '\0' x)
    printf '{"player":"p-1","hits":11,"x":"%s"}' "$large" >"$BATS_TEST_TMPDIR/body"
    post -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /s' -H 'ce-type: game.hits' -H 'Content-Type: application/json' \
        -d "@$BATS_TEST_TMPDIR/body"
    assert_equal "$code" 200
    printf '{"specversion":"1.0","id":"1","source":"/s","type":"game.hits","large":"%s","data":{"hits":11}}' "$large" >"$BATS_TEST_TMPDIR/event"
    post -H 'Content-Type: application/cloudevents+json' -d "@$BATS_TEST_TMPDIR/event"
    assert_equal "$code" 200
    printf 'ce-large: %s\n' "$large" >"$BATS_TEST_TMPDIR/header"
    send 1 11 -H "@$BATS_TEST_TMPDIR/header"
    assert_equal "$code" 200
    stop audit
    audit_start --max-header 24KiB
    send 1 11 -H "@$BATS_TEST_TMPDIR/header"
    assert_equal "$code" 431
}

@test "400 and the end of the connection: what could smuggle a second request" {
    audit_start
    for head in 'Content-Length: 1\r\nContent-Length: 2' 'Content-Length: 4\r\nTransfer-Encoding: chunked' 'Content-Length : 4'; do
        run timeout 10 python3 -c 'import socket, sys
host, port = sys.argv[1].rsplit(":", 1)
with socket.create_connection((host, int(port)), timeout=5) as connection:
    head = sys.argv[2].encode().decode("unicode_escape").encode()
    connection.sendall(b"POST / HTTP/1.1\r\nHost: t\r\n" + head + b"\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n")
    answer = b""
    while part := connection.recv(65536):
        answer += part
print(answer.decode())' "$AUDIT" "$head"
        assert_success
        assert_line --partial "HTTP/1.1 400"
        assert_equal "$(grep -c '^HTTP/1.1' <<<"$output")" 1
    done
}

@test "clients that drip are cut off after --request-deadline" {
    audit_start --request-deadline 500ms
    run timeout 60 python3 -c 'import concurrent.futures, socket, sys, time
host, port = sys.argv[1].rsplit(":", 1)

def drip(_number):
    begin = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: t\r\nX: ")
        connection.settimeout(0.05)
        try:
            while time.monotonic() - begin < 20:
                connection.sendall(b"a")
                try:
                    if not connection.recv(1000):
                        break
                except TimeoutError:
                    pass
        except OSError:
            pass
    return time.monotonic() - begin

with concurrent.futures.ThreadPoolExecutor(16) as pool:
    times = sorted(pool.map(drip, range(16)))
print("cut" if 0.4 < times[0] and times[-1] < 19 else f"after {times} s")' "$AUDIT"
    assert_output cut
    send 1 11
    assert_equal "$code" 200
}

@test "415: what is no CloudEvent, and event formats that are not JSON" {
    audit_start
    post -H 'Content-Type: application/json' -d '{"hits":11}'
    is_problem 415 "expected ce- headers"
    post -H 'Content-Type: application/cloudevents+xml' -d '<event/>'
    is_problem 415 application/cloudevents+json
    post -H 'Content-Type: application/cloudevents-batch+avro' -d 'x'
    is_problem 415 application/cloudevents-batch+json
}

@test "503 with Retry-After when the store is full, and not ready" {
    cat >"$BATS_TEST_TMPDIR/rules.yaml" <<'RULES'
rules:
  - {name: minute, types: game.hits, kind: count, player: subject, threshold: 5, window: {size: 1m}}
RULES
    audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml" --store memory --store-limit 64KiB
    event='"specversion":"1.0","source":"/s","type":"game.hits","time":"2026-01-01T00:00:00Z"'
    batch=$(for i in {1..800}; do printf ',{%s,"id":"%d","subject":"p%d"}' "$event" "$i" "$i"; done)
    post -H 'Content-Type: application/cloudevents-batch+json' --data-binary @- <<<"[${batch:1}]"
    assert_equal "$code" 204
    post -H 'Content-Type: application/cloudevents+json' -d "{$event,\"id\":\"x\",\"subject\":\"p\"}"
    is_problem 503 "the store in memory is full"
    assert_equal "$(header Retry-After)" 1
    run curl -s --max-time 20 -o /dev/null -w '%{http_code}' "http://$AUDIT/health/readiness"
    assert_output 503
    assert_equal "$(metric "$ADMIN" umpire_store_ready)" 0
}

@test "health on the main port, metrics only on the admin port" {
    audit_start
    for where in "$AUDIT" "$ADMIN"; do
        run curl -sS --max-time 20 -o /dev/null -w '%{http_code}' "http://$where/health/liveness"
        assert_output 200
        run curl -sS --max-time 20 -o /dev/null -w '%{http_code}' "http://$where/health/readiness"
        assert_output 200
    done
    run curl -sS --max-time 20 -o /dev/null -w '%{http_code}' "http://$AUDIT/metrics"
    assert_output 404
}

@test "OPTIONS answers the webhook handshake" {
    audit_start
    post -X OPTIONS -H 'WebHook-Request-Origin: eventemitter.example.com' -H 'WebHook-Request-Rate: 120'
    assert_equal "$code" 200
    assert_equal "$(header Allow)" "POST, OPTIONS"
    assert_equal "$(header WebHook-Allowed-Origin)" eventemitter.example.com
    assert_equal "$(header WebHook-Allowed-Rate)" "*"
    post -X OPTIONS
    assert_equal "$code $(header WebHook-Allowed-Origin)" "200 "
}

@test "Prefer: reply is applied where there is a reply" {
    audit_start
    send 1 11 -H 'Prefer: respond-async;x=1, reply'
    assert_equal "$(header Preference-Applied)" reply
    send 1 11
    assert_equal "$(header Preference-Applied)" ""
}

@test "the trace goes on into the reply and the log: of the event, else of the request" {
    audit_start
    trace=0af7651916cd43dd8448eb211c80319c
    send 1 11 -H "ce-traceparent: 00-$trace-b7ad6b7169203331-01" -H 'ce-tracestate: a=1' -H "traceparent: 00-${trace//0/9}-b7ad6b7169203331-01"
    assert_equal "$(header ce-traceparent)" "00-$trace-b7ad6b7169203331-01"
    assert_equal "$(header ce-tracestate)" "a=1"
    assert_equal "$(jq -rc 'select(.message == "verdict") | [.event, .player, .rule, .trace]' "$BATS_TEST_TMPDIR/audit.log")" \
        "[\"1\",\"p-1\",\"hits-over-10\",\"$trace\"]"
    send 2 11 -H "traceparent: 00-${trace//0/9}-b7ad6b7169203331-01"
    assert_equal "$(header ce-traceparent)" "00-${trace//0/9}-b7ad6b7169203331-01"
    send 3 11 -H $'traceparent: 00-\xff' -H 'tracestate: a=1'
    assert_equal "$(header ce-traceparent)$(header ce-tracestate)" ""
}

@test "names outside ASCII come percent-encoded and go percent-encoded; raw ones are refused unless --header-encoding raw" {
    audit_start
    post -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /s' -H 'ce-type: game.hits' -H 'ce-subject: Euro%20%E2%82%AC%20%F0%9F%98%80' \
        -H 'Content-Type: application/json' -d '{"hits":11}'
    assert_equal "$(header ce-subject)" 'Euro%20%E2%82%AC%20%F0%9F%98%80'
    assert_equal "$(jq -r .player <<<"$reply")" 'Euro € 😀'
    raw=(-H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /s' -H 'ce-type: game.hits' -H 'ce-subject: Euro €' -H 'Content-Type: application/json')
    post "${raw[@]}" -d '{"hits":11}'
    is_problem 400 subject
    stop audit
    audit_start --header-encoding raw
    post "${raw[@]}" -d '{"hits":11}'
    assert_equal "$(jq -r .player <<<"$reply")" 'Euro €'
}
