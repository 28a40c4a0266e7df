# tests/support/redis.bash: a Redis server of a test's own.

# redis_start [OPTION…]: starts one, or skips the test where it is not installed; leaves $REDIS (HOST:PORT).
redis_start() {
    command -v redis-server >/dev/null || skip "redis-server is not installed"
    local port
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    start redis redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$BATS_TEST_TMPDIR" "$@"
    REDIS=127.0.0.1:$port
    within 20 redis_answers
}

redis_answers() {
    [[ $(redis-cli -p "${REDIS##*:}" ping 2>/dev/null) == PONG ]]
}
