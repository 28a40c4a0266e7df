# tests/support/doors.bash: the doors of event-provider, and what they answer. Loaded after provider.bash.

TOKEN=a-token-for-the-test-of-it

# doors_open [OPTION…]: a provider with doors, its token in a file; leaves $BOARD.
doors_open() {
    echo "$TOKEN" >"$BATS_TEST_TMPDIR/token"
    start it "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --rate 0 --run room \
        --admin-token-file "$BATS_TEST_TMPDIR/token" "$@"
    BOARD=http://$(address it)
    ADMIN=$(address it admin)
    within 30 logged it '"message":"ready"'
}

# ask PATH [CURL OPTION…]: leaves the status in $code, headers in $headers, the body in $reply.
ask() {
    local path=$1
    shift
    code=$(curl -sS --max-time 20 -o "$BATS_TEST_TMPDIR/reply" -D "$BATS_TEST_TMPDIR/headers" -w '%{http_code}' "$@" "$BOARD$path")
    reply=$(<"$BATS_TEST_TMPDIR/reply")
    headers=$(tr -d '\r' <"$BATS_TEST_TMPDIR/headers")
}

# header NAME: of the last answer.
header() {
    sed -n "s/^$1: //Ip" <<<"$headers"
}

# refused STATUS [TEXT]: the last answer is a problem of that status, whose text has TEXT in it.
refused() {
    assert_equal "$code" "$1"
    assert_equal "$(header Content-Type)" application/problem+json
    run jq -r '"\(.title): \(.detail)"' <<<"$reply"
    assert_output --partial "${2:-}"
}

# join [CURL OPTION…]: leaves the cookie in $cookie.
join() {
    ask /api/players -X POST "$@"
    cookie=$(header Set-Cookie)
    cookie=${cookie%%;*}
}

# taken HITS [CURL OPTION…]: for `within`, where Kafka may take its time.
taken() {
    hit "$@"
    [[ $code == 202 ]]
}

# hit HITS [CURL OPTION…]
hit() {
    local hits=$1
    shift
    ask /api/hits -X POST -d "{\"hits\":$hits}" "$@"
}
