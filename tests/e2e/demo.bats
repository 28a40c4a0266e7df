# The launcher behind `make demo`, on the embedded broker.
load ../support/support
load ../support/demo

setup() {
    unset KAFKA PORT LAN DURATION RATE SEED
}

teardown() {
    stop_demos
}

@test "a run with a duration ends by itself, with 0 when every hit was audited and the flagged are the cheaters" {
    demo it DURATION=3 RATE=100 SEED=7
    finish it
    cat "$BATS_TEST_TMPDIR/it.out" "$BATS_TEST_TMPDIR/it.log"
    assert_equal "$status" 0
}

@test "Ctrl-C stops everything in order and leaves nothing" {
    demo it RATE=50
    within 60 at_least it .totals.hits 10
    note_what_runs it
    stop it INT
    assert_equal "$status" 0
    nothing_is_left
}

@test "the first address is the board's, and the page is there" {
    demo it
    run curl -fsS "$(board it)"
    assert_success
    assert_output --partial '<html'
}

@test "SIGKILL of the launcher leaves no process, port or file" {
    demo it RATE=50
    within 60 at_least it .totals.hits 10
    note_what_runs it
    stop it KILL
    nothing_is_left
}

@test "SIGKILL of the launcher's parent leaves no process, port or file" {
    start it env PORT=0 RATE=50 bash -c '"$1"; exit' bash "$BUILD/deploy/laptop/demo"
    within 60 at_least it .totals.hits 10
    local parent=${PIDS[it]} launcher
    launcher=$(parts "$parent")
    PIDS[it]=$launcher
    note_what_runs it
    PIDS[it]=$parent
    stop it KILL
    within 20 gone "$launcher"
    nothing_is_left
}

@test "a busy port is a clear error, and nothing is started" {
    start holder python3 -u -c 'import socket,time; s=socket.socket(); s.bind(("127.0.0.1",0)); s.listen(); print(s.getsockname()[1]); time.sleep(600)'
    within 20 test -s "$BATS_TEST_TMPDIR/holder.out"
    port=$(<"$BATS_TEST_TMPDIR/holder.out")
    run -69 env PORT="$port" "$BUILD/deploy/laptop/demo"
    assert_output "demo: port $port is in use: end what listens there, or choose another (PORT=$((port + 1)))"
    stop holder KILL
}

@test "a Kafka that does not answer is a clear error within seconds" {
    run -69 timeout 30 env PORT=0 KAFKA=127.0.0.1:1 "$BUILD/deploy/laptop/demo"
    assert_output --partial 'Kafka at 127.0.0.1:1 cannot be used'
    assert_output --partial 'no Kafka broker answers'
}

@test "a Kafka that is none is refused" {
    run -78 env PORT=0 KAFKA=apaches "$BUILD/deploy/laptop/demo"
    assert_output --partial 'KAFKA: expected embedded, apache or HOST:PORT[,...], found "apaches"'
}

@test "a broken rules file is named with its line before anything runs" {
    printf 'rules:\n  - name: much\n    threshold: ten\n' >"$BATS_TEST_TMPDIR/rules.yaml"
    run -78 env PORT=0 AUDIT_RULES="$BATS_TEST_TMPDIR/rules.yaml" "$BUILD/deploy/laptop/demo"
    assert_output --partial "demo: audit-fn refuses its configuration"
    assert_output --regexp 'rules.yaml:[0-9]+: '
}

@test "a rate that is none, or more than the embedded broker takes, is a clear error" {
    run -78 env PORT=0 RATE=fast "$BUILD/deploy/laptop/demo"
    assert_output --partial 'event-provider refuses its configuration'
    assert_output --partial fast
    run -78 env PORT=0 RATE=900000 "$BUILD/deploy/laptop/demo"
    assert_output --partial KAFKA=apache
}

@test "two demos run beside each other" {
    demo one DURATION=3 RATE=50 SEED=1
    demo two DURATION=3 RATE=50 SEED=2
    [[ $(board one) != "$(board two)" ]]
    finish one
    assert_equal "$status" 0
    finish two
    assert_equal "$status" 0
}

@test "the function sleeps while nothing comes, wakes with the next hit, and nothing is lost" {
    demo it DURATION=5 RATE=3 SEED=3 DEMO_IDLE_EXIT=50ms
    local logs
    logs=$(folder it)
    finish it
    assert_equal "$status" 0
    (($(grep -c '"message":"ready"' "$logs/audit-fn.log") >= 2))
}

@test "a part that dies is started again, which is said, and nothing is lost" {
    demo it DURATION=6 RATE=100 SEED=5
    within 60 at_least it .totals.verdicts 50
    kill -KILL "$(part "${PIDS[it]}" source-adapter)"
    within 20 said it 'source-adapter was killed by signal 9 (Killed): starting it again'
    kill -KILL "$(part "${PIDS[it]}" audit-fn)"
    within 20 said it 'audit-fn was killed by signal 9 (Killed)'
    finish it
    assert_equal "$status" 0
}

@test "when the embedded broker dies, everything begins anew" {
    demo it RATE=50
    within 60 at_least it .totals.hits 10
    kill -KILL "$(part "${PIDS[it]}" embedded-kafka)"
    within 20 said it 'what it held is lost: everything begins anew'
    within 60 said it 'event-provider runs again'
    within 60 at_least it .totals.hits 10
    stop it INT
    assert_equal "$status" 0
}

@test "on a terminal there is one screen, drawn in place" {
    start it env PORT=0 TERM=xterm script -qfec "$BUILD/deploy/laptop/demo" "$BATS_TEST_TMPDIR/it.screen"
    within 60 grep -q 'hits (' "$BATS_TEST_TMPDIR/it.screen"
    within 20 grep -q $'\033\[[0-9]*A' "$BATS_TEST_TMPDIR/it.screen"
    run cat "$BATS_TEST_TMPDIR/it.screen"
    assert_output --partial 'Ctrl-C stops everything'
    assert_output --regexp 'audit-fn +(running|starting|asleep)'
    stop it TERM
}

# One verdict is about another event than it should be: the counts are right, a fair hit has none, another one has two.
@test "one dropped fair hit and one duplicate make the run fail, and it says which" {
    local tree=$BATS_TEST_TMPDIR/tree
    mkdir -p "$tree/deploy/laptop" "$tree/audit-fn"
    cp "$BUILD/deploy/laptop/demo" "$BUILD/deploy/laptop/embedded-kafka" "$tree/deploy/laptop/"
    ln -s "$BUILD/provider" "$BUILD/source-adapter" "$tree/"
    ln -s "$BATS_TEST_DIRNAME/../support/wrong-audit-fn" "$tree/audit-fn/audit-fn"
    start it env PORT=0 DURATION=3 RATE=50 SEED=7 DEMO_WAIT=2s "$tree/deploy/laptop/demo"
    finish it
    cat "$BATS_TEST_TMPDIR/it.out"
    assert_equal "$status" 1
}
