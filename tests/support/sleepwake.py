#!/usr/bin/env python3
"""sleepwake.py ADDRESS IDLE_MS CYCLES LOG: sends events, one connection each, with pauses about as long as the function's --idle-exit (so that
many arrive while it falls asleep), until the activator's LOG tells of CYCLES runs that ended. An event without an answer is sent again, as the
adapter does. Prints a line of JSON; fails where an event was not answered for what it is."""
import http.client
import json
import random
import statistics
import sys
import time

address, idle_ms, cycles, log = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
draw = random.Random(1)
sent, again, wakes = 0, 0, []


def ended():
    with open(log) as lines:
        return sum(" ended with 0" in line for line in lines)


def post(number, hits):
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request(
            "POST", "/", json.dumps({"player": "p", "hits": hits}),
            {"ce-specversion": "1.0", "ce-id": str(number), "ce-source": "/s", "ce-type": "game.hits", "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


deadline = time.monotonic() + 120
while ended() < cycles:
    if time.monotonic() > deadline:
        sys.exit(f"only {ended()} runs ended")
    pause = draw.choice((0, 0.002, idle_ms / 1000 * draw.uniform(0.9, 1.1), idle_ms / 1000 * draw.uniform(1, 1.5)))
    time.sleep(pause)
    hits = draw.randrange(22)
    runs = ended()
    begin = time.monotonic()
    for attempt in range(50):
        try:
            status, verdict = post(sent, hits)
            break
        except (OSError, http.client.HTTPException):
            again += 1
            time.sleep(0.001)
    else:
        sys.exit(f"event {sent} is lost")
    if status != 200 or verdict["event"]["id"] != str(sent) or verdict["verdict"] != ("cheating" if hits > 10 else "fair"):
        sys.exit(f"event {sent}: {status} {verdict}")
    if pause * 1000 > 1.05 * idle_ms:
        wakes.append((time.monotonic() - begin) * 1000)
    sent += 1
wakes.sort()
print(json.dumps({"events": sent, "sent_again": again, "cycles": cycles, "wake_ms_median": round(statistics.median(wakes), 1),
                  "wake_ms_p99": round(wakes[int(len(wakes) * 0.99)], 1)}))
