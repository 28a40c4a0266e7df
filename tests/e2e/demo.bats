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
