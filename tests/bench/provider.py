"""What tests/bench/run measures of event-provider: its producer beside librdkafka alone, and a room full of players."""
import json
import pathlib
import subprocess

import page

# What common/kafka/producer.c sets: the floor does the same work.
PROPERTIES = ("enable.idempotence=true", "acks=all", "compression.codec=lz4", "linger.ms=5", "queue.buffering.max.messages=100000",
              "queue.buffering.max.kbytes=65536", "message.max.bytes=8388608")
DATA = 70  # bytes of a hit's data
PLAYERS = 1000
GUESTS, RATE = 300, 5


def provider(bench, child, *flags):
    program = bench.options.build / "provider" / "event-provider"
    return child([program, "--bootstrap-servers", bench.bootstrap, "--log-format", "json", *flags], bench.folder, bench.name("provider"))


def logged(one, message, seconds, within):
    """The line of the log with that message, once it is there."""
    def look():
        lines = [json.loads(line) for line in one.text(one.log).splitlines() if line.endswith("}")]
        return next((line for line in lines if line["message"] == message), None)
    return within(seconds, f"{one.name} says: {message}", look)


def floor(bench, events):
    flags = [flag for each in PROPERTIES for flag in ("--set", each)]
    result = bench.produce(bench.name("floor"), events, "--size", DATA, "--keys", PLAYERS, *flags)
    return {"events/s": result["events_per_second"], "CPU us/event": result["cpu_us_per_event"]}


def produce(bench, child, within, failure, events, limit):
    topic = bench.name("hits")
    bench.produce(topic, 1)
    one = provider(bench, child, "--listen", "none", "--topic", topic, "--rate", 10000000, "--events", events, "--players", PLAYERS, "--stay")
    ready = logged(one, "ready", 30, within)
    finished = logged(one, "simulation finished", limit, within)
    cpu, rss = one.cpu_us(), one.rss_kib()
    if finished["acknowledged"] != events or one.end() != 0:
        raise failure(f"{finished['acknowledged']} of {events} events are acknowledged")
    return {"events/s": events / (page.seconds(finished["time"]) - page.seconds(ready["time"])), "CPU us/event": cpu / events,
            "peak RSS MiB": rss / 1024}


def room(bench, child, within, failure, seconds):
    """Attendees behind one address; all that was answered with 202 has to be in the topic, and nothing else."""
    topics = {name: bench.name(name) for name in ("topic", "verdict-topic")}
    for topic in topics.values():
        bench.produce(topic, 1)
    one = provider(bench, child, "--listen", "127.0.0.1:0", "--rate", 0, *(flag for name, topic in topics.items() for flag in ("--" + name, topic)))
    address = logged(one, "listening", 30, within)["address"]
    logged(one, "ready", 60, within)
    accepted = pathlib.Path(bench.folder / "accepted")
    result = bench.run_program("room", "--url", f"http://{address}", "--guests", GUESTS, "--rate", RATE, "--hits", RATE * seconds,
                               "--accepted", accepted)
    if one.end() != 0:
        raise failure("the provider did not end well")
    records = subprocess.run([bench.options.build / "tests" / "support" / "kafka-records", "consume", bench.bootstrap, topics["topic"]],
                             capture_output=True, text=True, check=True).stdout
    headers = [dict(json.loads(line)["headers"]) for line in records.splitlines()]
    there = sorted(f"{each['ce_source']} {each['ce_id']}" for each in headers if each["ce_source"].endswith("/play"))
    if there != sorted(accepted.read_text().splitlines()) or len(there) != GUESTS * RATE * seconds:
        raise failure(f"{result} and {len(there)} hits in the topic")
    answer = result["answer"]
    return {"p50 ms": answer["p50_us"] / 1e3, "p99 ms": answer["p99_us"] / 1e3, "p99.9 ms": answer["p999_us"] / 1e3, "max ms": answer["max_us"] / 1e3}
