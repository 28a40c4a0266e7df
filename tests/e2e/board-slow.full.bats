# A browser that follows the board and does not read. It takes a while to fill the kernel's buffers.
load ../support/support
load ../support/kafka
load ../support/provider

teardown() {
    stop_all
}

@test "a browser that does not read is put back to a snapshot, and holds little of what it was sent" {
    kafka_start embedded
    start it "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --hold-back 100000000 --rate 2000 --players 4000
    local seen board
    board=$(address it)
    seen=$(python3 "$BATS_TEST_DIRNAME/../support/slow_reader.py" "$board" "http://$(address it admin)/metrics")
    echo "$seen"
    # What the program keeps is at most 256 KiB and a frame; the kernel's buffers are beside that.
    jq -e '.held < 4 * 1024 * 1024 and .after == ["snapshot", "update", "update"]' <<<"$seen"
}
