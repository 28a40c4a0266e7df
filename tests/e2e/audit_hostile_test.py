#!/usr/bin/env python3
"""Hostile input to audit-fn, byte by byte: TAP. Every request gets the answer that it should, no second request is smuggled behind a first,
nothing hangs longer than the deadline, and afterwards the function answers as if nothing had been, in little memory."""
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
SANITIZED = re.search("lib(a|t|ub)san", subprocess.run(["ldd", BUILD / "audit-fn/audit-fn"], capture_output=True, text=True, check=True).stdout)  # which has memory of its own
MAX_BODY, DEADLINE = 65536, 2
EVENT = b"ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /h\r\nce-type: game.hits\r\nContent-Type: application/json\r\n"
STRUCTURED = b"Content-Type: application/cloudevents+json\r\n"
BATCH = b"Content-Type: application/cloudevents-batch+json\r\n"
CHEATS = b'{"player":"p","hits":11}'
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"


class Function:
    def __init__(self, *options):
        command = [BUILD / "audit-fn/audit-fn", "--listen", "127.0.0.1:0", "--max-body", str(MAX_BODY), "--request-deadline", f"{DEADLINE}s", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        line = self.process.stderr.readline()
        while b'"listening"' not in line:
            assert line, "audit-fn did not start"
            line = self.process.stderr.readline()
        host, port = json.loads(line)["address"].rsplit(":", 1)
        self.address = (host, int(port))
        # What it logs is not read: the pipe must not fill up.
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        status = self.process.wait(30)
        self.drain.wait(30)
        assert status == 0, f"exit status {status}"

    def connect(self):
        connection = socket.create_connection(self.address, timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1])


def read_all(connection):
    """What comes until the end of the connection."""
    answer = b""
    try:
        while part := connection.recv(65536):
            answer += part
    except ConnectionResetError:
        pass
    return answer


def statuses(answer):
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d\d\d) ", answer)]


def exchange(function, *parts, shut=True):
    """Sends the parts and our end, and returns the statuses of all that comes back until the server closes."""
    with function.connect() as connection:
        try:
            for part in parts:
                connection.sendall(part)
            if shut:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has closed already: its answer is there
        return statuses(read_all(connection))


def post(fields, body=b"", length=True, line=b"POST / HTTP/1.1", host=b"Host: h\r\n"):
    head = line + b"\r\n" + host + fields
    if length:
        head += b"Content-Length: %d\r\n" % len(body)
    return head + b"\r\n" + body


def is_well(function):
    found = exchange(function, post(EVENT, CHEATS))
    assert found == [200], f"a good event afterwards: {found}"


def check(function, cases):
    for what, request, wanted in cases:
        found = exchange(function, request)
        assert found == ([wanted] if isinstance(wanted, int) else wanted), f"{what}: {found}, not {wanted}"
    is_well(function)


# ---- Tests ----

TESTS = []


def test(function):
    TESTS.append(function)
    return function



@test
def ambiguous_framing_is_refused_and_smuggles_nothing(function):
    def smuggle(fields, body=b"0\r\n\r\n"):
        return post(EVENT + fields, body, length=False) + SMUGGLED

    lengths = [b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: 5\r\nContent-Length: 5", b"Content-Length: 5, 5", b"Content-Length : 5",
               b"Content-Length: +5", b"Content-Length: -5", b"Content-Length: 0x5", b"Content-Length: 5 5", b"Content-Length:", b"Content-Length: 5\x0b",
               b"Content-Length: 99999999999999999999", b"Content-Length: 18446744073709551621", b"Content-Length: \r\n 5",
               b"Content-Length\x00: 5", b"X: \x00\r\nContent-Length: 5", b"Content-Length: 5\rX: 1", b"X: a\nContent-Length: 5", b": 5", b" Content-Length: 5"]
    codings = [b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
               b"Transfer-Encoding : chunked", b"Transfer-Encoding:\n chunked", b"Transfer-Encoding: \x0bchunked", b"Transfer\tEncoding: chunked"]
    unknown = [b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked;q=1"]
    for fields in lengths:  # some of them Debian 12's libmicrohttpd refuses itself, and says so twice; whoever answers the second request says 404
        found = exchange(function, smuggle(fields + b"\r\n"))
        assert set(found) in ({400}, {413}), f"{fields}: {found}"
    check(function, [(fields, smuggle(fields + b"\r\n"), 400) for fields in codings] + [(fields, smuggle(fields + b"\r\n"), 501) for fields in unknown])
    check(function, [("chunks in HTTP/1.0", post(EVENT + b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", False, b"POST / HTTP/1.0") + SMUGGLED, 400)])


@test
def broken_chunks_are_no_body(function):
    def chunked(body):
        return post(EVENT + b"Transfer-Encoding: chunked\r\n", body, length=False)

    whole = b"%x\r\n%s\r\n0\r\n\r\n" % (len(CHEATS), CHEATS)
    for what, body in (("hexadecimal with a prefix", b"0x18\r\n" + whole[4:]), ("negative", b"-1\r\n\r\n"), ("beyond 64 bits", b"1FFFFFFFFFFFFFFFF\r\nx"),
                       ("no number", b"zz\r\n"), ("a space before", b" 18\r\n" + whole[4:]), ("data that is longer than its size", b"3\r\nabcdef\r\n0\r\n\r\n")):
        found = exchange(function, chunked(body) + SMUGGLED)
        assert found in ([400], [413], []), f"{what}: {found}"
    check(function, [("one byte each, with extensions", chunked(b"".join(b"1;a=b\r\n%c\r\n" % c for c in CHEATS) + b"0\r\nX: trailer\r\n\r\n"), 200)])


@test
def a_body_without_end_is_cut_off(function):
    for what, piece in (("chunks", b"400\r\n" + b" " * 1024 + b"\r\n"), ("small chunks", b"1\r\n \r\n" * 200), ("an extension", b"5;" + b"e" * 4096), ("a trailer", b"0\r\n" + b"X: " + b"t" * 4096)):
        begin = time.monotonic()
        with function.connect() as connection:
            connection.settimeout(3)  # it may leave what we send in the kernel
            try:
                connection.sendall(post(STRUCTURED + b"Transfer-Encoding: chunked\r\n", length=False) + piece)
                while time.monotonic() < begin + 20:
                    connection.sendall(piece[-4096:] if what in ("an extension", "a trailer") else piece)
            except OSError:
                pass
            answer = read_all(connection)
        assert time.monotonic() < begin + 15, f"{what}: goes on and on"
        assert set(statuses(answer)) <= {400, 408, 413, 431}, f"{what}: {statuses(answer)}"
    time.sleep(2)
    before = function.cpu_seconds()
    time.sleep(1)
    assert function.cpu_seconds() - before < 0.5, "it spins"
    is_well(function)


@test
def request_lines_of_every_kind(function):
    good = EVENT + b"Content-Length: 24\r\n\r\n" + CHEATS
    check(function, [
        ("absolute form", b"POST http://elsewhere.example/ HTTP/1.1\r\nHost: h\r\n" + good, 200),
        ("absolute form without a path", b"POST http://elsewhere.example HTTP/1.1\r\nHost: h\r\n" + good, 200),
        ("absolute form, another path", b"POST http://h/x HTTP/1.1\r\nHost: h\r\n" + good, 404),
        ("authority form", b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 404),
        ("asterisk form", b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 404),
        ("a path that climbs", b"GET /../../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n", 404),
        ("a space in the target", b"POST / / HTTP/1.1\r\nHost: h\r\n" + good, 400),
        ("a control character in the target", b"POST /\x01 HTTP/1.1\r\nHost: h\r\n" + good, 400),
        ("a method in lower case", b"post / HTTP/1.1\r\nHost: h\r\n" + good, 405),
        ("a method nobody knows", b"FROBNICATE / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        ("no Host", b"POST / HTTP/1.1\r\n" + good, 400),
        ("two Hosts", b"POST / HTTP/1.1\r\nHost: h\r\nHost: i\r\n" + good, 400),
        ("HTTP/1.0", b"POST / HTTP/1.0\r\n" + good, 200),
        ("HTTP/1.0, two requests", (b"POST / HTTP/1.0\r\n" + good) * 2, 200),
        ("HTTP/1.0 kept alive", (b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n" + good) * 2, [200, 200]),
        ("a target of 100,000 bytes", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
    ])
    for what, request in (("HTTP/0.9", b"GET /\r\n\r\n"), ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ("HTTP/9.9", b"GET / HTTP/9.9\r\nHost: h\r\n\r\n"), ("no version", b"POST / \r\n\r\n"),
                          ("TLS", bytes.fromhex("16030100c8010000c40303") + bytes(189)), ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n"), ("zeros", bytes(1000)), ("empty lines", b"\r\n" * 1000)):
        found = exchange(function, request)
        assert found == [] or (len(found) == 1 and found[0] in (400, 405, 431, 505)), f"{what}: {found}"
    is_well(function)


@test
def heads_of_every_size_get_an_answer(function):
    cases = []
    for count in (60, 120, 160, 161, 200, 400, 10000):
        fields = b"".join(b"x%d: y\r\n" % i for i in range(count - 7))
        cases.append((f"{count} fields", post(EVENT + fields, CHEATS), 200 if count <= 160 else 431))
    for size in (30000, 60000, 65000):
        cases.append((f"a source of {size} bytes, answered in structured mode", post(EVENT.replace(b"/h", b"/" + b"s" * size), CHEATS), 200))
        cases.append((f"an id of {size} bytes, answered in structured mode", post(EVENT.replace(b"ce-id: 1", b"ce-id: " + b"i" * size), CHEATS), 200))
    for size in (68000, 70000, 76000, 77000, 77500, 78000, 78500, 79000, 80000, 82000, 90000, 1000000):
        for count in (10, 60, 150):
            fields = EVENT + b"".join(b"x%d: y\r\n" % i for i in range(count))
            cases.append((f"a head of {size} bytes with {count} fields more", post(fields + b"X: " + b"a" * (size - len(fields) - 70) + b"\r\n", CHEATS), 431))
    cases.append(("an origin of 60,000 bytes", b"OPTIONS / HTTP/1.1\r\nHost: h\r\nWebHook-Request-Origin: " + b"o" * 60000 + b"\r\n\r\n", 400))
    cases.append(("a Host of 60,000 bytes", b"GET / HTTP/1.1\r\nHost: " + b"h" * 60000 + b"\r\n\r\n", 405))
    check(function, cases)


@test
def values_that_would_be_headers(function):
    cases = [(value, post(EVENT + b"ce-subject: " + value + b"\r\n", CHEATS), 400)
             for value in (b"a%0d%0aSet-Cookie: b", b"%00", b"%7f", b"%c2%85", b"%ef%bf%bf", b"%ed%a0%80", b"%c0%af", b"%f4%90%80%80", b"a%", b"a%4", b"a%zz", b'"open', b"\xff")]
    cases += [(name, post(EVENT + name + b": x\r\n", CHEATS), 400) for name in (b"ce-", b"ce-data", b"ce-a_b", b"ce-a.b", b"ce-id", b"CE-ID", b"ce-datacontenttype")]
    cases.append(("129 attributes", post(EVENT + b"".join(b"ce-x%d: y\r\n" % i for i in range(125)), CHEATS), 400))
    check(function, cases)


@test
def json_that_is_too_deep_or_too_wide(function):
    def event(data):
        return b'{"specversion":"1.0","id":"1","source":"/h","type":"game.hits","data":' + data + b"}"

    cases = [(f"data, {n} deep", post(EVENT, opening * n), 400) for n in (65, 1000, 7000) for opening in (b"[", b'{"a":', b'[{"hits":')]
    cases += [(f"an event, {n} deep", post(STRUCTURED, event(b"[" * n + b"]" * n)), 400) for n in (65, 1000, 7000)]
    cases += [(f"a batch, {n} deep", post(BATCH, b"[" * n), 400) for n in (2, 1000, 60000)]
    cases += [("a batch of %s" % name, post(BATCH, b"[" + b",".join([one] * 12000) + b"]"), 400) for name, one in (("empty objects", b"{}"), ("empty arrays", b"[]"), ("nulls", b"null"), ("numbers", b"1"))]
    cases += [("20,000 members", post(EVENT, b"{" + b",".join(b'"%d":' % i + b"1" for i in range(6000)) + b"}"), 400),
              ("a member twice", post(EVENT, b'{"hits":1,"hits":99}'), 400), ("a member twice, escaped", post(EVENT, b'{"hits":1,"\\u0068its":99}'), 400),
              ("two documents", post(EVENT, CHEATS * 2), 400), ("a byte order mark", post(EVENT, b"\xef\xbb\xbf" + CHEATS), 400), ("UTF-16", post(EVENT, CHEATS.decode().encode("utf-16")), 400),
              ("a lone surrogate as the player", post(EVENT, b'{"player":"\\ud800","hits":11}'), 400), ("a player of 2,000 bytes", post(EVENT, b'{"player":"%s","hits":11}' % (b"p" * 2000)), 400)]
    begin = time.monotonic()
    check(function, cases)
    assert time.monotonic() - begin < 60, "it took longer than bytes of this number may"


@test
def a_batch_of_a_million_empty_events_is_refused_quickly(_function):
    with Function("--max-body", "8MiB") as large:
        begin, before = time.monotonic(), large.resident_kib()
        check(large, [("a million empty objects", post(BATCH, b"[" + b"{}," * 999999 + b"{}]"), 400), ("a million empty arrays", post(BATCH, b"[" + b"[]," * 999999 + b"[]]"), 400),
                      ("eight million brackets", post(BATCH, b"[" * 8000000), 400), ("eight million quotes", post(BATCH, b'"' * 8000000), 400),
                      ("one string of seven million characters", post(EVENT, b'{"hits":11,"x":"' + b"x" * 7000000 + b'"}'), 200)])
        assert time.monotonic() - begin < 60
        assert SANITIZED or large.resident_kib() - before < 64 * 1024, f"{large.resident_kib() - before} KiB more than before"


@test
def numbers_of_every_size(function):
    def hits(number):
        return post(EVENT, b'{"player":"p","hits":%s}' % number)

    fair, cheating = (b"0", b"-0", b"10", b"1e1", b"0e999999999999999999", b"0." + b"0" * 60000, b"100e-1", b"10" + b"0" * 30000 + b"e-30000"), (b"11", b"9007199254740991", b"1.1E+1", b"1100e-2")
    wrong = (b"9007199254740992", b"-1", b"1e999999999", b"1e-999999999", b"1e99999999999999999999", b"9" * 60000, b"0." + b"0" * 60000 + b"1", b"10.5", b"01", b"1.", b".5", b"+1", b"1e", b"0x0b", b"NaN", b"Infinity", b"-", b"1_000", b"'11'", b"true")
    check(function, [(number[:40], hits(number), 204) for number in fair] + [(number[:40], hits(number), 200) for number in cheating] + [(number[:40], hits(number), 400) for number in wrong])


@test
def a_drip_ends_at_the_deadline(function):
    begin = time.monotonic()
    drips = [function.connect() for _ in range(100)]
    whole = post(EVENT, CHEATS)
    for at in range(40):
        for number, drip in enumerate(drips):
            try:  # a half of them in the header, a half in the body
                drip.sendall(whole[: -len(CHEATS)] if number % 2 and at == 0 else whole[at : at + 1] if not number % 2 else b"{")
            except (BrokenPipeError, ConnectionResetError):
                pass
        assert exchange(function, whole) == [200], "others are served meanwhile"
        time.sleep(0.1)
    answers = [statuses(read_all(drip)) for drip in drips]
    assert time.monotonic() - begin < 40
    assert all(answer in ([408], [400], []) for answer in answers) and [408] in answers, answers
    is_well(function)


@test
def all_connections_taken_by_the_silent_are_given_back(_function):
    with Function("--max-connections", "20") as small:
        silent = [small.connect() for _ in range(60)]
        for connection in silent[::2]:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Le")
        begin = time.monotonic()
        is_well(small)
        assert time.monotonic() - begin < 30
        for connection in silent:
            connection.close()


@test
def half_closed_and_vanishing_peers(function):
    whole = post(EVENT, CHEATS)
    assert exchange(function, whole) == [200], "who closes its sending side waits for the answer"
    for cut in range(1, len(whole), 7):
        found = exchange(function, whole[:cut])
        assert found in ([], [400]), f"cut after {cut} bytes: {found}"
    for cut in range(0, len(whole) + 1, 11):
        connection = function.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(whole[:cut])
        connection.close()  # a reset
    is_well(function)


@test
def pipelined_requests_are_answered_in_order_up_to_the_first_bad_one(function):
    good, fair = post(EVENT, CHEATS), post(EVENT, b'{"hits":1}')
    assert exchange(function, (good + fair) * 50) == [200, 204] * 50
    assert exchange(function, good + fair + post(EVENT, b"{}") + good) == [200, 204, 400, 200], "a bad event is not a bad request"
    assert exchange(function, good + post(EVENT + b"Content-Length: 1\r\n", CHEATS) + good) == [200, 400], "behind a bad request nothing is read"
    is_well(function)


@test
def a_body_that_is_too_large_is_refused_before_it_is_sent(function):
    large = post(EVENT + b"Expect: 100-continue\r\nContent-Length: 1000000\r\n", length=False)
    assert exchange(function, large, shut=False) == [413], "the answer, and no 100"
    assert exchange(function, post(EVENT + b"Expect: 100-continue\r\nContent-Length: 24\r\n", length=False), CHEATS) == [100, 200]
    assert exchange(function, post(EVENT, b" " * (MAX_BODY + 1))) == [413]
    assert exchange(function, post(EVENT + b"Transfer-Encoding: chunked\r\n", b"10001\r\n" + b" " * 65537 + b"\r\n0\r\n\r\n", length=False)) == [413]
    assert exchange(function, post(EVENT, CHEATS + b" " * (MAX_BODY - len(CHEATS)))) == [200], "the limit itself is allowed"
    is_well(function)


def main():
    print(f"1..{len(TESTS) + 1}", flush=True)
    failed = 0
    with Function() as function:
        is_well(function)
        before = function.resident_kib()
        for number, one in enumerate(TESTS, 1):
            name = one.__name__.replace("_", " ")
            try:
                one(function)
                print(f"ok {number} {name}", flush=True)
            except (AssertionError, OSError) as error:
                failed += 1
                print(f"not ok {number} {name}\n# {error!r}"[:1000], flush=True)
        grown = function.resident_kib() - before
        ok = SANITIZED or grown < 32 * 1024
        failed += not ok
        print(f"{'ok' if ok else 'not ok'} {len(TESTS) + 1} all of that costs less than 32 MiB\n# {grown} KiB", flush=True)
    return 1 if failed else 0


sys.exit(main())
