# The token that Knative's SinkBinding mounts at a fixed place, in a mount namespace that has it there.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    ROOM=$BATS_TEST_TMPDIR/room
    mkdir "$ROOM"
    room true || skip "no overlay of the root here"
}

teardown() {
    stop_all
}

# room COMMAND…: runs it where /oidc/token is, and the rest as it is here.
room() {
    # shellcheck disable=SC2016
    unshare --mount --kill-child -- bash -euc 'room=$1
        shift
        mount -t tmpfs room "$room"
        mkdir "$room"/{upper,work,root}
        mount -t overlay root -o "lowerdir=/,upperdir=$room/upper,workdir=$room/work" "$room/root"
        mkdir "$room/root/oidc"
        echo mounted.token >"$room/root/oidc/token"
        exec chroot "$room/root" "$@"' - "$ROOM" "$@" 2>"$BATS_TEST_TMPDIR/room.err"
}

@test "where a SinkBinding has mounted a token the sink gets it, though no variable says so" {
    [[ ! -e /oidc/token ]]
    kafka_start embedded --topic one:1
    sink
    events 1 1 | kafka_produce one
    room timeout 60 "$BUILD/source-adapter/source-adapter" --bootstrap-servers="$BOOTSTRAP" --topics=one --sink="$SINK" --replay >"$BATS_TEST_TMPDIR/out"
    [[ $(got '.headers.authorization') == 'Bearer mounted.token' ]]
}
