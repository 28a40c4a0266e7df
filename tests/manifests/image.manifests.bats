# deploy/bin/image with engines and clients that only write down what they were told: where images go, and what the manifests then name.

setup() {
    load ../support/support
    if ! "$ROOT/tests/manifests/kubectl" version --client >"$BATS_TEST_TMPDIR/version" 2>&1; then
        skip "the pinned kubectl cannot be had: $(tail -n 1 "$BATS_TEST_TMPDIR/version")"
    fi
    bin=$ROOT/deploy/bin told=$BATS_TEST_TMPDIR/told
    export DIGESTS=$BATS_TEST_TMPDIR/digests HOME=$BATS_TEST_TMPDIR KUBECONFIG=$BATS_TEST_TMPDIR/kubeconfig told
    export KUSTOMIZE="$ROOT/tests/manifests/kubectl kustomize"
    mkdir "$BATS_TEST_TMPDIR/bin"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

teardown() {
    stop_all
}

# stand_in NAME [SCRIPT]: a program that notes its arguments and then does what SCRIPT says.
stand_in() {
    printf '#!/bin/bash\necho "%s $*" >>"$told"\n%s\n' "$1" "${2:-}" >"$BATS_TEST_TMPDIR/bin/$1"
    chmod +x "$BATS_TEST_TMPDIR/bin/$1"
}

@test "with a registry: built, pushed, and named by its digest from then on" {
    stand_in podman 'if [[ $1 = push ]]; then printf "sha256:%064d" "$(wc -l <"$told")" >"$3"; fi'
    REGISTRY=registry.example.com/team run "$bin/image" openshift-dedicated
    assert_success
    grep -q '^podman build .*--target audit-fn --tag registry.example.com/team/audit-fn:0.1.0 ' "$told"
    grep -q '^podman push --digestfile .* registry.example.com/team/event-provider:0.1.0$' "$told"
    REGISTRY=registry.example.com/team run "$bin/render" openshift-dedicated source-to-sink
    assert_success
    assert_output --regexp 'image: registry.example.com/team/audit-fn@sha256:0+2'
    refute_output --partial BuildConfig
    TAG=0.0.9 REGISTRY=registry.example.com/team run "$bin/render" openshift-dedicated source-to-sink
    assert_output --partial 'image: registry.example.com/team/audit-fn:0.0.9'
}

@test "a registry that refuses is said, with what to do, and nothing is noted" {
    stand_in podman '[[ $1 != push ]]'
    REGISTRY=registry.example.com/team run "$bin/image" kind
    assert_failure 69
    assert_output --partial 'podman login registry.example.com'
    [[ ! -d $DIGESTS ]]
}

@test "kind and minikube get archives by their own tools; another cluster needs a registry" {
    stand_in podman
    stand_in kind
    stand_in minikube
    stand_in kubectl 'echo "$CONTEXT"'
    CONTEXT=kind-two run "$bin/image" kind
    assert_success
    grep -q '^kind load image-archive .*/source-adapter.tar --name two$' "$told"
    CONTEXT=minikube run "$bin/image" kind
    assert_success
    grep -q '^minikube image load .*/source-adapter.tar$' "$told"
    CONTEXT=gke run "$bin/image" kind
    assert_failure 69
    assert_output --partial 'give REGISTRY=host/name'
}

@test "on OpenShift the cluster builds, in the namespace, from what the build reads and with no other program's stage" {
    echo '{}' >"$BATS_TEST_TMPDIR/scenario"
    start api /usr/bin/python3 "$ROOT/tests/manifests/api_server.py" "$BATS_TEST_TMPDIR/scenario" "$KUBECONFIG" "$BATS_TEST_TMPDIR/requests"
    within 20 test -s "$KUBECONFIG"
    stand_in oc 'for each; do case $each in --from-dir=*) folder=${each#*=} ;; esac; done
        grep "^FROM" "$folder/deploy/images/Containerfile" | tail -n 1 >>"$told"; (cd "$folder" && ls) | xargs >>"$told"'
    KUBECTL=$ROOT/tests/manifests/kubectl run "$bin/image" sandbox team
    assert_success
    run cat "$BATS_TEST_TMPDIR/requests"
    assert_line --index 0 'apply Namespace team'
    assert_line 'apply ImageStream audit-fn'
    assert_line 'apply BuildConfig event-provider'
    refute_output --partial Deployment
    run cat "$told"
    assert_line --regexp '^oc start-build source-adapter -n team --from-dir=.* --follow --wait$'
    assert_line "FROM \${BASE} AS source-adapter"
    refute_output --partial docs
    run "$bin/render" sandbox source-to-sink team
    assert_output --partial 'image: image-registry.openshift-image-registry.svc:5000/team/audit-fn:0.1.0'
}

@test "without an engine it says which ones would do, and that a cluster can build" {
    ln -s "$(command -v bash)" "$(command -v sed)" "$(command -v git)" "$(command -v tar)" "$(command -v mktemp)" "$(command -v dirname)" \
        "$(command -v mkdir)" "$(command -v cp)" "$(command -v rm)" "$(command -v grep)" "$BATS_TEST_TMPDIR/bin/"
    PATH=$BATS_TEST_TMPDIR/bin run "$bin/image" kind
    assert_failure 69
    assert_output --partial 'needs one of: podman buildah docker'
}

@test "the linter of Containerfiles has nothing to say" {
    "$ROOT/tests/manifests/hadolint" --version >"$BATS_TEST_TMPDIR/version" 2>&1 || skip "the pinned hadolint cannot be had: $(tail -n 1 "$BATS_TEST_TMPDIR/version")"
    run -0 "$ROOT/tests/manifests/hadolint" "$ROOT/deploy/images/Containerfile"
    refute_output
    sed 's/^WORKDIR .*/RUN cd \/umpire/' "$ROOT/deploy/images/Containerfile" >"$BATS_TEST_TMPDIR/Containerfile"
    run -1 "$ROOT/tests/manifests/hadolint" "$BATS_TEST_TMPDIR/Containerfile"
    assert_output --partial DL3003
}
