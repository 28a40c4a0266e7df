# tests/support/adapter.bash: what tests of source-adapter share. Load it behind support.bash and kafka.bash.

# sink [RULES]: starts sink.py; its URL in $SINK, what it got in $LEDGER.
sink() {
    LEDGER=$BATS_TEST_TMPDIR/ledger
    : >"$LEDGER"
    start sink /usr/bin/python3 "$ROOT/tests/support/sink.py" "$LEDGER" --rules "${1:-[]}"
    SINK=http://$(address sink)
}

# rules JSON: new ones.
rules() {
    curl -fsS -X POST -d "$1" "$SINK/rules"
}

# got [JQ-FILTER]: the requests that the sink got, in their order.
got() {
    jq -rc "${1:-.}" "$LEDGER"
}

# has_got NUMBER [JQ-CONDITION]: at least so many requests, for `within`.
has_got() {
    if (($# == 1)); then
        local lines
        mapfile -t lines <"$LEDGER"
        ((${#lines[@]} >= $1))
        return
    fi
    (($(got "select($2) | .number" | wc -l) >= $1))
}

# events FIRST LAST [KEYS]: records of game.hits as lines of JSON, the keys in turn.
events() {
    local i
    for ((i = $1; i <= $2; i++)); do
        printf '{"key":"p-%d","headers":[["ce_specversion","1.0"],["ce_id","%d"],["ce_source","/test"],["ce_type","game.hits"],["content-type","application/json"]],"value":"{\\"n\\":%d}"}\n' \
            $((i % ${3:-5})) "$i" "$i"
    done
}

# adapter NAME [OPTION…]: starts one with quick retries, reading TOPIC (game-hits) in GROUP (g) from the start; its admin address in $ADMIN.
adapter() {
    local name=$1
    shift
    start "$name" "$BUILD/source-adapter/source-adapter" --bootstrap-servers="$BOOTSTRAP" --topics="${TOPIC:-game-hits}" --group="${GROUP:-g}" \
        --from=earliest --sink="$SINK" --admin-listen=127.0.0.1:0 --backoff-delay=10ms --backoff-max=50ms "$@"
    ADMIN=$(address "$name" admin)
}

# stalls NUMBER: as many partitions of the adapter are stalled by its metrics, for `within`.
stalls() {
    [[ $(curl -fsS "http://$ADMIN/metrics" | awk '/^umpire_stalled_partitions/ {sum += $NF} END {print sum + 0}') == "$1" ]]
}

# shows NAME VALUE: a series of the adapter's metrics has this value, for `within`.
shows() {
    [[ $(metric "$ADMIN" "$1" 2>/dev/null) == "$2" ]]
}
