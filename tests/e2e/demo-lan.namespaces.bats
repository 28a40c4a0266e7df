# LAN=1: a phone in another network namespace reaches the game at the address that it is told, and plays.
load ../support/support

setup() {
    unshare -n true 2>/dev/null || skip "no namespaces here"
    command -v ip >/dev/null || skip "iproute2 is not installed"
}

# A network of two: this machine at 10.9.8.1, the phone at 10.9.8.2. The machine's own network is not touched.
network() {
    ip link set lo up
    unshare -n sleep infinity 3>&- 4>&- &
    phone=$!
    until [[ $(readlink /proc/$phone/ns/net) != "$(readlink /proc/$$/ns/net)" ]]; do sleep 0.05; done
    ip link add lan type veth peer name wifi netns "$phone"
    ip address add 10.9.8.1/24 dev lan
    ip link set lan up
    on_phone ip address add 10.9.8.2/24 dev wifi
    on_phone ip link set wifi up
}

on_phone() {
    nsenter --target "$phone" --net "$@"
}

room() {
    set -euo pipefail
    network
    trap 'kill $phone $demo 2>/dev/null || true; wait $demo 2>/dev/null || true' EXIT
    env -u KAFKA PORT=0 LAN=1 RATE=20 SEED=7 "$BUILD/deploy/laptop/demo" >"$1/demo.out" 2>&1 3>&- 4>&- &
    demo=$!
    for ((tries = 0; tries < 600; tries++)); do
        grep -q '^speaker ' "$1/demo.out" && break
        sleep 0.1
    done
    local url board
    board=$(grep -o -m 1 'http://127\.0\.0\.1:[0-9]*/' "$1/demo.out")
    url=$(curl -fsS "${board}api/state" | jq -r .play)
    echo "play at $url"
    [[ $url == http://10.9.8.1:*/play ]]
    on_phone curl -fsS --compressed "$url" | grep -o '<title>.*</title>'
    url=${url%play}
    on_phone curl -fsS -c "$1/cookies" -X POST -H "Origin: ${url%/}" "${url}api/players" >"$1/player"
    on_phone timeout 60 curl -sSN "${url}api/stream?player=$(jq -r .player "$1/player")" >"$1/stream" &
    on_phone curl -fsS -b "$1/cookies" -X POST -H "Origin: ${url%/}" -d '{"match":"lan","hits":11}' "${url}api/hits" | jq -r .player | cmp - <(jq -r .player "$1/player")
    for ((tries = 0; tries < 600; tries++)); do
        grep -q '"verdict":"cheating"' "$1/stream" && break
        sleep 0.1
    done
    grep -m 1 -o '"verdict":"cheating","hits":11' "$1/stream"
    on_phone curl -sS -o /dev/null -w 'the controls: %{http_code}\n' -X POST -d '{"action":"round"}' "${url}api/simulation"
}

@test "a phone in the same network plays at the address that the board's code holds" {
    run unshare -n bash -c "$(declare -f network on_phone room); BUILD='$BUILD'; room '$BATS_TEST_TMPDIR'"
    echo "$output"
    assert_success
    assert_line '<title>Umpire: the game</title>'
    assert_line '"verdict":"cheating","hits":11'
    assert_line 'the controls: 401'
}
