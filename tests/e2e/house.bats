# The rules of the house that a reader relies on.

setup() {
    load ../support/support
    cd "$ROOT"
    git rev-parse HEAD >/dev/null 2>&1 || skip "not a git checkout"
}

@test "no source file has more than 500 lines" {
    run bash -c "git ls-files '*.c' '*.h' '*.py' '*.js' '*.css' '*.bash' '*.bats' '*.build' | xargs wc -l | awk '\$2 != \"total\" && \$1 > 500'"
    assert_output ''
}

@test "no program includes another's files, and common/ none of theirs" {
    programs='audit-fn source-adapter provider'
    for one in $programs common; do
        for other in $programs; do
            [[ $one == "$other" ]] || run -1 git grep -n "#include \"$other/" -- "$one"
        done
    done
}

@test "every program's libraries are those that it says it needs" {
    needed() { readelf -d "$BUILD/$1" | sed -n 's/.*(NEEDED).*\[lib\([a-z]*\).*/\1/p' | tr '\n' ' '; }
    [[ $(needed audit-fn/audit-fn) != *rdkafka* && $(needed audit-fn/audit-fn) != *curl* ]]
    [[ $(needed provider/event-provider) != *hiredis* ]]
    [[ $(needed source-adapter/source-adapter) != *sqlite* && $(needed source-adapter/source-adapter) != *hiredis* ]]
}

@test "the tests that README.md, docs/GAME.md and docs/ADAPTER.md name are there" {
    local page name
    for page in README.md docs/GAME.md docs/ADAPTER.md; do
        name=
        for name in $(grep '^|' "$page" | grep -o '`\(e2e\|unit\|faults\|vectors\)/[^`]*`' | tr -d '`'); do
            compgen -G "tests/$name" >/dev/null || fail "$page names tests/$name"
        done
        [[ $name ]]
    done
}

# In docs/ADAPTER.md a file is followed by the beginnings of its tests' names, in quotes.
@test "the tests that docs/ADAPTER.md names are there, each by its name" {
    run python3 - docs/ADAPTER.md <<-'PYTHON'
	import re, sys
	named = 0
	for files in re.findall(r'`((?:e2e|unit|faults)/[^`]*)`((?:,? "[^"]*")+)', open(sys.argv[1]).read()):
	    text = open("tests/" + files[0]).read()
	    for name in re.findall(r'"([^"]*)"', files[1]):
	        named += 1
	        if not re.search(r'(@test "|Test\(\w+, |def )' + re.escape(name), text):
	            print("%s has no test %s" % (files[0], name))
	print("%d names" % named)
	PYTHON
    assert_success
    assert_output --regexp '^[1-9][0-9]{2} names$'
}
