# tests/support/path.bash: the whole path in a running demo, with a function that stops for a while. Loaded after demo.bash.

STOPPED_SECONDS=30

# stop_function NAME: SIGSTOP for audit-fn once verdicts arrive; continued in any case by continue_function.
stop_function() {
    within 90 at_least "$1" .totals.verdicts 1 || return 1
    FUNCTION=$(part "${PIDS[$1]}" audit-fn)
    [[ $FUNCTION ]] && kill -STOP "$FUNCTION" && stopped_at=$SECONDS
}

stopped_long_enough() {
    ((SECONDS - stopped_at >= STOPPED_SECONDS))
}

# behind NAME NUMBER: so many hits are on the board whose verdicts are not.
behind() {
    at_least "$1" '.totals.hits - .totals.verdicts' "$2"
}

# For teardown as well, before the demos are ended.
continue_function() {
    [[ ! ${FUNCTION:-} ]] || kill -CONT "$FUNCTION" 2>/dev/null || true
    FUNCTION=
}

# all_audited NAME: the demo ends by itself, with the sets equal.
all_audited() {
    finish "$1"
    cat "$BATS_TEST_TMPDIR/$1.out" "$BATS_TEST_TMPDIR/$1.log"
    assert_equal "$status" 0
    said "$1" 'events have their verdict, and the'
}
