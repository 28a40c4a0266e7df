# Rules over windows through HTTP, on a store that survives: what is answered is kept, and what cannot be kept is refused.

setup() {
    load ../support/support
    load ../support/audit
    cat >"$BATS_TEST_TMPDIR/rules.yaml" <<'RULES'
rules:
  - {name: minute, types: game.hits, kind: sum, value: /hits, player: /player, threshold: 10, window: {size: 1m, lateness: 1h}}
RULES
    STORE=sqlite:$BATS_TEST_TMPDIR/store.db
}

teardown() {
    stop_all
}

# timed ID HITS: an event at 12:00:00 of a day.
timed() {
    send "$1" "$2" -H 'ce-time: 2026-01-01T12:00:00Z'
}

@test "a verdict is given once, survives SIGKILL, and is the same afterwards" {
    audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml" --store "$STORE"
    timed 1 6
    assert_equal "$code" 204
    stop audit KILL
    audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml" --store "$STORE"
    timed 1 6
    assert_equal "$code" 204
    timed 2 5
    assert_equal "$code $(header ce-type)" "200 audit.fail"
    assert_equal "$(jq -c '[.verdict, .rule, .player, .window]' <<<"$reply")" \
        '["cheating","minute","p-1",{"start":"2026-01-01T12:00:00Z","end":"2026-01-01T12:01:00Z"}]'
    first=$reply$(header ce-id)
    stop audit KILL
    audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml" --store "$STORE" --revision another
    timed 1 6
    assert_equal "$reply$(header ce-id)" "$first"
    timed 3 0
    assert_equal "$reply$(header ce-id)" "$first"
}

@test "a second process on the same file is refused, with 69" {
    audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml" --store "$STORE"
    run timeout 10 "$AUDIT_FN" --listen 127.0.0.1:0 --rules "$BATS_TEST_TMPDIR/rules.yaml" --store "$STORE"
    assert_equal "$status" 69
    assert_output --partial "another process has this store open"
}

@test "without --store the state of a rule over a window is in SQLite: in XDG_STATE_HOME, else in HOME, and in STATE_DIRECTORY before both" {
    audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml"
    timed 1 6
    stop audit KILL
    audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml"
    timed 2 5
    assert_equal "$code $(header ce-type)" "200 audit.fail"
    assert_equal "$(stat -c %a "$XDG_STATE_HOME/umpire")" 700
    run timeout 10 "$AUDIT_FN" --listen 127.0.0.1:0 --rules "$BATS_TEST_TMPDIR/rules.yaml"
    assert_equal "$status" 69
    assert_output --partial "$XDG_STATE_HOME/umpire/audit-fn.db"
    assert_output --partial "another process has this store open"
    stop audit
    STATE_DIRECTORY=$BATS_TEST_TMPDIR/unit:/nowhere audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml"
    stop audit
    assert [ -f "$BATS_TEST_TMPDIR/unit/audit-fn.db" ]
    XDG_STATE_HOME='' HOME=$BATS_TEST_TMPDIR/home audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml"
    stop audit
    assert [ -f "$BATS_TEST_TMPDIR/home/.local/state/umpire/audit-fn.db" ]
}

@test "without --store and without a place to keep state a rule over a window is a configuration error; presets keep nothing" {
    run env -u HOME -u XDG_STATE_HOME "$AUDIT_FN" --check-config --rules "$BATS_TEST_TMPDIR/rules.yaml"
    assert_equal "$status" 78
    assert_output --partial "--store: a rule is about a window"
    touch "$BATS_TEST_TMPDIR/file"
    XDG_STATE_HOME=$BATS_TEST_TMPDIR/file run timeout 10 "$AUDIT_FN" --listen 127.0.0.1:0 --rules "$BATS_TEST_TMPDIR/rules.yaml"
    assert_equal "$status" 78
    assert_output --partial "$BATS_TEST_TMPDIR/file/umpire"
    K_SERVICE=audit run "$AUDIT_FN" --check-config --rules "$BATS_TEST_TMPDIR/rules.yaml"
    assert_equal "$status" 78
    assert_output --partial "--store, by default: sqlite:$XDG_STATE_HOME/umpire/audit-fn.db is for one process"
    env -u HOME -u XDG_STATE_HOME "$AUDIT_FN" --check-config
    audit_start
    send 1 11
    assert_equal "$code" 200
    assert [ ! -e "$XDG_STATE_HOME" ]
}

@test "with K_SERVICE a store for one process is a configuration error, unless --single-writer" {
    for store in "$STORE" memory; do
        K_SERVICE=audit run "$AUDIT_FN" --check-config --rules "$BATS_TEST_TMPDIR/rules.yaml" --store "$store"
        assert_equal "$status" 78
        assert_output --partial "--single-writer"
        K_SERVICE=audit run "$AUDIT_FN" --check-config --rules "$BATS_TEST_TMPDIR/rules.yaml" --store "$store" --single-writer
        assert_success
    done
    K_SERVICE=audit run "$AUDIT_FN" --check-config
    assert_success
    K_SERVICE=audit run "$AUDIT_FN" --check-config --rules "$BATS_TEST_TMPDIR/rules.yaml" --store redis://redis:6379
    assert_success
}

@test "a store that nobody knows is refused by name" {
    local -A wrong=([postgres://x]='found "postgres://x"' [redis://]='expected a host' [redis://h:99999]='expected a port'
        [redis://u:p@h]='without user and password' [redis://h/x]='number of a database' [sqlite:]='found "sqlite:"')
    for store in "${!wrong[@]}"; do
        run "$AUDIT_FN" --check-config --store "$store"
        assert_equal "$status" 78
        assert_output --partial "--store"
        assert_output --partial "${wrong[$store]}"
    done
}

@test "a Redis that is not there: 503 with Retry-After, not ready, alive" {
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml" --store "redis://127.0.0.1:$port"
    timed 1 6
    is_problem 503 ""
    assert_equal "$(header Retry-After)" 1
    run curl -s --max-time 5 -o /dev/null -w '%{http_code}' "http://$AUDIT/health/readiness"
    assert_output 503
    run curl -s --max-time 5 -o /dev/null -w '%{http_code}' "http://$AUDIT/health/liveness"
    assert_output 200
    assert_equal "$(metric "$ADMIN" umpire_store_failures_total)" 1
}

@test "a windowed event without time or player is 400, naming what is missing" {
    audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml"
    send 1 3
    is_problem 400 "rule minute: attribute time: found nothing"
    post -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /s' -H 'ce-type: game.hits' -H 'ce-time: 2026-01-01T12:00:00Z' \
        -H 'Content-Type: application/json' -d '{"hits":3}'
    is_problem 400 "rule minute: /player: found nothing"
}

@test "the peer may go while the store works: nothing is lost, and the function goes on" {
    audit_start --rules "$BATS_TEST_TMPDIR/rules.yaml" --store "$STORE"
    for i in {1..30}; do
        printf 'POST / HTTP/1.1\r\nHost: t\r\nce-specversion: 1.0\r\nce-id: g%s\r\nce-source: /s\r\nce-type: game.hits\r\nce-time: 2026-01-01T12:00:00Z\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n{"player":"g","hits":1}' "$i" \
            >"/dev/tcp/${AUDIT%:*}/${AUDIT##*:}"
    done
    within 10 eleven_counted
    timed x 1
    assert_equal "$code" 204
    stop audit
    assert_equal "$status" 0
}

# The 30 events of somebody who never read an answer have flagged the window.
eleven_counted() {
    [[ $(metric "$ADMIN" 'umpire_events_total{result="cheating"}') -ge 1 ]]
}
