# deploy, undeploy and doctor against a stand-in API server: the order of what they ask, what they say, and their exit status.

setup() {
    load ../support/support
    if ! "$ROOT/tests/manifests/kubectl" version --client >"$BATS_TEST_TMPDIR/version" 2>&1; then
        skip "the pinned kubectl cannot be had: $(tail -n 1 "$BATS_TEST_TMPDIR/version")"
    fi
    export KUBECTL=$ROOT/.cache/kubectl/kubectl KUBECONFIG=$BATS_TEST_TMPDIR/kubeconfig HOME=$BATS_TEST_TMPDIR POLL=0.05 TIMEOUT=600
    export GOMAXPROCS=1 GOGC=off # of many short runs of the client
    requests=$BATS_TEST_TMPDIR/requests
    bin=$ROOT/deploy/bin
    authority='"secrets/umpire/umpire-cluster-ca-cert": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "umpire-cluster-ca-cert", "namespace": "umpire"},
        "data": {"ca.crt": "'$(printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' | base64 -w 0)'"}}'
}

teardown() {
    stop_all
}

# cluster JSON-MEMBERS: starts one; what it has from the start beside them is the authority of its Kafka.
cluster() {
    printf '{"objects": {%s}%s}\n' "$authority" "${1:+, $1}" >"$BATS_TEST_TMPDIR/scenario"
    start api /usr/bin/python3 "$ROOT/tests/manifests/api_server.py" "$BATS_TEST_TMPDIR/scenario" "$KUBECONFIG" "$requests"
    within 20 test -s "$KUBECONFIG"
}

# a_secret NAME OPTION…: as kafka-secret makes it of a password on standard input, in the cluster as a real server would keep it.
a_secret() {
    "$bin/kafka-secret" "$@" --password-file - <<<secret |
        python3 -c 'import base64, json, sys, yaml; s = yaml.safe_load(sys.stdin); s["data"] = {k: base64.b64encode(v.encode()).decode() for k, v in s.pop("stringData").items()}; print(json.dumps(s))' |
        "$KUBECTL" apply --server-side --force-conflicts --validate=ignore -n umpire -f - >/dev/null
}

# line TEXT: the number of the first request that begins with it.
line() {
    grep -n "^$1" "$requests" | head -n 1 | cut -d : -f 1
}

# copy_deploy: deploy/ of this test's own, without what others render there meanwhile.
copy_deploy() {
    tar -C "$ROOT" --exclude='deploy/.render-*' -c deploy meson.build 2>/dev/null | tar -C "$BATS_TEST_TMPDIR" -x
}

# interrupted SIGNAL TEXT PROGRAM ARGUMENT…: runs one of deploy/bin, in a copy of deploy/ of its own, and stops it when it has said TEXT. It ends with
# 130 and leaves no file behind.
interrupted() {
    local signal=$1 text=$2 program=$3
    shift 3
    [[ -d $BATS_TEST_TMPDIR/deploy ]] || copy_deploy
    mkdir -p "$BATS_TEST_TMPDIR/scratch"
    TMPDIR=$BATS_TEST_TMPDIR/scratch run -130 python3 "$ROOT/tests/manifests/interrupt.py" "$signal" "$text" "$BATS_TEST_TMPDIR/deploy/bin/$program" "$@"
    [[ ! $(ls "$BATS_TEST_TMPDIR/scratch") && ! $(compgen -G "$BATS_TEST_TMPDIR/deploy/.render-*") ]]
}

@test "deploy applies in the order in which things need each other, and waits for each" {
    cluster '"ready": {"Kafka": 3, "Deployment": 2}'
    run "$bin/deploy" kind source-to-sink
    assert_success
    assert_output --partial 'waiting: Kafka/umpire is ready'
    assert_line --partial 'Ready. The board:'
    assert_line --regexp "^Its speaker's token: .* -n umpire logs deployment/event-provider"
    (($(line 'apply Namespace') == 1))
    (($(line 'apply ConfigMap umpire') < $(line 'apply Kafka umpire')))
    (($(line 'apply Kafka umpire') < $(line 'apply Secret kafka-adapter')))
    (($(line 'apply Secret kafka-adapter') < $(line 'apply KafkaUser umpire-adapter')))
    (($(line 'apply Secret kafka-knative') < $(line 'apply KafkaUser umpire-knative')))
    (($(line 'apply KafkaUser') < $(line 'apply Service audit-fn')))
    (($(line 'apply Service audit-fn') < $(line 'apply SinkBinding')))
    (($(line 'apply SinkBinding') < $(line 'apply Deployment source-adapter')))
}

@test "a second deploy changes nothing but says the same, passwords included" {
    cluster
    run "$bin/deploy" kind source-to-sink
    assert_success
    before=$("$KUBECTL" get secret -n umpire kafka-adapter -o json | jq -r .stringData.password)
    # The stand-in keeps stringData as it came; a real server turns it into data.
    "$KUBECTL" get secret -n umpire kafka-adapter -o json | jq '.data.password = (.stringData.password | @base64) | del(.stringData)' |
        "$KUBECTL" apply --server-side --force-conflicts --validate=ignore -f - >/dev/null
    run "$bin/deploy" kind source-to-sink
    assert_success
    [[ $("$KUBECTL" get secret -n umpire kafka-adapter -o json | jq -r .stringData.password) = "$before" ]]
}

@test "a kind that is not there yet is waited for after the platform was installed" {
    cluster '"missing": {"Kafka": "amq-streams", "KafkaNodePool": "amq-streams", "KafkaTopic": "amq-streams", "KafkaUser": "amq-streams", "KnativeServing": "serverless-operator", "KnativeEventing": "serverless-operator", "KnativeKafka": 12}'
    run "$bin/deploy" openshift-dedicated source-to-sink
    assert_success
    assert_output --partial 'Platform (openshift-dedicated)'
    assert_output --partial 'waiting: the cluster knows KnativeKafka'
    (($(line 'apply Subscription serverless-operator') < $(line 'apply KnativeServing')))
    (($(line 'apply KnativeKafka') < $(line 'apply Namespace umpire')))
}

@test "the platform alone: operators, then what they run, and nothing of ours" {
    cluster
    run "$bin/deploy" --platform openshift-dedicated
    assert_success
    (($(line 'apply Subscription amq-streams') < $(line 'apply KnativeKafka')))
    [[ ! $(line 'apply Namespace umpire') ]]
    run "$bin/deploy" --platform sandbox
    assert_failure 64
    assert_output --partial 'needs no platform of ours'
}

@test "KafkaChannels are in the Kafka of the namespace that the platform is set up for, and another one is told so before anything is done" {
    local settings='"configmaps/knative-eventing/kafka-channel-config": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kafka-channel-config", "namespace": "knative-eventing"},
        "data": {"bootstrap.servers": "umpire-kafka-bootstrap.umpire.svc:9093"}}'
    authority="${authority//umpire\//arena\/}, $settings" cluster
    run -69 "$bin/deploy" kind channel arena
    assert_output --partial 'all KafkaChannels of this cluster are in the Kafka at umpire-kafka-bootstrap.umpire.svc:9093, not in that of arena'
    assert_output --partial 'source-to-sink'
    assert_output --partial 'make deploy-platform OVERLAY=kind NAMESPACE=arena'
    refute_output --regexp 'without[^)]*(kafka-source|sequence)'
    [[ ! -s $requests ]]
    run -69 "$bin/doctor" kind sequence arena
    assert_output --partial 'missing  KafkaChannels in the Kafka of arena (this cluster keeps all of them at umpire-kafka-bootstrap.umpire.svc:9093)'
    run -0 "$bin/deploy" kind source-to-sink arena # has none
    copy_deploy
    rm "$BATS_TEST_TMPDIR"/deploy/platform/kind/{operators,after}.list # what is fetched
    run -0 "$BATS_TEST_TMPDIR/deploy/bin/deploy" --platform kind arena
    assert_equal "$("$KUBECTL" get configmap -n knative-eventing kafka-channel-config -o json | jq -c .data)" \
        '{"auth.secret.ref.name":"kafka-knative","auth.secret.ref.namespace":"arena","bootstrap.servers":"umpire-kafka-bootstrap.arena.svc:9093"}'
    run -0 "$bin/deploy" kind channel arena
}

@test "KafkaChannels beside a managed Kafka are in that one" {
    cluster
    run -0 "$bin/deploy" --platform openshift-managed-kafka
    assert_output --partial 'no KafkaChannel will work yet: Secret/kafka-knative is not in umpire'
    a_secret kafka-knative --bootstrap kafka.example.org:9094 --user knative
    run -0 "$bin/deploy" --platform openshift-managed-kafka
    refute_output --partial 'no KafkaChannel'
    assert_equal "$("$KUBECTL" get knativekafka -n knative-eventing knative-kafka -o json | jq -c '.spec.channel | [.bootstrapServers, .authSecretName, .authSecretNamespace]')" \
        '["kafka.example.org:9094","kafka-knative","umpire"]'
}

@test "released operators go into their namespace, Strimzi's so that it watches all of them" {
    copy_deploy
    cat >"$BATS_TEST_TMPDIR/released.yaml" <<'END'
apiVersion: apps/v1
kind: Deployment
metadata:
  name: strimzi-cluster-operator
spec:
  template:
    spec:
      containers:
        - name: operator
          env:
            - name: STRIMZI_NAMESPACE
              valueFrom:
                fieldRef:
                  fieldPath: metadata.namespace
            - name: STRIMZI_OTHER
              value: "1"
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: strimzi-cluster-operator
subjects:
  - kind: ServiceAccount
    name: strimzi-cluster-operator
    namespace: myproject
END
    sed -i "s#https://[^ ]*strimzi[^ ]*#file://$BATS_TEST_TMPDIR/released.yaml#; /^knative/d" "$BATS_TEST_TMPDIR/deploy/platform/kind/operators.list"
    rm "$BATS_TEST_TMPDIR/deploy/platform/kind/after.list"
    cluster
    run "$BATS_TEST_TMPDIR/deploy/bin/deploy" --platform kind
    assert_success
    assert_equal "$("$KUBECTL" get deployment -n strimzi strimzi-cluster-operator -o json | jq -c '.spec.template.spec.containers[0].env')" \
        '[{"name":"STRIMZI_NAMESPACE","value":"*"},{"name":"STRIMZI_OTHER","value":"1"}]'
    assert_equal "$("$KUBECTL" get rolebinding -n strimzi strimzi-cluster-operator -o json | jq -r '.subjects[0].namespace')" strimzi
    (($(line 'apply Deployment strimzi-cluster-operator') < $(line 'apply ClusterRoleBinding strimzi-cluster-operator-watched')))
    (($(line 'apply ClusterRoleBinding') < $(line 'apply KnativeServing')))
    (($(line 'apply KnativeEventing') < $(line 'apply ConfigMap kafka-channel-config')))
}

@test "without the right to install the platform, deploy says what is missing and who can help" {
    cluster '"missing": {"Kafka": -1}, "denied": ["customresourcedefinitions"]'
    run "$bin/deploy" openshift-dedicated source-to-sink
    assert_failure 69
    assert_output --partial 'kafka.strimzi.io/v1 Kafka'
    assert_output --partial 'An admin installs what brings them'
    [[ ! -s $requests ]]
}

@test "a webhook that refuses at first is tried again" {
    cluster '"webhook": {"SinkBinding": 3}'
    run "$bin/deploy" kind source-to-sink
    assert_success
    assert_output --partial 'waiting: SinkBinding/source-adapter is accepted'
}

@test "what is forbidden ends deploy at once, with the object's name and what to do" {
    cluster '"forbidden": ["SinkBinding"]'
    run "$bin/deploy" kind source-to-sink
    assert_failure 69
    assert_output --partial 'SinkBinding/source-adapter: we may not'
    assert_output --partial 'doctor'
}

@test "what never gets ready ends deploy when its time is over" {
    cluster '"ready": {"Deployment": -1}'
    TIMEOUT=1 run "$bin/deploy" kind source-to-sink
    assert_failure 69
    assert_output --partial 'Deployment/event-provider is ready: not within 1 s (still starting)'
}

@test "Ctrl-C stops deploy, twice as well as once, and the same command goes on" {
    cluster "\"ready\": {\"Kafka\": \"$BATS_TEST_TMPDIR/go\"}"
    local signal
    for signal in INT TERM; do
        interrupted "$signal" 'waiting: Kafka/umpire is ready' deploy kind source-to-sink
        assert_line 'Stopped. What is applied stays; the same command goes on from there, deploy/bin/undeploy takes it away.'
        refute_output --partial Ready.
    done
    [[ ! $(line 'apply Secret') && ! $(line 'apply Deployment') ]] # nothing that needs the Kafka was touched
    touch "$BATS_TEST_TMPDIR/go"
    run -0 "$bin/deploy" kind source-to-sink
    assert_output --partial 'Ready. The board:'
    [[ $(line 'apply Deployment event-provider') ]]
}

@test "Ctrl-C at the very start, while objects are rendered, leaves a cluster that was not touched" {
    cluster
    interrupted INT 'Deploying source-to-sink' deploy kind source-to-sink
    assert_line --partial 'Stopped. What is applied stays'
    [[ ! -s $requests ]]
}

@test "Ctrl-C stops undeploy, and the same command goes on" {
    cluster "\"finalizer\": {\"KafkaTopic\": \"$BATS_TEST_TMPDIR/go\"}"
    run -0 "$bin/deploy" kind source-to-sink
    local signal
    for signal in INT TERM; do
        interrupted "$signal" 'waiting: KafkaTopic/candidate-verdicts is gone' undeploy kind source-to-sink
        assert_line 'Stopped. The same command goes on from there.'
        refute_output --partial 'Nothing is left.'
        [[ ! $(line 'delete Kafka umpire') ]] # what the topics need is still there
    done
    touch "$BATS_TEST_TMPDIR/go"
    run -0 "$bin/undeploy" kind source-to-sink
    assert_output --partial 'Nothing is left.'
    [[ $(line 'delete Kafka umpire') ]]
    run -1 "$KUBECTL" get namespace umpire
}

@test "Ctrl-C stops doctor, which then says that it changed nothing; the next one tells all" {
    cluster '"denied": ["deployments"]'
    local signal
    for signal in INT TERM; do
        interrupted "$signal" 'a cluster answers' doctor kind source-to-sink
        assert_line 'Stopped. Nothing was changed.'
        refute_output --partial missing.
    done
    run -69 "$bin/doctor" kind source-to-sink
    assert_output --partial 'the right to write deployments in umpire'
    [[ ! -s $requests ]]
}

@test "a Kafka of somebody else's needs its Secrets first, and gives its address to what cannot read them" {
    cluster
    run "$bin/deploy" sandbox kafka-source
    assert_failure 78
    assert_output --partial 'deploy/bin/kafka-secret kafka-adapter'
    local user
    for user in provider adapter knative; do
        a_secret "kafka-$user" --bootstrap kafka.example.org:9094 --user "$user" --mechanism PLAIN
    done
    run -0 "$bin/deploy" sandbox kafka-source
    run "$KUBECTL" get kafkasource -n umpire hits -o json
    # Its authority is a public one: no key that the Secret does not have is named.
    assert_equal "$(jq -c '.spec | [.bootstrapServers, .net.tls, .net.sasl.type.secretKeyRef.key]' <<<"$output")" \
        '[["kafka.example.org:9094"],{"enable":true},"saslMechanism"]'
    a_secret kafka-adapter --bootstrap kafka.example.org:9092 --plaintext
    run -0 "$bin/deploy" sandbox kafka-source
    assert_equal "$("$KUBECTL" get kafkasource -n umpire hits -o json | jq -c .spec.net)" null
    assert_equal "$("$KUBECTL" get route -n umpire event-provider -o json | jq -r .spec.tls.termination)" edge
    "$ROOT/tests/support/certificates" "$BATS_TEST_TMPDIR"
    a_secret kafka-adapter --bootstrap kafka.example.org:9094 --user adapter --ca "$BATS_TEST_TMPDIR/ca.pem"
    WITH=keda run -0 "$bin/deploy" sandbox source-to-sink
    assert_equal "$("$KUBECTL" get triggerauthentication -n umpire source-adapter -o json | jq -c '[.spec.secretTargetRef[].key]')" \
        '["sasl","tls","user","password","ca.crt"]'
    run -0 "$bin/deploy" sandbox kafka-source
    assert_equal "$("$KUBECTL" get kafkasource -n umpire hits -o json | jq -r .spec.net.tls.caCert.secretKeyRef.key)" ca.crt
}

@test "undeploy takes away in the reverse order and leaves nothing" {
    cluster '"finalizer": {"KafkaTopic": 2}'
    run "$bin/deploy" kind source-to-sink
    assert_success
    : >"$requests"
    run "$bin/undeploy" kind source-to-sink
    assert_success
    assert_output --partial 'Nothing is left.'
    (($(line 'delete Deployment source-adapter') < $(line 'delete SinkBinding')))
    (($(line 'delete KafkaTopic') < $(line 'delete Kafka umpire')))
    (($(line 'delete Secret kafka-adapter') < $(line 'delete Namespace')))
    run "$bin/undeploy" kind source-to-sink
    assert_success
}

@test "a finalizer that holds is named, not forced" {
    cluster '"finalizer": {"KafkaTopic": -1}'
    run "$bin/deploy" kind source-to-sink
    assert_success
    TIMEOUT=1 run "$bin/undeploy" kind source-to-sink
    assert_failure 69
    assert_output --partial 'KafkaTopic/candidate-verdicts is gone: not within 1 s (it waits for ["strimzi.io/topic-operator"])'
    [[ ! $(line 'delete Kafka umpire') ]]
}

@test "doctor lists everything that is missing at once, each with what to do" {
    cluster '"missing": {"Kafka": -1, "Trigger": -1}, "denied": ["deployments"]'
    run "$bin/doctor" kind broker-trigger
    assert_failure 69
    assert_output --partial 'missing  Kafka (kafka.strimzi.io/v1)'
    assert_output --partial 'comes with Strimzi'
    assert_output --partial 'missing  Trigger (eventing.knative.dev/v1)'
    assert_output --partial 'missing  the right to write deployments in umpire'
    assert_output --partial 'ok       KafkaTopic (kafka.strimzi.io/v1)'
}

@test "doctor looks into the Secrets of a managed Kafka, asks its server, and looks for the images" {
    cluster
    start listener python3 -c 'import http.server, json; s = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler); print(s.server_address[1], flush=True); s.serve_forever()'
    within 20 test -s "$BATS_TEST_TMPDIR/listener.out"
    local user server=127.0.0.1:$(<"$BATS_TEST_TMPDIR/listener.out")
    for user in provider:$server adapter:127.0.0.1:1; do
        a_secret "kafka-${user%%:*}" --bootstrap "${user#*:}" --user u
    done
    run -69 "$bin/doctor" sandbox source-to-sink
    assert_output --partial "ok       an answer of Kafka at $server"
    assert_output --partial 'missing  an answer of Kafka at 127.0.0.1:1, as Secret kafka-adapter has it'
    assert_output --partial 'missing  image audit-fn:0.1.0 in umpire'
    assert_output --partial 'make image OVERLAY=sandbox NAMESPACE=umpire'
    "$KUBECTL" get secret -n umpire kafka-provider -o json | jq 'del(.data.password)' | "$KUBECTL" apply --server-side --force-conflicts --validate=ignore -f - >/dev/null
    run -69 "$bin/doctor" sandbox source-to-sink
    assert_output --partial 'missing  in Secret kafka-provider: password'
}

# tools NAME…: a PATH on which there is nothing but these, in $tools.
tools() {
    local each
    tools=$BATS_TEST_TMPDIR/bin
    mkdir -p "$tools"
    for each; do
        ln -sf "$(command -v "$each" || echo /bin/true)" "$tools/${each##*/}"
    done
}

@test "doctor finds nothing missing on a cluster that has it all" {
    cluster
    tools podman kind oc # what this machine has plays no part
    PATH=$tools:$PATH run -0 "$bin/doctor" kind source-to-sink
    assert_output --partial 'Nothing is missing.'
}

@test "doctor on a machine with none of the tools names each that the target needs, and no other" {
    tools bash sed awk grep sort head tail mktemp rm cat dirname
    local overlay tool needed
    while read -r overlay needed; do
        KUBECTL=kubectl PATH=$tools run -69 "$bin/doctor" ${overlay#all} ${overlay:+$([[ $overlay = all ]] || echo source-to-sink)}
        for tool in ${needed//,/ }; do
            assert_line --regexp "^missing  ${tool//_/ } "
        done
        assert_equal "$(grep -c '^missing ' <<<"$output")" $(($(wc -w <<<"${needed//,/ }") + 1)) # and a client
        assert_equal "$(grep -c '^         [a-zA-Z]' <<<"$output")" "$(grep -c '^missing ' <<<"$output")" # each with what to do
        assert_line "$(grep -c '^missing ' <<<"$output") missing."
    done <<-'END'
	all kubectl,git,curl,kind_or_minikube,oc,podman_or_docker,meson,ninja,bats
	kind kubectl,git,curl,kind_or_minikube,podman_or_docker
	openshift-dedicated kubectl,git,oc
	sandbox kubectl,git,oc
	workshop kubectl,git,oc
	END
    run -64 "$bin/doctor" kinds source-to-sink
}

@test "a client whose kustomize is too old is told" {
    printf '#!/bin/bash\n[[ $1 != kustomize ]] || { echo "unknown field components" >&2; exit 1; }\necho "Client Version: v1.20.2"\n' >"$BATS_TEST_TMPDIR/kubectl"
    chmod +x "$BATS_TEST_TMPDIR/kubectl"
    KUBECTL=$BATS_TEST_TMPDIR/kubectl run -69 "$bin/doctor" sandbox source-to-sink
    assert_line --partial 'missing  kustomize 5 or newer inside'
    assert_line 'missing  what would be deployed does not render (unknown field components)'
}

@test "no cluster is a clear message" {
    echo '{"apiVersion": "v1", "kind": "Config", "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}], "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}], "current-context": "c"}' >"$KUBECONFIG"
    run "$bin/deploy" kind source-to-sink
    assert_failure 69
    assert_output --partial 'no cluster answers'
}

@test "an unknown overlay or pattern is an error that lists those there are" {
    run "$bin/render" nowhere source-to-sink
    assert_failure 64
    assert_output --partial 'openshift-dedicated'
    assert_output --partial 'broker-trigger'
}

@test "a workshop needs the instructor's Kafka first; then each attendee gets a room and the passwords of their users" {
    cluster
    run "$bin/workshop" 2
    assert_failure 69
    assert_output --partial 'make deploy OVERLAY=openshift-dedicated first'
    [[ ! -s $requests ]]
    stop api
    rm "$KUBECONFIG"
    local objects=$authority number user
    objects+=', "kafkas/umpire/umpire": {"apiVersion": "kafka.strimzi.io/v1", "kind": "Kafka", "metadata": {"name": "umpire", "namespace": "umpire"}}'
    objects+=', "configmaps/umpire/kafka": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kafka", "namespace": "umpire"}, "data": {"bootstrapServers": "umpire-kafka-bootstrap.umpire.svc:9093"}}'
    objects+=', "routes/umpire/event-provider": {"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": {"name": "event-provider", "namespace": "umpire"}, "spec": {"host": "board.example.com"}}'
    for number in 01 02; do
        for user in provider adapter knative; do
            objects+=", \"secrets/umpire/umpire-$user-$number\": {\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"umpire-$user-$number\", \"namespace\": \"umpire\"}, \"data\": {\"password\": \"$(printf "$user$number" | base64)\"}}"
        done
    done
    authority=$objects cluster
    USERS=guest%d run "$bin/workshop" 2
    assert_success
    assert_output --partial 'Ready: 2 rooms'
    assert_output --partial "The instructor's board: https://board.example.com"
    (($(line 'apply ConsoleQuickStart') < $(line 'apply Namespace umpire-01')))
    (($(line 'apply Namespace umpire-01') < $(line 'apply KafkaUser umpire-adapter-01')))
    (($(line 'apply KafkaUser umpire-adapter-01') < $(line 'apply Secret kafka-adapter')))
    assert_equal "$("$KUBECTL" get secret -n umpire-02 kafka-adapter -o json | jq -r '.stringData | .user + " " + .password')" 'umpire-adapter-02 adapter02'
    assert_equal "$("$KUBECTL" get rolebinding -n umpire-02 attendee -o json | jq -r '.subjects[0].name')" guest2
    run "$bin/workshop" --remove 2
    assert_success
    (($(line 'delete KafkaUser') < $(line 'delete Namespace')))
    run -64 "$bin/workshop" 100
}
