# `make demo` on a machine without apt-get, for real: podman, and an empty Debian as the base in the place of docker.io's.
load ../support/support

setup() {
    for each in podman runc mmdebstrap iptables; do
        command -v "$each" >/dev/null || skip "no $each here"
    done
    unshare -n true 2>/dev/null || skip "no namespaces here"
    mountpoint -q / || skip "no container runs in a chroot"
    CONTAINERS=$(mktemp -d /tmp/umpire.XXXXXX) # podman wants a short path
    export CONTAINERS
    export UMPIRE_CONTAINER_BASE=localhost/umpire-test-base:1
    unset KAFKA PORT LAN DURATION RATE SEED
}

teardown() {
    [[ ${CONTAINERS:-} ]] || return 0
    local each
    for each in 'rm -af' 'rmi -af' 'volume rm -af'; do
        "$ROOT/tests/support/podman" $each >/dev/null || true
    done
    rm -rf "$CONTAINERS"
}

# elsewhere COMMAND…: with podman and what every system has, and without apt-get.
elsewhere() {
    local tools=$BATS_TEST_TMPDIR/tools each
    if [[ ! -d $tools ]]; then
        mkdir "$tools"
        for each in bash make dirname env basename tr cksum cat cut mktemp mkdir cp rm hostname; do ln -s "$(command -v "$each")" "$tools/"; done
        ln -s "$ROOT/tests/support/podman" "$tools/podman"
    fi
    PATH=$tools:/usr/sbin "$@"
}

@test "make demo runs in a container of the checkout, and a second time without a network" {
    local port
    port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
    "$ROOT/tests/support/debian-root" bookworm "$BATS_TEST_TMPDIR/base.tar"
    "$ROOT/tests/support/podman" import "$BATS_TEST_TMPDIR/base.tar" "$UMPIRE_CONTAINER_BASE"
    rm "$BATS_TEST_TMPDIR/base.tar"
    git clone -q "$ROOT" "$BATS_TEST_TMPDIR/checkout"
    run elsewhere make --no-print-directory -C "$BATS_TEST_TMPDIR/checkout" demo PORT="$port" DURATION=2 RATE=200 SEED=7
    assert_success
    assert_line --partial 'all 400 events have their verdict'
    assert_line --partial "http://127.0.0.1:$port/"
    run unshare -n bash -c "ip link set lo up; $(declare -f elsewhere); elsewhere make --no-print-directory -C '$BATS_TEST_TMPDIR/checkout' demo PORT=$port DURATION=2 RATE=200 SEED=7"
    assert_success
    assert_line --partial 'all 400 events have their verdict'
    refute_line --partial 'Making a Debian image'
    # The checkout itself was only read.
    run git -C "$BATS_TEST_TMPDIR/checkout" status --porcelain
    assert_output ''
}
