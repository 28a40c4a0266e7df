# The images: built from an empty Debian, run as a restricted pod would be, and the whole path through the three of them on Apache Kafka.

# missing: what there is not for it, for setup to skip by.
missing() {
    local each
    for each in buildah podman runc mmdebstrap; do
        command -v "$each" >/dev/null || { echo "no $each"; return; }
    done
    (($(id -u) == 0)) || { echo "containers of a test need root"; return; }
    mountpoint -q / || echo "no container runs in a chroot"
}

setup_file() {
    load ../support/support
    load ../support/images
    local each
    MISSING=$(missing)
    export MISSING
    [[ ! $MISSING ]] || return 0
    CONTAINERS=$(mktemp -d /tmp/umpire.XXXXXX)
    export CONTAINERS
    base_image
    each=$(containers_run) || MISSING="containers cannot run here: ${each##*$'\n'}"
    [[ ! $MISSING ]] || return 0
    context "$BATS_FILE_TMPDIR/context"
    for each in audit-fn source-adapter event-provider; do
        build_image "$BATS_FILE_TMPDIR/context" "$each" "$each" --build-arg REVISION=abc123
    done
}

teardown_file() {
    load ../support/support
    load ../support/images
    [[ ! ${CONTAINERS:-} ]] || remove_images
}

setup() {
    load ../support/support
    load ../support/kafka.bash
    load ../support/images
    [[ ! $MISSING ]] || skip "$MISSING"
}

teardown() {
    [[ $MISSING ]] || podman_ rm --all --force --time 0 >/dev/null 2>&1 || true
    stop_all
}

# free_port: one that nobody has now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# event HITS [CURL-OPTION…]: one hit to the function at $FUNCTION.
event() {
    local hits=$1
    shift
    curl -sS "$@" "$FUNCTION/" -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /t' -H 'ce-type: game.hits' -H 'ce-subject: p-1' \
        -H 'content-type: application/json' -d '{"match":"m","player":"p-1","name":"Ada","hits":'"$hits"'}'
}

@test "an image adds at most 15 MB to its base, the adapter's and the provider's 20 MB" {
    local each size
    for each in audit-fn:15 source-adapter:20 event-provider:20; do
        size=$(layer_size "${each%:*}")
        echo "# ${each%:*}: $size bytes above the base" >&3
        ((size > 100000 && size <= ${each#*:} * 1000000))
    done
}

@test "each image says what it is, starts its program without a shell, and lists what is in it" {
    local each files
    for each in audit-fn source-adapter event-provider; do
        run podman_ image inspect --format '{{index .Labels "org.opencontainers.image.title"}} {{index .Labels "org.opencontainers.image.licenses"}} {{index .Labels "org.opencontainers.image.version"}} {{index .Labels "org.opencontainers.image.revision"}} {{.User}} {{.Config.Entrypoint}}' "$each"
        assert_output "$each Apache-2.0 $(sed -n "s/^ *version: '\(.*\)',$/\1/p" "$ROOT/meson.build") abc123 1001:0 [/usr/bin/$each]"
        once --entrypoint /bin/cat "$each" "/usr/share/doc/$each/sbom.spdx.json" >"$BATS_TEST_TMPDIR/sbom"
        jq -e '.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and (.packages | all(.SPDXID and .name and .versionInfo and .downloadLocation))
            and ([.packages[].SPDXID] as $ids | .relationships | all(.relatedSpdxElement as $id | $ids | index($id)))' "$BATS_TEST_TMPDIR/sbom"
        files=$(once --entrypoint /usr/bin/find "$each" /usr/lib -newermt '1969-12-31' ! -newermt '1970-01-02' -name '*.so.*' | wc -l)
        echo "# $each: $files libraries of $(jq '.packages | length - 1' "$BATS_TEST_TMPDIR/sbom") packages" >&3
        ((files > 0 && $(jq '.packages | length - 1' "$BATS_TEST_TMPDIR/sbom") > 0))
    done
}

@test "the same input gives the same layers" {
    local each
    # Another place, other times, and a comment that changes nothing but makes the build compile anew.
    cp -r "$BATS_FILE_TMPDIR/context" "$BATS_FILE_TMPDIR/again"
    echo '# again' >>"$BATS_FILE_TMPDIR/again/meson_options.txt"
    find "$BATS_FILE_TMPDIR/again" -exec touch -h -d '2001-02-03' {} +
    for each in audit-fn source-adapter event-provider; do
        build_image "$BATS_FILE_TMPDIR/again" "$each" "$each-again" --build-arg REVISION=abc123 >>"$BATS_FILE_TMPDIR/log" 2>&1
        grep -q 'Linking target audit-fn/audit-fn' "$BATS_FILE_TMPDIR/log"
        assert_equal "$(podman_ image inspect --format '{{.RootFS.Layers}}' "$each-again")" "$(podman_ image inspect --format '{{.RootFS.Layers}}' "$each")"
    done
}

@test "on a base that is no Debian the C library comes along: nothing of the base is used" {
    build_image "$BATS_FILE_TMPDIR/context" source-adapter alien --build-arg BASE=scratch --build-arg CLOSURE=whole >"$BATS_TEST_TMPDIR/log" 2>&1 ||
        { tail -n 20 "$BATS_TEST_TMPDIR/log"; false; }
    run once alien --version
    assert_success
    assert_output --partial source-adapter
    echo "# source-adapter with all its libraries: $(podman_ image inspect --format '{{.Size}}' alien) bytes" >&3
}

@test "what Knative Serving does to the function: PORT, early probes, a client that gives up, an end in the middle of a request" {
    local port end=$((SECONDS + 20)) probes=0
    port=$(free_port)
    FUNCTION=http://127.0.0.1:$port
    container function audit-fn --env "PORT=$port" --env K_SERVICE=audit-fn --env K_CONFIGURATION=audit-fn --env K_REVISION=audit-fn-00007
    # The queue-proxy begins to probe before anybody listens, again and again, and lets requests in at the first success.
    until curl -fsS -o /dev/null -H 'K-Kubelet-Probe: queue' -H 'User-Agent: kube-probe/1.35' "$FUNCTION/health/readiness" 2>/dev/null; do
        probes=$((probes + 1))
        ((SECONDS < end))
    done
    run event 14
    assert_success
    assert_output --partial '"revision":"audit-fn-00007"'
    # timeoutSeconds: the one who asks goes away with half of a request sent.
    run -28 curl -sS --max-time 0.3 -H 'Expect:' -H 'Content-Type: application/json' -T - "$FUNCTION/" < <(printf half && sleep 1)
    run event 10 -o /dev/null -w '%{http_code}'
    assert_output 204
    # The pod is told to end while a request is on its way: that is answered, then the program ends by itself, with 0.
    start caller python3 "$ROOT/tests/support/half_request.py" "127.0.0.1:$port" "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/go"
    within 20 test -f "$BATS_TEST_TMPDIR/sent"
    podman_ kill --signal TERM "function-$$" >/dev/null
    within 20 logged function '"draining"'
    touch "$BATS_TEST_TMPDIR/go"
    finish caller
    assert_equal "$status" 0
    grep -q '"verdict":"cheating"' "$BATS_TEST_TMPDIR/caller.out"
    finish function
    assert_equal "$status" 0
}

@test "the whole path through the three containers, by TLS and SCRAM into Apache Kafka as their Secrets say: every hit audited, the cheaters found" {
    local port admin user
    mkdir -p "$BATS_TEST_TMPDIR/tls" "$BATS_TEST_TMPDIR/bindings"
    "$ROOT/tests/support/certificates" "$BATS_TEST_TMPDIR/tls"
    kafka_start apache --listener sasl_ssl --tls "$BATS_TEST_TMPDIR/tls" --user umpire-provider:p-secret --user umpire-adapter:a-secret
    kafka_topics game-hits:3 audit-verdicts:3 flagged-players:3:cleanup.policy=compact game-hits-dlq:1 umpire-status:1
    for user in provider adapter; do
        printf '%s-secret' "${user:0:1}" | python3 "$ROOT/tests/manifests/as_deployed.py" binding "$BATS_TEST_TMPDIR/bindings/$user/kafka" "kafka-$user" \
            --bootstrap "$(kafka_listener sasl_ssl)" --user "umpire-$user" --password-file - --ca "$BATS_TEST_TMPDIR/tls/ca.pem"
    done
    port=$(free_port) admin=$(free_port)
    mkdir -m 777 "$BATS_TEST_TMPDIR/truth"
    container function audit-fn --env "PORT=$port" --env AUDIT_REPLY=always
    container adapter source-adapter --volume "$BATS_TEST_TMPDIR/bindings/adapter:/bindings:ro" --env SERVICE_BINDING_ROOT=/bindings \
        --env KAFKA_TOPICS=game-hits --env KAFKA_CONSUMER_GROUP=umpire-audit --env "K_SINK=http://127.0.0.1:$port" --env ADAPTER_REPLY_TOPIC=audit-verdicts \
        --env ADAPTER_FROM=earliest --env ADAPTER_ORDERING=key --env "ADAPTER_ADMIN_LISTEN=127.0.0.1:$admin"
    container provider event-provider --volume "$BATS_TEST_TMPDIR/bindings/provider:/bindings:ro" --env SERVICE_BINDING_ROOT=/bindings \
        --env PROVIDER_LISTEN=none --volume "$BATS_TEST_TMPDIR/truth:/truth" -- --events 2000 --rate 2000 --truth /truth/truth.json
    finish provider
    assert_equal "$status" 0
    run once --volume "$BATS_TEST_TMPDIR/truth:/truth:ro" --volume "$BATS_TEST_TMPDIR/bindings/provider:/bindings:ro" --env SERVICE_BINDING_ROOT=/bindings \
        event-provider verify --truth /truth/truth.json
    echo "$output"
    assert_success
    curl -fsS "http://127.0.0.1:$admin/health/readiness"
    for each in adapter function; do
        podman_ stop --time 20 "$each-$$" >/dev/null
        finish "$each"
        assert_equal "$status" 0
    done
}
