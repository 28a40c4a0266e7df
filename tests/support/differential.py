#!/usr/bin/env python3
"""Generated events for two replicas of audit-fn, and what comes of them against window_model.py.

  differential.py rules                                      prints the rules file
  differential.py oracle                                     prints the rules as StreamsOracle.java takes them
  differential.py records EVENTS DISORDER_S                  prints the events, duplicates and all, as kafka-records produces them: a few out
                                                             of order by up to DISORDER_S seconds of event time
  differential.py run EVENTS DISORDER_S RECORDS FOLDER REPLICA…
      sends RECORDS (such lines, or as they came back from Kafka) in batches to all replicas in turn; creates the file FOLDER/half half-way;
      writes the identities of the verdicts that the replies name to FOLDER/named; compares them with those of the model and prints a line of
      JSON. Fails where a verdict is wrong, or two replies of one identity say different things. What the model has and the replies have not
      is `missing`."""
import concurrent.futures
import http.client
import json
import pathlib
import random
import sys
import threading
import time

import window_model

BATCH, PLAYERS, SOURCE = 100, 400, "/differential"
STRUCTURED = [["content-type", "application/cloudevents+json"]]


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


def records(count, disorder_s):
    for event in generate(count, disorder_s)[1]:
        print(json.dumps({"key": event[2], "value": json.dumps(as_json(event)), "headers": STRUCTURED}))


def run(count, disorder_s, sent, folder, replicas):
    values = [json.loads(line)["value"] for line in open(sent, encoding="utf-8")]
    bodies = ["[" + ",".join(values[i : i + BATCH]) + "]" for i in range(0, len(values), BATCH)]
    local = threading.local()
    named, said = set(), {}

    # Each thread takes the next batch, so that what is on the way at the same time is near one another in event time.
    def step(turn):
        if turn == len(bodies) // 2:
            (folder / "half").touch()
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
    (folder / "named").write_text("".join(name + "\n" for name in sorted(named)))
    model = window_model.verdicts(generate(count, disorder_s)[0])
    result = {"sent": len(values), "replies": len(replies), "verdicts": len(named), "missing": len(model - named),
              "wrong": len(named - model), "retries": Sender.retries, "events_per_s": round(len(values) / seconds)}
    print(json.dumps(result))
    return 1 if result["wrong"] else 0


command, arguments = sys.argv[1], sys.argv[2:]
if command == "rules":
    sys.stdout.write(window_model.rules_file())
elif command == "oracle":
    for rule in window_model.RULES:
        print(",".join(map(str, rule)))
elif command == "records":
    records(int(arguments[0]), float(arguments[1]))
else:
    sys.exit(run(int(arguments[0]), float(arguments[1]), arguments[2], pathlib.Path(arguments[3]), arguments[4:]))
