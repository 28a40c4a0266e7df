# What the board makes of an adapter's word about itself: how the function is, without calling it.
load ../support/support
load ../support/kafka
load ../support/provider

setup() {
    command -v chromium >/dev/null || skip "chromium is not installed"
    command -v chromedriver >/dev/null || skip "chromedriver is not installed"
    getent hosts localhost >/dev/null || skip "localhost has no address here, which chromedriver needs: an empty /etc/hosts"
    /usr/bin/python3 -c 'import selenium' 2>/dev/null || skip "python3-selenium is not installed"
}

teardown() {
    stop_all
}

time_ago() {
    date -u -d "-$1 seconds" +%Y-%m-%dT%H:%M:%S.000Z
}

# status IN_FLIGHT LAST_STATUS ANSWERED_AGO STALLED: as an adapter says it once a second.
status() {
    jq -nc --argjson flying "$1" --argjson status "$2" --arg answer "$(time_ago "$3")" --argjson stalled "$4" --arg first "$(time_ago 100)" '{key: "one",
        value: ({instance: "one", group: "umpire", in_flight: $flying, partitions: 3, stalled: $stalled, lag: 0, last_status: $status, last_answer: $answer,
            first_answer_ms: 812, first_answer: $first} | tojson)}' | kafka_produce umpire-status
}

# becomes FILTER: within a while the page shows that, while the adapter goes on saying the same.
becomes() {
    local filter=$1
    shift
    says() {
        [[ ! ${1:-} ]] || status "$@"
        tail -n 1 "$BATS_TEST_TMPDIR/page.out" | jq -e "$filter" >/dev/null
    }
    within 40 says "$@" || { tail -n 3 "$BATS_TEST_TMPDIR/page.out"; return 1; }
}

@test "sleep is shown as sleep with its wake-up time, an outage as one, and what is unknown as unknown" {
    kafka_start embedded
    start it "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded --listen 127.0.0.1:0 --rate 0
    mkfifo "$BATS_TEST_TMPDIR/go"
    start page bash -c "exec /usr/bin/python3 '$BATS_TEST_DIRNAME/../support/states-page.py' 'http://$(address it)/' <>'$BATS_TEST_TMPDIR/go'"
    becomes '.word == "unknown" and .function == "unknown" and .adapter == "unknown" and (.says | contains("not heard of"))'
    becomes '.word == "awake" and .function == "good" and .adapter == "busy"' 2 200 0 0
    becomes '.word == "asleep" and .function == "asleep" and (.detail | contains("woke in 812 ms"))' 0 204 60 0
    becomes '.word == "waking" and (.detail | contains("woke in 812 ms"))' 1 204 61 0
    becomes '.word == "refuses" and .function == "bad" and (.detail | contains("answered 503"))' 1 503 0 0
    becomes '.adapter == "bad" and (.says | contains("1 partition stalled"))' 1 503 0 1
    # Nothing is said any more: nobody knows.
    becomes '.word == "unknown" and .adapter == "wait" and (.says | contains("silent"))'
    echo >"$BATS_TEST_TMPDIR/go"
    finish page
    assert_equal "$status" 0
}
