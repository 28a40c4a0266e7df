# audit-fn as a serverless function: start, end, sleep, sockets that are passed, and what it needs.

setup() {
    load ../support/support
    load ../support/audit
}

teardown() {
    stop_all
}

@test "it needs neither librdkafka nor libcurl" {
    run ldd "$AUDIT_FN"
    assert_success
    refute_output --partial rdkafka
    refute_output --partial curl
    assert_output --partial libmicrohttpd
}

@test "PORT is a port on all interfaces; --listen goes before it" {
    PORT=0 start audit "$AUDIT_FN"
    run address audit
    assert_output --regexp '^(0\.0\.0\.0|\[::\]):[0-9]+$'
    send_port=${output##*:}
    run curl -sS --max-time 20 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$send_port/health/readiness"
    assert_output 200
    stop audit
    PORT=1 start audit "$AUDIT_FN" --listen 127.0.0.1:0
    run address audit
    assert_output --partial 127.0.0.1:
}

@test "a port that is taken is a clear error" {
    audit_start
    run "$AUDIT_FN" --listen "$AUDIT"
    assert_failure
    assert_output --partial "$AUDIT"
    assert_output --partial "in use"
}

@test "SIGTERM: a request under way is answered, then the exit status is 0" {
    audit_start
    python3 "$BATS_TEST_DIRNAME/../support/half_request.py" "$AUDIT" "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/go" >"$BATS_TEST_TMPDIR/answer" 3>&- &
    PIDS[client]=$!
    within 10 test -e "$BATS_TEST_TMPDIR/sent"
    kill -TERM "${PIDS[audit]}"
    within 10 logged audit '"message":"draining"'
    run curl -sS --max-time 20 -o /dev/null -w '%{http_code}' "http://$ADMIN/health/readiness"
    assert_output 503
    touch "$BATS_TEST_TMPDIR/go"
    finish client
    run cat "$BATS_TEST_TMPDIR/answer"
    assert_output --partial "HTTP/1.1 200"
    finish audit
    assert_equal "$status" 0
}

@test "SIGTERM without work ends at once, with a connection open" {
    audit_start
    exec 9<>"/dev/tcp/${AUDIT%:*}/${AUDIT##*:}"
    stop audit
    exec 9>&-
    assert_equal "$status" 0
}

@test "--idle-exit: open connections do not keep it awake, requests do" {
    audit_start --idle-exit 2s
    exec 9<>"/dev/tcp/${AUDIT%:*}/${AUDIT##*:}"
    local begun=$SECONDS
    awake_for() {
        send "$SECONDS" 10 && assert_equal "$code" 204 && ((SECONDS - begun >= $1))
    }
    within 20 awake_for 4
    within 20 logged audit '"message":"idle"'
    finish audit
    exec 9>&-
    assert_equal "$status" 0
}

@test "a listening socket that is passed by LISTEN_FDS is used, and survives the sleep" {
    start launcher python3 "$BATS_TEST_DIRNAME/../support/activate.py" 3 "$AUDIT_FN" --idle-exit 200ms
    within 10 logged launcher listening
    AUDIT=$(sed -n 's/^listening //p' "$BATS_TEST_TMPDIR/launcher.log")
    for wake in 1 2 3; do
        send "$wake" 11
        assert_equal "$code" 200
        within 10 logged launcher "run $wake ended with 0"
    done
    finish launcher
    assert_equal "$status" 0
}

@test "fifty times asleep and awake with events arriving all the time: each is answered" {
    start launcher python3 "$BATS_TEST_DIRNAME/../support/activate.py" 0 "$AUDIT_FN" --idle-exit 40ms --reply always --log-level warning
    within 10 logged launcher listening
    run python3 "$BATS_TEST_DIRNAME/../support/sleepwake.py" "$(sed -n 's/^listening //p' "$BATS_TEST_TMPDIR/launcher.log")" 40 50 \
        "$BATS_TEST_TMPDIR/launcher.log"
    assert_success
    echo "# $output" >&3
    stop launcher
    assert_equal "$status" 0
}

@test "ready soon after exec, in little memory" {
    run python3 "$BATS_TEST_DIRNAME/../support/startup.py" 20 "$AUDIT_FN" --listen 127.0.0.1:0
    assert_success
    echo "# $output" >&3
    [[ $output =~ ready_ms_best=([0-9]+) ]]
    best=${BASH_REMATCH[1]}
    [[ $output =~ rss_kib_median=([0-9]+) ]]
    memory=${BASH_REMATCH[1]}
    if ldd "$AUDIT_FN" | grep -q 'lib[aut]*san'; then
        ((best < 1000)) # a sanitizer takes its own time and memory
    else
        ((best < 20)) # of twenty starts: a busy machine is not what is measured
        ((memory < 10 * 1024))
    fi
}
