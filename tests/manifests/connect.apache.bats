# The settings of deploy/extras/connect, run: a verdict arrives mirrored, and in the file. Kafka, Connect and MirrorMaker 2 are Apache's own.

setup() {
    load ../support/support
    load ../support/kafka
    "$ROOT/tests/manifests/kubectl" version --client >"$BATS_TEST_TMPDIR/version" 2>&1 ||
        skip "the pinned kubectl cannot be had: $(tail -n 1 "$BATS_TEST_TMPDIR/version")"
    command -v mvn >/dev/null || skip "no mvn to fetch Kafka Connect with"
    folder=$BATS_TEST_TMPDIR/connect
    mkdir -p "$folder/mnt/user" "$folder/mnt/authority" "$folder/tmp"
}

teardown() {
    stop_all
}

# connector NAME STATE: it and its task are so.
connector() {
    [[ $(curl -fsS "http://127.0.0.1:$port/connectors/$1/status" 2>/dev/null | jq -r '[.connector.state, .tasks[0].state] | join(" ")') = "$2 $2" ]]
}

@test "a verdict arrives mirrored, with its attributes, and in the file" {
    assert_equal "$(sed -n 's:.*<kafka.version>\(.*\)<.*:\1:p' "$ROOT/tests/support/connect/pom.xml")" \
        "$(sed -n 's:.*<version>\(4[^<]*\)</version>.*:\1:p' "$ROOT/deploy/laptop/apache-kafka/pom.xml")"
    # As Strimzi writes it into the Secret of a KafkaUser.
    echo 'org.apache.kafka.common.security.scram.ScramLoginModule required username="umpire-connect" password="secret";' >"$folder/mnt/user/sasl.jaas.config"
    kafka_start_guarded umpire-connect:secret < <(python3 "$ROOT/tests/manifests/as_deployed.py" rights source-to-sink connect | grep '^umpire-connect ')
    cp "$BATS_TEST_TMPDIR/tls/ca.pem" "$folder/mnt/authority/ca.crt"
    kafka_topics audit-verdicts:3
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    python3 "$ROOT/tests/manifests/connect_settings.py" "$folder" "$(kafka_listener sasl_ssl)" "$port"
    start connect "$ROOT/tests/support/connect/connect" "$folder/worker.properties"
    within 500 curl -fsS -o /dev/null "http://127.0.0.1:$port/connectors" 2>/dev/null # the jars are fetched first, once
    for each in verdicts-mirror verdicts-file; do
        curl -fsS -o /dev/null -X PUT -H 'Content-Type: application/json' --data "@$folder/$each.json" "http://127.0.0.1:$port/connectors/$each/config"
    done
    within 60 connector verdicts-mirror RUNNING
    within 60 connector verdicts-file RUNNING
    echo '{"key":"p-1","headers":[["ce_specversion","1.0"],["ce_id","v-1"],["ce_type","audit.fail"]],"value":"{\"verdict\":\"cheating\",\"player\":\"p-1\"}"}' |
        kafka_produce audit-verdicts
    within 60 grep -qs '"verdict":"cheating"' "$folder/tmp/audit-verdicts.txt"
    run timeout 60 "$KAFKA_RECORDS" consume "$BOOTSTRAP" mirror.audit-verdicts --count 1
    assert_success
    assert_equal "$(jq -rc '.key, .value, (.headers | map(select(.[0] == "ce_type"))[0][1])' <<<"$output")" \
        "$(printf 'p-1\n{"verdict":"cheating","player":"p-1"}\naudit.fail')"
    # As the user that the manifests make, whose rights suffice and are needed: that to alter when the verdicts get more partitions.
    assert_equal "$(kafka_denied)" ''
    assert_equal "$(comm -13 <(kafka_rights_used) <(sort "$BATS_TEST_TMPDIR/rights"))" 'umpire-connect TOPIC PREFIXED mirror. ALTER'
}
