# The reference pages are what the programs say of themselves.
load ../support/support

@test "every reference page is the program's own, as make reference writes it" {
    local page program
    for page in "$ROOT"/docs/reference/*.md; do
        program=$(basename "$page" .md)
        run -0 "$BUILD"/*/"$program" --help=markdown
        diff <(echo "$output") "$page" || fail "docs/reference/$program.md is not what $program says: run make reference"
    done
}

@test "every man page is accepted by the formatter without a warning" {
    command -v groff >/dev/null || skip "needs groff"
    local page program
    for page in "$ROOT"/docs/reference/*.md; do
        program=$(basename "$page" .md)
        run -0 bash -c '"$1" --help=man | groff -man -Tutf8 -ww -z 2>&1' bash "$(echo "$BUILD"/*/"$program")"
        assert_output ""
    done
}
