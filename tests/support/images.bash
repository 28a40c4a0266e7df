# tests/support/images.bash: the images, built and run as a cluster would: any user id, a read-only root, no capabilities. Behind support.bash.
#
# No registry of images is asked: the base is an empty Debian, imported under the name that deploy/images/Containerfile gives it. Storage is the
# test file's own: CONTAINERS, which setup_file makes, with a short path, since podman wants one.

BASE_IMAGE=docker.io/library/debian:trixie-slim

buildah_() {
    buildah --root "$CONTAINERS/storage" --runroot "$CONTAINERS/run" --storage-driver overlay "$@"
}

podman_() {
    STORAGE_DRIVER=overlay "$ROOT/tests/support/podman" "$@"
}

base_image() {
    local tar=$BATS_FILE_TMPDIR/base.tar
    "$ROOT/tests/support/debian-root" trixie "$tar"
    podman_ import -q "$tar" "$BASE_IMAGE"
    rm "$tar"
}

# context FOLDER: what the images are built from, as it is now: others may work in the checkout meanwhile.
context() {
    mkdir -p "$1"
    (cd "$ROOT" && git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - 2>/dev/null | tar -xm -C "$1")
}

# build_image CONTEXT TARGET NAME [OPTION…]
build_image() {
    local folder=$1 target=$2 name=$3
    shift 3
    buildah_ build --isolation chroot --pull-never --layers --timestamp 0 --file "$folder/deploy/images/Containerfile" --target "$target" \
        --tag "$name" "$@" "$folder"
}

# Whether this machine lets a container run at all; why not, on standard output.
containers_run() {
    once "$BASE_IMAGE" /bin/true 2>&1
}

# What a restricted pod gets.
AS_A_CLUSTER=(--user "$((1000650000 + RANDOM)):0" --read-only --cap-drop=all --security-opt no-new-privileges)

# once [OPTION…] IMAGE [ARGUMENT…]: runs it to its end.
once() {
    podman_ run --rm --network=host "${AS_A_CLUSTER[@]}" "$@"
}

# container NAME IMAGE [OPTION… -- ARGUMENT…]: starts it in the background on this host's network.
container() {
    local name=$1 image=$2 options=()
    shift 2
    while (($#)) && [[ $1 != -- ]]; do options+=("$1") && shift; done
    (($#)) && shift
    start "$name" podman_ run --rm --name "$name-$$" --network=host "${AS_A_CLUSTER[@]}" ${options[@]+"${options[@]}"} "$image" "$@"
}

# layer_size IMAGE: bytes that it adds to its base, as files.
layer_size() {
    echo $(($(podman_ image inspect --format '{{.Size}}' "$1") - $(podman_ image inspect --format '{{.Size}}' "${2:-$BASE_IMAGE}")))
}

# Nothing of the storage stays mounted or behind.
remove_images() {
    podman_ rm --all --force --time 0 >/dev/null 2>&1 || true
    grep -o " $CONTAINERS/[^ ]*" /proc/self/mounts | sort -r | xargs -r -n 1 umount -l || true
    rm -rf --one-file-system "$CONTAINERS"
}
