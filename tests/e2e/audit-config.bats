# audit-fn's configuration: what a wrong one is told.

setup() {
    load ../support/support
    load ../support/audit
    cd "$BATS_TEST_TMPDIR"
}

teardown() {
    stop_all
}

# refused TEXT [OPTION…]: --check-config exits 78 and says so.
refused() {
    local text=$1
    shift
    run "$AUDIT_FN" --check-config "$@"
    assert_equal "$status" 78
    assert_output --partial "$text"
}

@test "--check-config is content with the defaults and with a rules file, and starts nothing" {
    run "$AUDIT_FN" --check-config
    assert_success
    printf 'rules:\n  - preset: shipwars\n    threshold: 3\n' >rules.yaml
    run "$AUDIT_FN" --check-config --rules rules.yaml
    assert_success
}

@test "a wrong rules file is named with line and key" {
    printf 'rules:\n  - name: r\n    types: game.hits\n    value: /hits\n    player: subject\n    threshold: ten\n' >rules.yaml
    refused 'rules.yaml:6: threshold: expected an integer from 0 to 9007199254740991, found "ten"' --rules rules.yaml
    printf 'rules:\n  - preset: hits\n    treshold: 3\n' >rules.yaml
    refused 'rules.yaml:3: treshold' --rules rules.yaml
    printf 'rules:\n\t- preset: hits\n' >rules.yaml
    refused 'rules.yaml:2:' --rules rules.yaml
    refused 'nowhere.yaml: No such file' --rules nowhere.yaml
    run "$AUDIT_FN" --rules nowhere.yaml
    assert_equal "$status" 78
}

@test "a threshold without a preset is refused" {
    printf 'rules:\n  - {name: r, types: t, value: /v, player: subject, threshold: 1}\n' >rules.yaml
    refused 'rules.yaml has no preset' --rules rules.yaml --threshold 3
}

@test "wrong options: usage is 64, the environment 78, and the nearest is named" {
    run "$AUDIT_FN" --treshold 3
    assert_equal "$status" 64
    assert_output --partial --threshold
    AUDIT_REPLY=sometimes run "$AUDIT_FN"
    assert_equal "$status" 78
    assert_output --partial AUDIT_REPLY
    AUDIT_TRESHOLD=3 run "$AUDIT_FN"
    assert_equal "$status" 78
    assert_output --partial AUDIT_THRESHOLD
}

@test "what Kubernetes sets for a service named audit is no error" {
    AUDIT_SERVICE_HOST=10.0.0.1 AUDIT_PORT=tcp://10.0.0.1:80 AUDIT_PORT_80_TCP=tcp://10.0.0.1:80 run "$AUDIT_FN" --check-config
    assert_success
}

@test "an address that is none is named with where it came from" {
    run timeout 10 "$AUDIT_FN" --listen somewhere
    assert_equal "$status" 78
    assert_output --partial "--listen: somewhere: expected an address and a port"
    PORT=99999 run timeout 10 "$AUDIT_FN"
    assert_equal "$status" 78
    assert_output --partial "PORT: :99999: expected an address and a port"
}

@test "the identities in the unit tests are those that Python works out" {
    run diff "$ROOT/tests/unit/audit/identities.inc" <(python3 "$ROOT/tests/unit/audit/identities.py")
    assert_success
}
