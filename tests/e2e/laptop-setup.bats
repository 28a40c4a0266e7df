# The set-up of packages, and what happens where there is no apt-get. Nothing is installed here: apt-get is a stand-in that notes its arguments.
load ../support/support

setup() {
    # A tree of its own, whose purposes name what is there and what can never be.
    tree=$BATS_TEST_TMPDIR/tree
    tools=$BATS_TEST_TMPDIR/tools
    mkdir -p "$tree/deploy/laptop" "$tree/packages" "$tools"
    cp "$ROOT/deploy/laptop/setup" "$tree/deploy/laptop/"
    printf '# what is there\ndpkg   # with a reason\n' >"$tree/packages/there"
    printf 'dpkg\numpire-no-such-package   # never\n' >"$tree/packages/missing"
    export ASKED=$BATS_TEST_TMPDIR/asked
    tool apt-get 'echo "$@" >>"$ASKED"'
    export PATH=$tools:$PATH
    unset YES # which .ci/run sets, and with which nothing is asked
}

teardown() {
    stop_all
}

# tool NAME SCRIPT: a program that is found first.
tool() {
    printf '#!/bin/bash\n%s\n' "$2" >"$tools/$1"
    chmod +x "$tools/$1"
}

# on_a_terminal ANSWER COMMAND: its output and status, with ANSWER typed.
on_a_terminal() {
    run bash -c 'printf "%s\n" "$1" | script -qec "$2" /dev/null' bash "$1" "$2"
}

# offline COMMAND…: in a network namespace without a route. Who is not root needs a user namespace for it, which a chroot does not allow.
offline() {
    if unshare -n true 2>/dev/null; then
        unshare -n "$@"
    else
        unshare -rn "$@"
    fi
}

needs_namespaces() {
    offline true 2>/dev/null || skip "no network namespaces here"
}

@test "what is there is not asked for, and needs no network" {
    needs_namespaces
    run offline "$tree/deploy/laptop/setup" there
    assert_success
    assert_output ''
    [[ ! -e $ASKED ]]
}

@test "this checkout's own packages are there after make check, without a network" {
    needs_namespaces
    run offline "$ROOT/deploy/laptop/setup" build check
    assert_success
    assert_output ''
    [[ ! -e $ASKED ]]
}

@test "what is missing is shown and installed, without recommended packages, without a question where nobody can answer" {
    tool id 'echo 0'
    run "$tree/deploy/laptop/setup" there missing </dev/null
    assert_success
    assert_output --partial 'apt-get -q install -y --no-install-recommends umpire-no-such-package'
    refute_output --partial '[Y/n]'
    run cat "$ASKED"
    assert_output "-q update
-q install -y --no-install-recommends umpire-no-such-package"
}

@test "on a terminal it asks once, and no means that nothing happens" {
    tool id 'echo 0'
    on_a_terminal n "$tree/deploy/laptop/setup missing"
    assert_failure 69
    assert_output --partial 'Run them now? [Y/n]'
    assert_output --partial 'nothing was installed'
    [[ ! -e $ASKED ]]
}

@test "on a terminal yes is the answer of the return key" {
    tool id 'echo 0'
    on_a_terminal '' "$tree/deploy/laptop/setup missing"
    assert_success
    [[ -e $ASKED ]]
}

@test "YES=1 does not ask, on a terminal either" {
    tool id 'echo 0'
    on_a_terminal n "env YES=1 $tree/deploy/laptop/setup missing"
    assert_success
    refute_output --partial '[Y/n]'
    [[ -e $ASKED ]]
}

@test "who is not root gets sudo" {
    tool id 'echo 1000'
    tool sudo 'echo "sudo $*" >>"$ASKED"'
    run "$tree/deploy/laptop/setup" missing
    assert_success
    run cat "$ASKED"
    assert_line --index 1 'sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends umpire-no-such-package'
}

@test "a failure of apt-get is one of the set-up" {
    tool id 'echo 0'
    tool apt-get 'echo "E: no network" >&2; exit 100'
    run "$tree/deploy/laptop/setup" missing
    assert_failure 69
    assert_output --partial 'E: no network'
    assert_output --partial 'apt-get update failed'
}

@test "a purpose that is none is wrong usage, and the known ones are named" {
    run "$tree/deploy/laptop/setup" nonsense
    assert_failure 64
    assert_output --partial 'there are: missing there'
}

# only TOOLS…: a PATH with nothing else.
only() {
    mkdir "$BATS_TEST_TMPDIR/only"
    local each
    for each in "$@"; do ln -s "$(command -v "$each")" "$BATS_TEST_TMPDIR/only/$each"; done
}

@test "without apt-get, podman and docker, make demo says in one sentence what would do" {
    only bash make dirname env
    run env PATH="$BATS_TEST_TMPDIR/only" make --no-print-directory -C "$ROOT" demo
    assert_failure
    assert_line --index 0 'make demo: this machine has neither apt-get nor podman or docker: install podman or docker, or run it on Debian 12 or 13.'
}

@test "without apt-get, make demo runs itself in a container of the checkout" {
    only bash make dirname env basename tr cksum cat cut mktemp mkdir cp rm hostname
    cat >"$BATS_TEST_TMPDIR/only/docker" <<'EOF'
#!/bin/bash
echo "docker $*" >>"$ASKED"
[[ $1 != image ]]
EOF
    chmod +x "$BATS_TEST_TMPDIR/only/docker"
    # A copy, since the real one would get a folder build where there is none.
    mkdir "$tree/copy"
    cp -R "$ROOT"/{Makefile,packages,deploy} "$tree/copy/"
    run env PATH="$BATS_TEST_TMPDIR/only" make --no-print-directory -C "$tree/copy" demo PORT=8123 DURATION=5 KAFKA=apache
    assert_success
    run cat "$ASKED"
    assert_line --index 1 --regexp '^docker build .*--build-arg PURPOSES=build apache .*Containerfile'
    assert_line --index 2 --regexp "^docker run --rm -i -p 127.0.0.1:8123:8123 .*-v $tree/copy:/umpire:ro .*-e KAFKA=apache -e PORT=8123 -e DURATION=5 .* make BUILD=build demo\$"
}
