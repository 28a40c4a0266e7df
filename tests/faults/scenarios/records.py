"""What is in the topic is odd, or no longer there."""
import signal

from rig import PARTITIONS


def poison(step):
    """A record at the head of each partition claims to be a CloudEvent and is none: a dead letter, and what is behind it flows."""
    for partition in range(PARTITIONS):
        event = step.event(partition=partition)
        event["headers"] = [header for header in event["headers"] if header[0] != "ce_type"]
        step.produce(1, events=[event])
    step.start()
    step.produce(500, rate=500)
    step.settle()
    step.evidence["each is a dead letter"] = len(step.dead_letters()) == PARTITIONS


def odd_records(step):
    """Tombstones, null headers, headers that are no text, no key at all, an empty value."""
    odd = [{"value": None}, {"value": ""}, {"key": None}]
    events = []
    for number in range(300):
        event = step.event(**step.random.choice(odd))
        event["headers"] += [["nothing", None], ["bytes", {"base64": "AP8="}], ["empty", ""]]
        events.append(event)
    step.start()
    step.produce(300, events=events)
    step.evidence["they are in the topic"] = any(line["value"] is None for line in step.rig.consume(step.topic))


def transactional_gaps(step):
    """Aborted and committed transactions leave offsets without records."""
    step.start()
    for number in range(12):
        given_up = number % 3 == 1
        before = set(step.issued)
        options = ["--transaction", "%s-%d" % (step.topic, number % 2)] + (["--abort"] if given_up else [])
        step.produce(50, options=options)
        if given_up:
            step.issued = before
    offsets = [line["offset"] for line in step.rig.consume(step.topic) if line["partition"] == 0]
    step.evidence["there are gaps"] = offsets != list(range(len(offsets)))


def offset_out_of_range(step):
    """While no adapter runs, what is next is deleted: the earliest that is left follows, never the end."""
    adapter = step.start()
    step.produce(600)
    step.delivered(600)
    adapter.end(signal.SIGTERM)
    step.produce(600)
    before = step.read_records()
    for partition in range(PARTITIONS):
        end = max(record.offset for record in before if record.partition == partition)
        step.rig.admin("delete-records", step.topic, partition, end - 20)
    left = {record.id for record in step.read_records()}
    step.deleted = [record for record in before if record.id not in left]
    delivered = {arrival.id for arrival in step.sink.arrivals}
    step.issued -= {record.id for record in step.deleted}
    step.evidence["something was lost to it"] = any(record.id not in delivered for record in step.deleted)
    adapter = step.start()
    step.settle()
    step.evidence["it was said"] = adapter.said("out of range") or adapter.said("expired")


SCENARIOS = [poison, odd_records, transactional_gaps, offset_out_of_range]
