load ../support/support
load ../support/kafka

setup() {
    command -v java >/dev/null || skip "no Java for Apache Kafka"
    export TMPDIR=$BATS_TEST_TMPDIR
}

# walk SCENARIO…: each once, by key.
walk() {
    local scenarios=() name
    for name; do scenarios+=(--scenario "$name"); done
    "$ROOT/tests/faults/run" --seed 11 --ordering key "${scenarios[@]}"
}

@test "nothing is lost and little is repeated when adapters die, freeze or are replaced" {
    walk killed-after-the-answer killed-in-transactions stopped-beyond-the-session terminated-under-load
}

@test "nothing is lost when the sink errs, drips, sends elsewhere or says too much" {
    walk server-errors drip redirect huge-reply exhausted
}

@test "nothing is lost in front of odd records and missing offsets" {
    walk poison odd-records transactional-gaps offset-out-of-range
}

@test "nothing is lost when the broker goes and comes back" {
    walk broker-restarts broker-with-a-full-disk
}

@test "the oracle sees an adapter that drops, ignores the order of a key, or commits early" {
    meson setup -Dseed_faults=true -Dtests=disabled "$BATS_TEST_TMPDIR/build" "$ROOT" >/dev/null
    ninja -C "$BATS_TEST_TMPDIR/build" source-adapter/source-adapter >/dev/null
    for fault in drop:1 swap:4 commit:5; do
        run "$ROOT/tests/faults/run" --seed 3 --ordering key --scenario server-errors --seeded-fault "${fault%:*}" \
            --adapter "$BATS_TEST_TMPDIR/build/source-adapter/source-adapter"
        assert_failure 1
        assert_output --partial "check ${fault#*:}:"
    done
}
