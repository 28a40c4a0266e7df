# The board in a real Chromium. PICTURES=1 keeps the first picture as docs/pictures/board.png; a folder there gets all of them.
load ../support/support
load ../support/demo

setup() {
    unset KAFKA PORT LAN DURATION RATE SEED
    command -v chromium >/dev/null || skip "chromium is not installed"
    command -v chromedriver >/dev/null || skip "chromedriver is not installed"
    getent hosts localhost >/dev/null || skip "localhost has no address here, which chromedriver needs: an empty /etc/hosts"
    /usr/bin/python3 -c 'import selenium' 2>/dev/null || skip "python3-selenium is not installed"
}

teardown() {
    stop_demos
}

@test "the board shows flagged players live, without an error, by day, by night and on a phone" {
    demo it RATE=200 SEED=7
    within 60 at_least it .totals.flagged 3
    local seconds=5
    [[ ! ${PICTURES:-} ]] || seconds=30
    within 60 at_least it '[.series[] | select(.[1] > 0)] | length' "$seconds" # something in the plots
    run --separate-stderr /usr/bin/python3 "$BATS_TEST_DIRNAME/../support/board-page.py" "$(board it)" "$BATS_TEST_TMPDIR"
    echo "$output" "$stderr"
    assert_success
    if [[ ${PICTURES:-} ]]; then
        mkdir -p "$ROOT/docs/pictures"
        cp "$BATS_TEST_TMPDIR/light.png" "$ROOT/docs/pictures/board.png"
        [[ ! -d $PICTURES ]] || cp "$BATS_TEST_TMPDIR"/{light,dark,phone}.png "$PICTURES/"
    fi
    seen() {
        jq -e "$1" >/dev/null <<<"$output"
    }
    seen '.console == []'
    seen '.link == "live" and (.flagged | length >= 2) and .rows > 5'
    seen '.wider | map(.pixels <= 0) | all'
    # Nothing from elsewhere, and what is flagged is what the provider says.
    seen ".asked | (length >= 2) and (map(startswith(\"$(board it)\")) | all)"
    state it '.players[] | select(.flagged) | .name' >"$BATS_TEST_TMPDIR/flagged"
    while read -r name; do
        grep -qxF "$name" "$BATS_TEST_TMPDIR/flagged"
    done < <(jq -r '.flagged[]' <<<"$output")
    for name in light dark phone; do
        (($(stat -c %s "$BATS_TEST_TMPDIR/$name.png") > 10000))
    done
}
