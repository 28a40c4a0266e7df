# What `make bench` measures with tells the truth: counts, batches, delays, times on the way.
load ../support/support

setup() {
    cd "$BATS_TEST_TMPDIR"
    programs=$BUILD/tests/bench
}

teardown() {
    stop_all
}

# The sink, with these flags; its port in $port.
sink() {
    start sink "$programs/bench-sink" "$@"
    within 10 grep -q listening sink.out
    port=$(sed -n '1s/.*://p' sink.out)
}

# post BODY HEADER…: one request to the sink.
post() {
    local body=$1 header headers=()
    shift
    for header in "$@"; do headers+=(-H "$header"); done
    curl -sS -o /dev/null -w '%{http_code}' "${headers[@]}" --data-binary "$body" "http://127.0.0.1:$port/"
}

reported() {
    tail -n 1 sink.out | jq "$@"
}

@test "the bare client and the sink count the same, over as many connections as asked for" {
    sink --until 5000
    run -0 "$programs/bench-client" --target "$port" --events 5000 --connections 7
    assert_equal "$(jq .events <<<"$output")" 5000
    finish sink
    assert_equal "$status" 0
    assert_equal "$(reported -c '[.requests, .events, .connections]')" '[5000,5000,7]'
    assert_equal "$(reported '.tenths | add')" 5000
}

@test "our own client alone measures against the same sink" {
    sink --until 2000
    run -0 "$programs/bench-post" --target "$port" --events 2000 --connections 5
    assert_equal "$(jq .events <<<"$output")" 2000
    finish sink
    assert_equal "$(reported -c '[.events, .connections]')" '[2000,5]'
}

@test "events in a batch are counted one by one, however the batch comes" {
    sink --until 101
    batch=$(jq -nc '[range(100) | {specversion: "1.0", id: "\(.)", source: "/x", type: "t", data: "x"}]')
    run post "$batch" 'Content-Type: application/cloudevents-batch+json; charset=utf-8'
    assert_output 202
    # In two pieces, cut within the word.
    {
        printf 'POST / HTTP/1.1\r\nContent-Type: application/cloudevents-batch+json\r\nContent-Length: 21\r\n\r\n[{"specver'
        within 5 idle
        printf 'sion":"1"}]'
    } >"/dev/tcp/127.0.0.1/$port"
    finish sink
    assert_equal "$(reported -c '[.requests, .events]')" '[2,101]'
}

# The sink has read what was sent so far: the queues of its descriptors are empty.
idle() {
    awk -v port=":$(printf %04X "$port")" 'substr($2, 9) == port && $5 !~ /:0+$/ {waiting = 1} END {exit waiting}' /proc/net/tcp
}

@test "answers come after the delay and not before" {
    sink --delay-us 150000
    before=$(date +%s%N)
    run post x 'ce-id: 1'
    assert_output 202
    ((($(date +%s%N) - before) / 1000000 >= 150))
}

@test "with a delay too the sink ends after the last event" {
    sink --delay-us 2000 --until 50
    run -0 "$programs/bench-client" --target "$port" --events 50 --connections 1
    finish sink
    assert_equal "$(reported .events)" 50
}

@test "the time on the way is the clock's against the event's attribute" {
    sink
    now=$(python3 -c 'import time; print(time.monotonic_ns() // 1000)')
    run post x "ce-sent: $((now - 5000000))"
    kill -USR1 "${PIDS[sink]}"
    within 5 grep -q requests sink.out
    (($(reported .way.p50_us) >= 4800000 && $(reported .way.p50_us) < 60000000))
    assert_equal "$(reported .way.count)" 1
}

@test "wrong arguments are refused with 64" {
    run -64 "$programs/bench-sink" --delay-us soon
    assert_output --partial '--delay-us: expected a number'
    run -64 "$programs/bench-client" --nobody
    run -64 "$programs/bench-produce" --topic x
    run -64 "$programs/bench-consume" --set x
}

@test "the runner lists what it measures" {
    run -0 "$ROOT/tests/bench/run" --list
    assert_line --regexp '^floor-http '
    assert_line --regexp '^instant-key '
}
