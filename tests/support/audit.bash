# tests/support/audit.bash: starting audit-fn and sending it events.

AUDIT_FN=$BUILD/audit-fn/audit-fn

# Where state is kept by default: never in the home of who runs the tests.
export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
unset STATE_DIRECTORY

# audit_start [OPTION…]: starts it on free ports; leaves $AUDIT and $ADMIN (HOST:PORT).
audit_start() {
    start audit "$AUDIT_FN" --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 "$@"
    AUDIT=$(address audit)
    ADMIN=$(address audit admin)
    within 20 logged audit '"message":"ready"'
}

# send ID HITS [CURL OPTION…]: one game.hits event in binary mode. Leaves $code, and the answer in $reply and $headers.
send() {
    local id=$1 hits=$2
    shift 2
    post -H 'ce-specversion: 1.0' -H "ce-id: $id" -H 'ce-source: /test' -H 'ce-type: game.hits' -H 'ce-subject: p-1' \
        -H 'Content-Type: application/json' -d "{\"match\":\"m-1\",\"player\":\"p-1\",\"hits\":$hits}" "$@"
}

# post CURL OPTION…: any request to /.
post() {
    code=$(curl -sS --max-time 20 -o "$BATS_TEST_TMPDIR/reply" -D "$BATS_TEST_TMPDIR/headers" -w '%{http_code}' "$@" "http://$AUDIT/")
    reply=$(<"$BATS_TEST_TMPDIR/reply")
    headers=$(tr -d '\r' <"$BATS_TEST_TMPDIR/headers")
}

# header NAME: of the last answer.
header() {
    sed -n "s/^$1: //Ip" <<<"$headers"
}

# is_problem STATUS TEXT: the last answer is application/problem+json that says so.
is_problem() {
    assert_equal "$code" "$1"
    assert_equal "$(header Content-Type)" application/problem+json
    assert_equal "$(jq -r .status <<<"$reply")" "$1"
    assert [ -n "$(jq -r .title <<<"$reply")" ]
    run jq -r .detail <<<"$reply"
    assert_output --partial "$2"
}
