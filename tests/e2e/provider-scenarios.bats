# The scenarios on the whole path: simulator, Kafka, adapter, function, and back; what verify says of each.
load ../support/support
load ../support/kafka
load ../support/provider

teardown() {
    stop_all
}

# path [AUDIT OPTION…]: function and adapter on a broker of their own.
path() {
    kafka_start embedded
    start audit "$BUILD/audit-fn/audit-fn" --listen 127.0.0.1:0 --reply always "$@"
    start adapter "$BUILD/source-adapter/source-adapter" --bootstrap-servers "$BOOTSTRAP" --sink "http://$(address audit)/" --topics game-hits \
        --group umpire --from earliest --ordering key --dead-letter-topic game-hits-dlq --reply-topic audit-verdicts
}

# goes SCENARIO: a run of it has its verdicts, and somebody was flagged.
goes() {
    simulate --run "run-$RANDOM$RANDOM" --scenario "$1" --players 10 --cheaters 0.4
    verify --wait 30s
    (($(truth '.flagged | length') > 0))
    assert_equal "$(kafka_consume game-hits-dlq | wc -l)" 0
}

# attribute NAME: of each event in the topic.
attribute() {
    kafka_consume game-hits | jq -r --arg name "$1" '.headers | map({(.[0]): .[1]}) | add | .[$name]'
}

@test "every scenario of the game is audited as its truth says" {
    printf 'base: burst\nphases:\n- {duration: 200ms, factor: 0}\n- {duration: 100ms, factor: 1.5}\n' >"$BATS_TEST_TMPDIR/short-burst.yaml"
    path
    local scenario
    for scenario in steady "$BATS_TEST_TMPDIR/short-burst.yaml" cheaters boundary slow-cheaters hot-key out-of-order duplicates; do
        echo "$scenario"
        goes "$scenario"
    done
    assert_equal "$(truth .preset)" duplicates
    # The last run was sent with repetitions, and out-of-order ones not in order; no id is missing in either.
    attribute ce_source | sort | uniq -c | awk '{print $1}' | sort -n | tail -n 1 >"$BATS_TEST_TMPDIR/most"
    (($(<"$BATS_TEST_TMPDIR/most") > 300))
}

# with_rules SCENARIO TYPE RULE: its events pass the function with the rules that belong to it.
with_rules() {
    local rules=$ROOT/deploy/rules/$1.yaml
    "$BUILD/audit-fn/audit-fn" --check-config --rules "$rules"
    path --rules "$rules"
    goes "$1"
    assert_equal "$(attribute ce_type | sort -u)" "$2"
    kafka_consume audit-verdicts | jq -r '.value | fromjson | .rule' | sort -u | grep -qx "$3"
}

@test "web-activity, with its rules: robots are flagged" {
    with_rules web-activity web.activity requests-over-100
}

@test "metrics, with its rules: overloaded machines are flagged" {
    with_rules metrics metrics.sample percent-over-90
}

@test "logs, with its rules: services in trouble are flagged" {
    with_rules logs log.summary errors-over-20
}

@test "a wrong scenario file is refused with file, line and key; a good one is called by its name" {
    local file=$BATS_TEST_TMPDIR/lunch.yaml
    printf 'base: cheaters\nstile: slow\n' >"$file"
    run -78 "$PROVIDER" --bootstrap-servers 127.0.0.1:1 --scenario "$file"
    assert_output --partial "$file:2: stile: "
    assert_output --partial 'style'
    run -78 "$PROVIDER" --bootstrap-servers 127.0.0.1:1 --scenario ./missing.yaml
    assert_output --partial './missing.yaml'
    printf 'base: cheaters\nstyle: slow\n' >"$file"
    "$PROVIDER" --bootstrap-servers 127.0.0.1:1 --scenario "$file" --check-config
    kafka_start embedded
    simulate --scenario "$file"
    assert_equal "$(truth .preset)" lunch
}
