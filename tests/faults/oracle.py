"""The ten checks of a fault test, over what was seen from outside the process under fault.

Pure: a ledger in, violations out. What is in Kafka is the truth about what was produced; the sink, which belongs to the test, about what was
delivered; samples of the committed offsets about what would be lost. Times are seconds of one clock."""
import bisect
import collections
import dataclasses
import math


@dataclasses.dataclass
class Record:
    """A record as it is in the topic."""

    partition: int
    offset: int
    key: str
    id: str
    digest: str
    flagged: bool = False  # the sink answers it with a verdict


@dataclasses.dataclass
class Arrival:
    """A POST at the sink. `answered` is when a 2xx was about to be written, None where there was none."""

    partition: int
    offset: int
    id: str
    digest: str
    begun: float
    answered: float = None


@dataclasses.dataclass
class Ledger:
    ordering: str  # partition, key or none
    issued: set  # ids that the producer wrote
    records: list
    arrivals: list
    dead: dict  # (partition, offset) -> when it was given up
    replies: list  # ids of the events that the replies in Kafka are about
    samples: list  # (time, {partition: committed})
    fresh: dict  # ids produced after the fault -> seconds to their delivery, or None
    evidence: dict  # what shows that the fault occurred -> whether it did
    duplicate_bound: int = 0
    exactly_once: bool = False  # each verdict is there once
    stopped_cleanly: bool = True  # the last samples were taken after a SIGTERM that drained


def check(ledger):
    """Violations as (number of the check, text)."""
    known = {(record.partition, record.offset): record for record in ledger.records}
    acked = {}  # place -> first acknowledgement
    for arrival in ledger.arrivals:
        if arrival.answered is not None:
            place = (arrival.partition, arrival.offset)
            acked[place] = min(arrival.answered, acked.get(place, math.inf))
    final = {place: min(acked.get(place, math.inf), ledger.dead.get(place, math.inf)) for place in known}
    found = []
    found += everything_is_final(ledger, known, final)
    found += nothing_is_invented(ledger, known)
    found += order_is_kept(ledger, known, final)
    found += commits_are_covered(ledger, final)
    found += verdicts_are_right(ledger, known)
    found += it_goes_on(ledger, final)
    found += duplicates_are_bounded(ledger, acked)
    found += [(10, "the fault did not occur: %s" % name) for name, happened in ledger.evidence.items() if not happened]
    if not ledger.evidence:
        found.append((10, "nothing shows that a fault occurred"))
    return found


def some(items, count=5):
    items = sorted(items)
    return ", ".join(str(item) for item in items[:count]) + (" and %d more" % (len(items) - count) if len(items) > count else "")


def everything_is_final(ledger, known, final):
    missing = [place for place, when in final.items() if when == math.inf]
    lost = ledger.issued - {record.id for record in known.values()}
    found = []
    if missing:
        found.append((1, "%d records were neither delivered nor dead-lettered: %s" % (len(missing), some(missing))))
    if lost:
        found.append((1, "%d acknowledged events are not in the topic: %s" % (len(lost), some(lost))))
    return found


def nothing_is_invented(ledger, known):
    found = []
    for arrival in ledger.arrivals:
        record = known.get((arrival.partition, arrival.offset))
        if record is None:
            found.append((2, "an event arrived that nobody produced: %s" % arrival))
        elif record.id != arrival.id:
            found.append((2, "%d/%d arrived as %s, but is %s" % (record.partition, record.offset, arrival.id, record.id)))
        elif record.digest != arrival.digest:
            found.append((3, "%d/%d arrived with other bytes" % (record.partition, record.offset)))
    found += [(2, "a dead letter is about a record that nobody produced: %s" % (place,)) for place in ledger.dead if place not in known]
    return found[:20]


def order_is_kept(ledger, known, final):
    """Nothing is tried before what precedes it is final; so first deliveries rise."""
    if ledger.ordering == "none":
        return []
    first_try = {}
    for arrival in ledger.arrivals:
        place = (arrival.partition, arrival.offset)
        first_try[place] = min(arrival.begun, first_try.get(place, math.inf))
    last = {}  # lane -> (place, when it became final)
    found = []
    for place in sorted(known):
        record = known[place]
        if ledger.ordering == "key" and record.key is None:
            continue
        lane = place[0] if ledger.ordering == "partition" else (place[0], record.key)
        begun = first_try.get(place, math.inf)
        if lane in last and begun < last[lane][1]:
            before, when = last[lane]
            late = "%.1f ms too early" % ((when - begun) * 1000) if when < math.inf else "which it never became"
            found.append((4, "%d/%d (key %s) was tried before %d/%d was final, %s" % (*place, record.key, *before, late)))
        last[lane] = (place, final[place])
    return found[:20]


def commits_are_covered(ledger, final):
    found = []
    lanes = {}
    for (partition, offset), when in sorted(final.items()):
        offsets, latest = lanes.setdefault(partition, ([], []))
        offsets.append(offset)
        latest.append(max(when, latest[-1] if latest else 0))
    before = {}
    for time, committed in ledger.samples:
        for partition, offset in committed.items():
            if offset < before.get(partition, -1):
                found.append((6, "the commit of partition %d went back from %d to %d" % (partition, before[partition], offset)))
            before[partition] = offset
            offsets, latest = lanes.get(partition, ([], []))
            open_from = bisect.bisect_right(latest, time)
            if open_from < len(offsets) and offset > offsets[open_from]:
                found.append((5, "partition %d was committed to %d while %d was not final" % (partition, offset, offsets[open_from])))
    return found[:20]


def verdicts_are_right(ledger, known):
    wanted = {record.id for place, record in known.items() if record.flagged and place not in ledger.dead}
    got = set(ledger.replies)
    found = []
    if wanted - got:
        found.append((7, "%d verdicts are missing: %s" % (len(wanted - got), some(wanted - got))))
    doubled = [id for id, count in collections.Counter(ledger.replies).items() if count > 1] if ledger.exactly_once else []
    if doubled:
        found.append((7, "%d verdicts are there more than once: %s" % (len(doubled), some(doubled))))
    wrong = got - {record.id for record in known.values() if record.flagged}
    if wrong:
        found.append((7, "%d verdicts are about events that have none: %s" % (len(wrong), some(wrong))))
    return found


def it_goes_on(ledger, final):
    found = [(8, "%s, produced after the fault, was not delivered" % id) for id, seconds in ledger.fresh.items() if seconds is None]
    if not ledger.fresh:
        found.append((8, "nothing was produced after the fault"))
    if ledger.stopped_cleanly:
        ends = {}
        for partition, offset in final:
            ends[partition] = max(offset + 1, ends.get(partition, 0))
        committed = ledger.samples[-1][1] if ledger.samples else {}
        for partition, end in sorted(ends.items()):
            if committed.get(partition, -1) < end:
                found.append((8, "partition %d ends at %d, but only %d was committed when all had stopped"
                              % (partition, end, committed.get(partition, -1))))
    return found


def duplicates(ledger):
    answered = [arrival for arrival in ledger.arrivals if arrival.answered is not None]
    return len(answered) - len({(arrival.partition, arrival.offset) for arrival in answered})


def duplicates_are_bounded(ledger, acked):
    count = duplicates(ledger)
    return [(9, "%d duplicates, at most %d are allowed" % (count, ledger.duplicate_bound))] if count > ledger.duplicate_bound else []
