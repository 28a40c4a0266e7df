# tests/support/kafka.bash: Kafka for bats tests. Load it behind support.bash.
#
# A test that needs real Apache Kafka uses topics and groups of its own, by `unique NAME`: without options the broker is shared.

APACHE_KAFKA=$ROOT/deploy/laptop/apache-kafka/kafka
KAFKA_ADMIN=$BUILD/tests/support/kafka-admin
KAFKA_RECORDS=$BUILD/tests/support/kafka-records

# unique NAME: NAME with something that no other test of this run has.
unique() {
    echo "$1-$$-$BATS_TEST_NUMBER-$RANDOM"
}

# kafka_start embedded [OPTION...]: the embedded broker, with the topics of docs/INTERFACES.md and each --topic NAME:PARTITIONS.
# kafka_start apache: the Apache Kafka that the runner shares (UMPIRE_TEST_KAFKA), else one of this test's own.
# kafka_start apache OPTION...: one of this test's own, with options of `kafka run`. (--data is given here.)
# Sets BOOTSTRAP. Further listeners: `kafka_listener sasl_ssl`. KAFKA=name before it makes a second broker beside `kafka`.
kafka_start() {
    local kind=$1 name=${KAFKA:-kafka}
    shift
    KAFKA_FILE=$BATS_TEST_TMPDIR/$name.address
    case $kind in
    embedded) KAFKA_COMMAND=("$BUILD/deploy/laptop/embedded-kafka" --address-file "$KAFKA_FILE" "$@") ;;
    apache)
        if (($# == 0)) && [[ ${UMPIRE_TEST_KAFKA:-} ]]; then
            BOOTSTRAP=$UMPIRE_TEST_KAFKA
            KAFKA_COMMAND=()
            return
        fi
        command -v java >/dev/null || skip "no Java for Apache Kafka"
        KAFKA_COMMAND=("$APACHE_KAFKA" run --data "$BATS_TEST_TMPDIR/$name.data" --address-file "$KAFKA_FILE" "$@")
        ;;
    *)
        echo "kafka_start: expected embedded or apache, found $kind" >&2
        return 1
        ;;
    esac
    kafka_launch
}

kafka_launch() {
    local name=${KAFKA:-kafka}
    rm -f "$KAFKA_FILE"
    start "$name" "${KAFKA_COMMAND[@]}"
    within 60 kafka_answers || return 1
    BOOTSTRAP=$(<"$KAFKA_FILE")
}

kafka_answers() {
    [[ -f $KAFKA_FILE ]] && return
    running "${KAFKA:-kafka}" || { tail -n 20 "$BATS_TEST_TMPDIR/${KAFKA:-kafka}.log" >&2; return 1; }
    return 1
}

kafka_listener() {
    cat "$KAFKA_FILE.$1"
}

# kafka_stop [SIGNAL]
kafka_stop() {
    stop "${KAFKA:-kafka}" "${1:-TERM}"
}

# The same broker again after kafka_stop: Apache Kafka with its data and ports, the embedded one empty and elsewhere.
kafka_restart() {
    if [[ ${PIDS[${KAFKA:-kafka}]:-} ]]; then kafka_stop "$@"; fi
    kafka_launch
}

# kafka_topics NAME:PARTITIONS[:setting=value]...: on Apache Kafka only.
kafka_topics() {
    "$KAFKA_ADMIN" "$BOOTSTRAP" topics "$@"
}

# kafka_produce TOPIC [OPTION...]: records from standard input, lines of JSON: see kafka-records.c.
kafka_produce() {
    "$KAFKA_RECORDS" produce "$BOOTSTRAP" "$@"
}

# kafka_consume TOPIC [--count N]: what is in a topic, as lines of JSON.
kafka_consume() {
    "$KAFKA_RECORDS" consume "$BOOTSTRAP" "$@"
}

# kafka_committed GROUP TOPIC PARTITION: the committed offset, or "-".
kafka_committed() {
    "$KAFKA_ADMIN" "$BOOTSTRAP" offsets "$1" "$2" | awk -v partition="$3" '$1 == partition {print $2}'
}

# kafka_start_guarded USER:PASSWORD… : an Apache Kafka of this test's own that lets users in by TLS and a password (listener sasl_ssl, whose authority is
# $BATS_TEST_TMPDIR/tls/ca.pem), each to what a line of standard input allows (Rights.java says how), and writes down what it let in and why.
# Without a login, on $BOOTSTRAP, everything is allowed.
kafka_start_guarded() {
    local user users=()
    for user; do users+=(--user "$user"); done
    command -v javac >/dev/null || skip "no JDK to compile Rights.java with"
    mkdir -p "$BATS_TEST_TMPDIR/tls"
    "$ROOT/tests/support/certificates" "$BATS_TEST_TMPDIR/tls"
    printf '%s\n' authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer super.users=User:ANONYMOUS >"$BATS_TEST_TMPDIR/properties"
    JAVA_TOOL_OPTIONS=-Dorg.slf4j.simpleLogger.log.kafka.authorizer.logger=debug \
        kafka_start apache --listener sasl_ssl --tls "$BATS_TEST_TMPDIR/tls" --properties "$BATS_TEST_TMPDIR/properties" "${users[@]}"
    cat >"$BATS_TEST_TMPDIR/rights"
    java -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$ROOT/.cache/apache-kafka/*" "$ROOT/tests/support/Rights.java" "$BOOTSTRAP" <"$BATS_TEST_TMPDIR/rights"
}

# kafka_rights_used: those that have let a request in, as they were given.
kafka_rights_used() {
    sed -n 's/.*MatchingAcl(acl=StandardAcl(resourceType=\(\w*\), resourceName=\([^,]*\), patternType=\(\w*\), principal=User:\([^,]*\),.*operation=\(\w*\),.*/\4 \1 \3 \2 \5/p' \
        "$BATS_TEST_TMPDIR/kafka.log" | sort -u
}

# kafka_denied: what was refused to users.
kafka_denied() {
    grep -o 'Principal = User:[^ ]* is Denied.* for request = [A-Za-z]*' "$BATS_TEST_TMPDIR/kafka.log" | sort | uniq -c
}
