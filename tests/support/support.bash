# tests/support/support.bash: what bats tests share: processes that are started, watched and always stopped; conditions that are waited for.
#
# load it with `load ../support/support`. Programs log JSON to standard error when that is a file, so a test reads what it needs (addresses,
# outcomes) from the log: the line "listening" has `for` (http, admin) and `address`.

bats_require_minimum_version 1.5.0
# Read for each test, so without a process for each of their files, as bats_load_library has it.
for LIBRARY in "${BATS_LIB_PATH:-/usr/lib/bats}"/bats-{support,assert}; do
    if [[ ! -d $LIBRARY/src ]]; then
        bats_load_library "${LIBRARY##*/}"
        continue
    fi
    for FILE in "$LIBRARY"/src/*.bash; do
        # shellcheck disable=SC1090
        source "$FILE"
    done
done

ROOT=$BATS_TEST_DIRNAME
while [[ ! -f $ROOT/meson.build || -f $ROOT/../meson.build ]]; do ROOT=${ROOT%/*}; done
BUILD=${BUILD:-$ROOT/build}
[[ $BUILD = /* ]] || BUILD=$ROOT/$BUILD

declare -gA PIDS=() # -g: `load` reads this file inside a function
declare -g NEVER
exec {NEVER}<> <(:) # there is never anything to read from it

# start NAME COMMAND…: runs it in the background, output in $BATS_TEST_TMPDIR/NAME.out and NAME.log, no inherited descriptors of bats.
start() {
    local name=$1
    shift
    : >"$BATS_TEST_TMPDIR/$name.out" >"$BATS_TEST_TMPDIR/$name.log" # at once: what an earlier one of this name said must not be taken for this one's word
    "$@" >"$BATS_TEST_TMPDIR/$name.out" 2>"$BATS_TEST_TMPDIR/$name.log" 3>&- 4>&- </dev/null &
    PIDS[$name]=$!
}

# stop NAME [SIGNAL]: sends it (TERM), waits for the end, and leaves the exit status in $status. Knows one that has ended already.
stop() {
    local name=$1 signal=${2:-TERM}
    kill "-$signal" "${PIDS[$name]}" 2>/dev/null || true
    status=0
    wait "${PIDS[$name]}" || status=$?
    unset "PIDS[$name]"
}

# finish NAME: waits for it to end by itself; its status in $status.
finish() {
    status=0
    wait "${PIDS[$1]}" || status=$?
    unset "PIDS[$1]"
}

running() {
    kill -0 "${PIDS[$1]}" 2>/dev/null
}

# within SECONDS COMMAND…: tries it until it succeeds; fails, saying what it waited for, when the time is over. What takes longer is asked for less
# often: the programs under test and other tests need the processor more.
within() {
    local seconds=$1 end pause
    local pauses=(0.02 0.02 0.03 0.03 0.05 0.05 0.1 0.1 0.1 0.2)
    shift
    end=$((SECONDS + seconds))
    until "$@"; do
        if ((SECONDS >= end)); then
            echo "not within $seconds s: $*" >&2
            return 1
        fi
        pause=${pauses[0]}
        ((${#pauses[@]} == 1)) || pauses=("${pauses[@]:1}")
        read -rt "$pause" -u "$NEVER" _ || true # like sleep, without a process; REPLY is for the tests
    done
}

# logged NAME TEXT: the log of NAME has a line with TEXT.
logged() {
    grep -qF -- "$2" "$BATS_TEST_TMPDIR/$1.log"
}

# address NAME [KIND]: where it listens for KIND (http), as HOST:PORT; waits for the line.
address() {
    local name=$1 kind=${2:-http} line
    within 20 logged "$name" "\"for\":\"$kind\"" || { show_logs >&2; return 1; }
    line=$(grep -F "\"for\":\"$kind\"" "$BATS_TEST_TMPDIR/$name.log")
    line=${line##*'"address":"'} # of the last line that says so
    echo "${line%%'"'*}"
}

# metric ADDRESS NAME: the value of a series, as its line begins ("umpire_events_total{result=\"fair\"}").
metric() {
    local connection
    exec {connection}<>"/dev/tcp/${1%:*}/${1##*:}" || return
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&"$connection"
    awk -v name="$2" 'index($0, name " ") == 1 {print $NF}' <&"$connection"
    exec {connection}>&-
}

show_logs() {
    local file
    for file in "$BATS_TEST_TMPDIR"/*.log; do
        [[ -f $file ]] || continue
        echo "---- ${file##*/}"
        tail -n 30 "$file"
    done
}

# For every test's teardown: ends what is left, the hard way, and shows the logs of a test that failed.
stop_all() {
    local name
    [[ ${BATS_TEST_COMPLETED:-} ]] || show_logs
    for name in "${!PIDS[@]}"; do
        kill -KILL "${PIDS[$name]}" 2>/dev/null || true
        wait "${PIDS[$name]}" 2>/dev/null || true
    done
    PIDS=()
}
