#!/usr/bin/env python3
"""differential.py rules: prints the rules file. differential.py run EVENTS DISORDER_S HALF REPLICA…: sends generated events in batches, with
duplicates, out of order by up to DISORDER_S seconds of event time, to all replicas in turn; creates the file HALF half-way; compares the
verdicts that the replies name with those of window_model.py. Prints a line of JSON; fails where a verdict is wrong, or two replies of one
identity say different things. What the model has and the replies have not is `missing`."""
import concurrent.futures
import http.client
import json
import random
import sys
import threading
import time

import window_model

BATCH, PLAYERS, SOURCE = 100, 400, "/differential"


def generate(count, disorder_s):
    draw = random.Random(20261123)
    events, sent = [], []
    for number in range(count):
        at = 1_700_000_000_000_000 + number * 5_000
        player = "p-%03d" % int(PLAYERS * draw.random() ** 2)
        event = (SOURCE, str(number), player, at, draw.choice((0, 0, 1, 2, 3, 8)))
        events.append(event)
        sent.append((at + draw.random() * disorder_s * 1e6, event))
        if draw.random() < 0.1:
            sent.append((at + draw.random() * disorder_s * 1e6, event))
    sent.sort(key=lambda item: item[0])
    return events, [event for _at, event in sent]


def as_json(event):
    source, id_, player, at, hits = event
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1_000_000)) + ".%06dZ" % (at % 1_000_000)
    return {"specversion": "1.0", "id": id_, "source": source, "type": "game.hits", "time": stamp, "data": {"player": player, "hits": hits}}


class Sender:
    retries = 0

    def __init__(self, replicas):
        self.replicas = list(replicas)
        self.connections = {}

    def post(self, turn, body):
        for attempt in range(200):
            replica = self.replicas[(turn + attempt) % len(self.replicas)]
            try:
                connection = self.connections.setdefault(replica, http.client.HTTPConnection(replica, timeout=30))
                connection.request("POST", "/", body, {"Content-Type": "application/cloudevents-batch+json"})
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                self.connections.pop(replica).close()
                answer = None
            if answer is not None and answer.status in (200, 204):
                return json.loads(content) if content else []
            if answer is not None and answer.status != 503:
                raise SystemExit(f"{replica}: {answer.status} {content!r}")
            Sender.retries += 1  # near enough: it is only asked whether there were some
            time.sleep(0.02)
        raise SystemExit("no replica answers")


def run(count, disorder_s, half, replicas):
    events, sent = generate(count, disorder_s)
    bodies = [json.dumps([as_json(event) for event in sent[i : i + BATCH]]) for i in range(0, len(sent), BATCH)]
    local = threading.local()
    named, said = set(), {}

    # Each thread takes the next batch, so that what is on the way at the same time is near one another in event time.
    def step(turn):
        if turn == len(bodies) // 2:
            open(half, "w").close()
        if not hasattr(local, "sender"):
            local.sender = Sender(replicas)
        return local.sender.post(turn, bodies[turn])

    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        replies = [reply for part in pool.map(step, range(len(bodies))) for reply in part]
    seconds = time.monotonic() - begin
    for reply in replies:
        data = reply["data"]
        named.update([reply["id"]], (other["id"] for other in data.pop("others", [])))
        data.pop("rules", None)
        if said.setdefault(reply["id"], (reply["causationid"], data)) != (reply["causationid"], data):
            sys.exit(f"two replies of one identity: {said[reply['id']]} and {data}")
    model = window_model.verdicts(events)
    result = {"sent": len(sent), "replies": len(replies), "verdicts": len(named), "missing": len(model - named),
              "wrong": len(named - model), "retries": Sender.retries, "events_per_s": round(len(sent) / seconds)}
    print(json.dumps(result))
    return 1 if result["wrong"] else 0


if sys.argv[1] == "rules":
    sys.stdout.write(window_model.rules_file())
else:
    sys.exit(run(int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5:]))
