# The rights of the KafkaUsers, and the Secrets and variables that the manifests give: the programs run with exactly these on a real Kafka, which
# refuses all else, and says for each request by which right it let it in.

setup() {
    load ../support/support
    load ../support/kafka
    load ../support/adapter
    "$ROOT/tests/manifests/kubectl" version --client >"$BATS_TEST_TMPDIR/version" 2>&1 ||
        skip "the pinned kubectl cannot be had: $(tail -n 1 "$BATS_TEST_TMPDIR/version")"
    deployed=$ROOT/tests/manifests/as_deployed.py
}

teardown() {
    stop_all
}

# guarded_kafka: one with the rights of a pattern's KafkaUsers, and its topics; the Secrets as files in $bindings/USER/kafka.
guarded_kafka() { # PATTERN [RIGHTS-LEFT-OUT]
    local user
    kafka_start_guarded umpire-provider:p-secret umpire-adapter:a-secret < <(python3 "$deployed" rights "$1" | grep -vE "^(${2:-nobody})")
    kafka_topics game-hits:3 audit-verdicts:3 flagged-players:3:cleanup.policy=compact game-hits-dlq:1 umpire-status:1 audit-verdicts-candidate:3
    bindings=$BATS_TEST_TMPDIR/bindings
    # By PLAIN: librdkafka before 2.6.1 has a SCRAM that this Kafka refuses. With the images, tests/e2e/path.images.bats does it by SCRAM.
    for user in provider adapter; do
        printf '%s-secret' "${user:0:1}" | python3 "$deployed" binding "$bindings/$user/kafka" "kafka-$user" --bootstrap "$(kafka_listener sasl_ssl)" \
            --user "umpire-$user" --password-file - --mechanism PLAIN --ca "$BATS_TEST_TMPDIR/tls/ca.pem"
    done
}

# deployed NAME OBJECT PROGRAM [OPTION…]: starts a program with the variables of its manifest, but the addresses, which are this test's own.
deployed() {
    local name=$1 object=$2 program=$3 user=adapter each variables=()
    shift 3
    [[ $object != event-provider ]] || user=provider
    while IFS= read -r each; do
        case $each in
        *_LISTEN=*) ;;
        SERVICE_BINDING_ROOT=*) variables+=("SERVICE_BINDING_ROOT=$bindings/$user") ;;
        *) variables+=("$each") ;;
        esac
    done < <(python3 "$deployed" env parallel-running "$object")
    start "$name" env "${variables[@]}" "$BUILD/$program" "$@"
}

has_delivered() { # NAME NUMBER
    [[ $(metric "$(address "$1" admin)" umpire_events_delivered_total) -ge $2 ]]
}

has_dead_letters() { # NAME NUMBER
    [[ $(metric "$(address "$1" admin)" umpire_dead_letters_total) -ge $2 ]]
}

@test "what the programs do needs each right that their users have, and no other" {
    local each
    guarded_kafka parallel-running
    start function "$BUILD/audit-fn/audit-fn" --listen 127.0.0.1:0 --reply always
    to_function=(--sink "http://$(address function)" --admin-listen 127.0.0.1:0)
    deployed adapter source-adapter source-adapter/source-adapter "${to_function[@]}"
    deployed candidate source-adapter-candidate source-adapter/source-adapter "${to_function[@]}"
    deployed board event-provider provider/event-provider --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --rate 0
    deployed provider event-provider provider/event-provider --listen none --run seven --seed 7 --rate 1000 --events 600 --truth "$BATS_TEST_TMPDIR/truth.json"
    finish provider
    assert_equal "$status" 0
    within 60 has_delivered adapter 600
    within 60 has_delivered candidate 600
    deployed verify event-provider provider/event-provider verify --truth "$BATS_TEST_TMPDIR/truth.json" --wait 10s
    finish verify
    assert_equal "$status" 0
    deployed compare event-provider provider/event-provider verify --against audit-verdicts-candidate --wait 2s
    finish compare
    assert_equal "$status" 0

    # An event that the function refuses, and what is done with a dead letter.
    echo '{"key":"p-1","headers":[["ce_specversion","1.0"],["ce_id","bad"],["ce_source","/t"],["ce_type","game.hits"],["content-type","application/json"]],"value":"{}"}' |
        kafka_produce game-hits
    within 60 has_dead_letters adapter 1
    sink
    deployed redrive source-adapter source-adapter/source-adapter redrive --topics game-hits-dlq --sink "$SINK"
    finish redrive
    has_got 1 '.headers["ce-id"] == "bad"'

    stop adapter
    deployed exactly source-adapter source-adapter/source-adapter "${to_function[@]}" --exactly-once
    deployed more event-provider provider/event-provider --listen none --run eight --seed 8 --rate 1000 --events 200 --truth "$BATS_TEST_TMPDIR/more.json"
    finish more
    within 60 has_delivered exactly 200
    deployed verify event-provider provider/event-provider verify --truth "$BATS_TEST_TMPDIR/more.json" --wait 10s
    finish verify
    assert_equal "$status" 0
    for each in exactly candidate board; do
        stop "$each"
        assert_equal "$status" 0
    done

    # A reader that commits nothing has a group in name only; librdkafka asks for its coordinator all the same.
    assert_equal "$(kafka_denied | grep -v 'Group:LITERAL:umpire-reader for request = FindCoordinator')" ''
    # Each right has let something in. Knative's own user is not played here; and the candidate's group begins like the first one, whose right is for
    # all names that begin so: in a workshop, where numbers stand behind them, it does not.
    assert_equal "$(comm -13 <(kafka_rights_used) <(grep -v '^umpire-knative ' "$BATS_TEST_TMPDIR/rights" | sort))" \
        "$(printf 'umpire-adapter GROUP LITERAL umpire-audit-candidate %s\n' DESCRIBE READ)"
}

@test "without a right, a program says what it lacks, and nothing is taken for done" {
    guarded_kafka source-to-sink 'umpire-adapter TOPIC LITERAL audit-verdicts|umpire-provider TOPIC LITERAL game-hits WRITE'
    deployed provider event-provider provider/event-provider --listen none --rate 1000 --events 10
    within 60 grep -q 'event is not in Kafka.*topic game-hits: Broker: Topic authorization failed' "$BATS_TEST_TMPDIR/provider.log"
    start function "$BUILD/audit-fn/audit-fn" --listen 127.0.0.1:0 --reply always
    events 1 3 | sed 's/"value":.*/"value":"{\\"player\\":\\"p\\",\\"hits\\":14}"}/' | kafka_produce game-hits
    deployed adapter source-adapter source-adapter/source-adapter --sink "http://$(address function)" --admin-listen 127.0.0.1:0
    within 30 grep -q 'reply not stored.*topic audit-verdicts: Broker: Topic authorization failed' "$BATS_TEST_TMPDIR/adapter.log"
    stop adapter
    # Where it began is committed, and nothing behind it.
    assert_equal "$(for each in 0 1 2; do kafka_committed umpire-audit game-hits "$each"; done | sort -u)" 0
}
