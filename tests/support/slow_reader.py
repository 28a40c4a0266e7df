#!/usr/bin/env python3
"""Follows a board without reading, until it is put back to snapshots; then reads on.

    slow_reader.py HOST:PORT METRICS_URL

Prints one object of JSON: `held`, bytes that waited for it on its way; `after`, the events that came when it read again, up to the second update
behind the snapshot that it was given.
"""
import json
import socket
import sys
import time
import urllib.request

DROPPED = "umpire_provider_page_clients_dropped_total "
PATIENCE = 60


def dropped(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return next(float(line[len(DROPPED):]) for line in answer.read().decode().splitlines() if line.startswith(DROPPED))


def main():
    address, metrics = sys.argv[1:]
    host, _, port = address.rpartition(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.settimeout(PATIENCE)
    connection.sendall(b"GET /api/stream HTTP/1.1\r\nHost: board\r\n\r\n")
    end = time.monotonic() + PATIENCE
    while dropped(metrics) == 0:
        if time.monotonic() > end:
            raise SystemExit("it was never put back to snapshots")
        time.sleep(0.1)
    events, size, held = [], 0, None
    text = b""
    while held is None or events[-2:] != ["update", "update"]:
        data = connection.recv(65536)
        if not data:
            raise SystemExit("the stream has ended")
        text += data
        size += len(data)
        lines = text.split(b"\n")
        text = lines.pop()
        for line in lines:
            if not line.startswith(b"event: "):
                continue
            events.append(line[7:].decode().strip())
            if events[-1] == "snapshot" and len(events) > 1 and held is None:
                held = size
                events = events[-1:]
    print(json.dumps({"held": held, "after": events}))


if __name__ == "__main__":
    main()
