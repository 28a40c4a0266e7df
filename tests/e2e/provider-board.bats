# What the board answers, and the table of flagged players.
load ../support/support
load ../support/kafka
load ../support/provider

teardown() {
    stop_all
}

# board_start NAME [OPTION…]: a provider that serves the board; leaves $BOARD (URL without the last slash).
board_start() {
    local name=$1
    shift
    start "$name" "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded --listen 127.0.0.1:0 "$@"
    BOARD=http://$(address "$name")
    within 30 logged "$name" '"message":"ready"'
}

shows() {
    curl -fsS "$BOARD/api/state" | jq -e "$1" >/dev/null
}

@test "the board's page has a policy for its content, and is not sent twice" {
    kafka_start embedded
    board_start it --rate 0
    curl -fsS -D "$BATS_TEST_TMPDIR/headers" -o "$BATS_TEST_TMPDIR/page" "$BOARD/"
    grep -q '<html' "$BATS_TEST_TMPDIR/page"
    run tr -d '\r' <"$BATS_TEST_TMPDIR/headers"
    assert_line --partial 'HTTP/1.1 200'
    assert_line --regexp "^Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self';.* frame-ancestors 'none'"
    assert_line 'X-Content-Type-Options: nosniff'
    assert_line --regexp '^Content-Type: text/html'
    # Nothing inline, which the policy would forbid.
    run grep -Ei '<script>|<style| style=| on[a-z]+=' "$BATS_TEST_TMPDIR/page"
    assert_failure

    local etag
    etag=$(tr -d '\r' <"$BATS_TEST_TMPDIR/headers" | sed -n 's/^ETag: //Ip')
    run curl -sS -o /dev/null -w '%{http_code} %{size_download}' -H "If-None-Match: $etag" "$BOARD/"
    assert_output '304 0'
    run curl -sS -o /dev/null -w '%{http_code}' -H 'If-None-Match: "other"' "$BOARD/"
    assert_output 200
    curl -fsS --compressed "$BOARD/" | cmp - "$BATS_TEST_TMPDIR/page"
    # encoding ACCEPTED: how /board.js is sent to who accepts that; its tag.
    encoding() {
        curl -fsS -D - -o /dev/null ${1:+-H "Accept-Encoding: $1"} "$BOARD/board.js" | tr -d '\r' | sed -n 's/^Content-Encoding: //Ip'
    }
    assert_equal "$(encoding 'br, gzip;q=0.8')" gzip
    assert_equal "$(encoding 'GZIP')" gzip
    assert_equal "$(encoding 'gzip;q=0, identity')" ''
    assert_equal "$(encoding 'notgzip')" ''
    assert_equal "$(encoding)" ''
    local packed
    packed=$(curl -fsS -D - -o /dev/null -H 'Accept-Encoding: gzip' "$BOARD/" | tr -d '\r' | sed -n 's/^ETag: //Ip')
    [[ $packed != "$etag" ]]
    for tag in "$packed" "W/$etag" "\"other\", $etag" '*'; do
        run curl -sS -o /dev/null -w '%{http_code}' -H "If-None-Match: $tag" "$BOARD/"
        assert_output 304
    done
    run curl -sS -o /dev/null -w '%{http_code}' -X POST "$BOARD/api/state"
    assert_output 405
    run curl -sS -o /dev/null -w '%{http_code} %{content_type}' "$BOARD/nothing"
    assert_output '404 application/problem+json'
}

# frames NAME COUNT: the stream that curl writes has come that far.
frames() {
    (($(grep -c '^data: ' "$BATS_TEST_TMPDIR/$1.out") >= $2))
}

@test "the stream begins with all there is, goes on with what changes, and continues where a browser was" {
    kafka_start embedded
    simulate
    board_start it --rate 0
    within 30 shows '.totals.hits == 300 and (.rebuilding | not)'
    start stream curl -sSN "$BOARD/api/stream"
    within 20 frames stream 1
    sed -n 's/^data: //p' "$BATS_TEST_TMPDIR/stream.out" | head -n 1 | jq -e '.totals.hits == 300 and (.players | length) > 20 and (.events | length) > 20'

    kafka_consume game-hits | head -n 1 | jq -c '{key: "late", headers: (.headers | map(if .[0] == "ce_id" then ["ce_id", "late"] else . end)),
        value: (.value | fromjson | .player = "late" | tojson)}' | kafka_produce game-hits
    said() {
        grep '^data: ' "$BATS_TEST_TMPDIR/stream.out" | tail -n +2 | sed 's/^data: //' | jq -es 'map(.players[] | select(.id == "late")) | length >= 1' >/dev/null
    }
    within 20 said
    # An update has those players that changed, not all of them.
    sed -n 's/^data: //p' "$BATS_TEST_TMPDIR/stream.out" | jq -es 'map(select(.players | map(.id == "late") | any)) | .[0] | .totals.hits == 301 and (.players | length) == 1'

    local last
    last=$(grep '^id: ' "$BATS_TEST_TMPDIR/stream.out" | tail -n 1)
    [[ $last ]]
    stop stream
    start again curl -sSN -H "Last-Event-ID: ${last#id: }" "$BOARD/api/stream"
    within 20 frames again 1
    sed -n 's/^data: //p' "$BATS_TEST_TMPDIR/again.out" | head -n 1 | jq -e '(.players | length) <= 1'
}

# rows: the players that have one in the table of flagged players.
rows() {
    kafka_consume flagged-players | jq -r '.key' | sort -u
}

rows_are() {
    [[ $(rows) == "$1" ]]
}

@test "flagged players have rows in their table, and a restarted provider shows the same and writes none again" {
    kafka_start embedded
    simulate
    kafka_consume game-hits | verdicts | kafka_produce audit-verdicts
    board_start it --rate 0 --run seven
    local flagged before='[.players[] | select(.flagged) | {id, cheats, since: .flagged.since}] | sort_by(.id)' first records
    flagged=$(truth '.flagged[]' | sort)
    within 30 shows ".totals.verdicts == 300 and (.rebuilding | not)"
    within 30 rows_are "$flagged"
    first=$(curl -fsS "$BOARD/api/state" | jq -c "$before")
    assert_equal "$(jq -r '.[].id' <<<"$first")" "$flagged"
    stop it
    assert_equal "$status" 0
    records=$(kafka_consume flagged-players | wc -l)

    board_start it --rate 0 --run seven
    within 30 shows ".totals.verdicts == 300 and (.rebuilding | not)"
    assert_equal "$(curl -fsS "$BOARD/api/state" | jq -c "$before")" "$first"
    stop it
    assert_equal "$(kafka_consume flagged-players | wc -l)" "$records"
}

@test "one round of the game, one event, one player: each can be asked for, and nonsense is refused" {
    kafka_start embedded
    simulate
    board_start it --rate 0 --run seven --public-url http://192.0.2.1:8080/
    within 30 shows '.totals.hits == 300 and (.rebuilding | not)'
    local place
    place=$(kafka_consume game-hits | head -n 1 | jq -r '"partition=\(.partition)&offset=\(.offset)"')
    curl -fsS "$BOARD/api/event?$place" | jq -e '.hit.attributes.source == "/umpire/provider/seven" and .verdict == null and (.hit.http | contains("ce-knativekafkaoffset: "))'
    asked() {
        curl -sS -o /dev/null -w '%{http_code}' "$BOARD$1"
    }
    assert_equal "$(asked '/api/event?partition=0&offset=999999')" 404
    assert_equal "$(asked '/api/event?partition=0')" 400
    assert_equal "$(asked '/api/event?partition=-1&offset=x')" 400
    assert_equal "$(asked '/api/state?round=1')" 200
    assert_equal "$(asked '/api/state?round=2')" 404
    assert_equal "$(asked '/api/state?round=0')" 404
    assert_equal "$(asked "/api/stream?player=$(printf 'x%.0s' {1..200})")" 400
    shows '.play == "http://192.0.2.1:8080/play"'
    curl -fsS "$BOARD/code.svg" | grep -q '^<svg '
    assert_equal "$(curl -sS -o /dev/null -w '%{content_type}' "$BOARD/code.svg")" image/svg+xml
    # A phone is told how its player stands.
    start phone curl -sSN "$BOARD/api/stream?player=p-0001"
    within 20 frames phone 1
    grep -A 1 '^event: player' "$BATS_TEST_TMPDIR/phone.out" | sed -n 's/^data: //p' | jq -e '.round == 1 and .hits > 0 and .cheats == 0'
    stop it
    board_start it --rate 0
    assert_equal "$(asked /code.svg)" 404
    shows '.play == null'
}

# under FILES LIMIT…: the provider with that many open files, soft and hard, and --max-pages 200; leaves $BOARD and $ADMIN.
under() {
    start it bash -c 'ulimit -Sn "$1" && ulimit -Hn "$2" && exec "${@:3}"' - "$1" "$2" "$PROVIDER" --bootstrap-servers "$BOOTSTRAP" --embedded \
        --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --rate 0 --max-pages 200
    BOARD=http://$(address it)
    ADMIN=$(address it admin)
    within 30 logged it '"message":"ready"'
}

status_of() {
    curl -sS --max-time 20 -o /dev/null -w '%{http_code}' "$BOARD$1"
}

pages() {
    [[ $(metric "$ADMIN" umpire_provider_page_clients) == "$1" ]]
}

@test "as many pages as open files allow: the soft limit is raised; where the hard one is too low, fewer are let in, which is said" {
    kafka_start embedded
    under 64 2000
    refute logged it 'fewer pages'
    start many curl -sSN --parallel --parallel-immediate --parallel-max 200 -o /dev/null "$BOARD/api/stream?[1-100]"
    within 20 pages 100
    stop many
    stop it
    assert_equal "$status" 0
    under 64 532
    run logged it '"message":"fewer pages than --max-pages'
    assert_success
    jq -se '.[] | select(.message | startswith("fewer pages")) | [.max_pages, .pages, .open_files] == [200, 10, 532]' "$BATS_TEST_TMPDIR/it.log"
    start few curl -sSN --parallel --parallel-immediate -o /dev/null "$BOARD/api/stream?[1-10]"
    within 20 pages 10
    assert_equal "$(status_of /api/stream)" 503
    assert_equal "$(status_of /api/state)" 200
}
