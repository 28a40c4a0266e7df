# tests/support/demo.bash: demos that tests start, and what is left of them. Loaded after support.bash.

# demo NAME [VARIABLE=VALUE…]: starts the launcher, the board on a free port where no PORT is given.
demo() {
    local name=$1
    shift
    start "$name" env PORT=0 "$@" "$BUILD/deploy/laptop/demo"
}

# said NAME TEXT: the demo has printed it.
said() {
    grep -qF -- "$2" "$BATS_TEST_TMPDIR/$1.out"
}

# board NAME: its URL, as the first line with such an address gives it.
board() {
    within 60 said "$1" http://127.0.0.1: || return 1
    grep -o -m 1 'http://127\.0\.0\.1:[0-9]*/' "$BATS_TEST_TMPDIR/$1.out"
}

# state NAME FILTER: what the board says, through jq.
state() {
    curl -fsS "$(board "$1")api/state" | jq -r "$2"
}

# at_least NAME FILTER NUMBER: the board's number has come that far.
at_least() {
    local number
    number=$(state "$1" "$2" 2>/dev/null) && ((number >= $3))
}

# folder NAME: where the logs of the demo are.
folder() {
    local url
    url=$(board "$1") && url=${url%/} && echo "$BUILD/demo/${url##*:}"
}

# parts PID: the process ids of a launcher's children, its keeper included.
parts() {
    ps -o pid= --ppid "$1" | tr -d ' '
}

# part PID PROGRAM: the child that runs this program.
part() {
    ps -o pid=,args= --ppid "$1" | awk -v program="/$2" 'index($2 " ", program " ") {print $1}'
}

gone() {
    local each
    for each in "$@"; do
        [[ ! -e /proc/$each ]] || [[ $(awk '/^State:/ {print $2}' "/proc/$each/status" 2>/dev/null) == Z ]] || return 1
    done
}

# refused HOST:PORT: nobody listens there.
refused() {
    ! (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null
}

# note_what_runs NAME: remembers the processes, ports and files of a running demo, for nothing_is_left.
note_what_runs() {
    mapfile -t noted_processes < <(parts "${PIDS[$1]}")
    noted_ports=("$(board "$1" | sed 's,http://,,; s,/,,')" "$(awk '$1 == "broker" {print $2; exit}' "$BATS_TEST_TMPDIR/$1.out")")
    noted_folder=$(folder "$1")
    [[ ${#noted_processes[@]} -ge 4 && -d $noted_folder/run ]]
}

nothing_is_left() {
    local port
    within 20 gone "${noted_processes[@]}" || { ps -o pid,ppid,stat,args -p "$(IFS=,; echo "${noted_processes[*]}")"; return 1; }
    for port in "${noted_ports[@]}"; do
        within 5 refused "$port" || return 1
    done
    within 5 [ ! -e "$noted_folder/run" ]
}

# For teardown: demos clean up after themselves when they are asked to end.
stop_demos() {
    local name
    if [[ ! ${BATS_TEST_COMPLETED:-} ]]; then
        for name in "${!PIDS[@]}"; do
            echo "---- $name"
            tail -n 30 "$BATS_TEST_TMPDIR/$name.out"
        done
    fi
    for name in "${!PIDS[@]}"; do
        stop "$name" TERM
    done
}
