"""Each check of the oracle is seen to fail. Prints TAP."""
import copy
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle  # noqa: E402


def healthy(ordering="key"):
    """Four records of two keys in one partition, all delivered and committed."""
    records = [oracle.Record(0, offset, "ab"[offset % 2], "id-%d" % offset, "d%d" % offset, flagged=offset == 3) for offset in range(4)]
    arrivals = [oracle.Arrival(0, r.offset, r.id, r.digest, begun=r.offset, answered=r.offset + 0.5) for r in records]
    return oracle.Ledger(ordering, {r.id for r in records}, records, arrivals, dead={}, replies=["id-3"],
                         samples=[(1.0, {0: 1}), (9.0, {0: 4})], fresh={"id-3": 0.1}, evidence={"killed": True})


def drop(ledger):
    del ledger.arrivals[1]


def lose_in_kafka(ledger):
    ledger.issued.add("id-9")


def invent(ledger):
    ledger.arrivals.append(oracle.Arrival(0, 77, "id-77", "d", 5.0))


def rename(ledger):
    ledger.arrivals[0].id = "id-1"


def invent_dead_letter(ledger):
    ledger.dead[(0, 77)] = 1.0


def change_bytes(ledger):
    ledger.arrivals[0].digest = "other"


def swap(ledger):
    ledger.arrivals[0].begun, ledger.arrivals[2].begun = 2.0, 0.0
    ledger.arrivals[0].answered, ledger.arrivals[2].answered = 2.5, 0.5
    ledger.samples[0] = (1.0, {0: 0})


def overlap(ledger):
    ledger.arrivals[2].begun = 0.4


def commit_early(ledger):
    ledger.samples[0] = (1.0, {0: 2})


def commit_back(ledger):
    ledger.samples.insert(1, (1.5, {0: 0}))


def lose_verdict(ledger):
    ledger.replies.clear()


def invent_verdict(ledger):
    ledger.replies.append("id-0")


def double_verdict(ledger):
    ledger.exactly_once = True
    ledger.replies.append("id-3")


def stand_still(ledger):
    ledger.fresh["id-3"] = None


def never_try(ledger):
    ledger.fresh.clear()


def forget_commit(ledger):
    ledger.samples[-1] = (9.0, {0: 3})


def repeat(ledger):
    ledger.arrivals.append(copy.copy(ledger.arrivals[0]))


def no_fault(ledger):
    ledger.evidence["killed"] = False


def no_evidence(ledger):
    ledger.evidence.clear()


SEEDED = [(1, drop), (1, lose_in_kafka), (2, invent), (2, rename), (2, invent_dead_letter), (3, change_bytes), (4, swap), (4, overlap),
          (5, commit_early), (6, commit_back), (7, lose_verdict), (7, invent_verdict), (7, double_verdict), (8, stand_still), (8, never_try), (8, forget_commit),
          (9, repeat), (10, no_fault), (10, no_evidence)]


def tests():
    for ordering in ("partition", "key", "none"):
        yield "nothing is found in a healthy run by %s" % ordering, oracle.check(healthy(ordering)) == []
    for number, seed in SEEDED:
        ledger = healthy()
        seed(ledger)
        yield "check %d sees %s" % (number, seed.__name__.replace("_", " ")), number in [violation for violation, _ in oracle.check(ledger)]
    ledger = healthy("none")
    swap(ledger)
    yield "without order a swap is none", oracle.check(ledger) == []
    ledger = healthy()
    drop(ledger)
    ledger.dead[(0, 1)] = 1.6
    yield "a dead letter is an end like another", oracle.check(ledger) == []
    ledger = healthy()
    repeat(ledger)
    ledger.duplicate_bound = 1
    yield "a duplicate within the bound is allowed", oracle.check(ledger) == []
    ledger = healthy()
    ledger.replies.append("id-3")
    yield "a verdict may be there twice where nothing else was promised", oracle.check(ledger) == []
    ledger = healthy()
    ledger.arrivals.insert(0, oracle.Arrival(0, 0, "id-0", "d0", begun=-1.0))
    yield "a try without an answer is neither a delivery nor a duplicate", oracle.check(ledger) == []


def main():
    results = list(tests())
    print("1..%d" % len(results))
    for number, (name, passed) in enumerate(results, 1):
        print("%s %d - %s" % ("ok" if passed else "not ok", number, name))
    return 0 if all(passed for _, passed in results) else 1


if __name__ == "__main__":
    sys.exit(main())
