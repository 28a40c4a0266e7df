"""The adapter dies, stops and is joined by others."""
import os
import resource
import signal
import time

from rig import IN_FLIGHT, until
from sink import DELIVER, Answer

KILL_BOUND = 2 * IN_FLIGHT


def killed_at_request(step, make_answer):
    """SIGKILL at some request, three times; each time another adapter goes on."""
    step.duplicate_bound = 3 * KILL_BOUND
    state = {"adapter": step.start(), "at": step.random.randint(50, 400), "kills": 0}

    def rule(arrival, number):
        if number < state["at"] or state["kills"] == 3:
            return DELIVER
        state["at"] = number + step.random.randint(200, 500)
        state["kills"] += 1
        return make_answer(lambda: state["adapter"].process.kill())

    step.sink.rule = rule
    step.produce(2500, rate=500)
    ends = []
    for _ in range(3):
        ends.append(state["adapter"].process.wait(60))
        state["adapter"] = step.start()
    step.evidence["three adapters were killed"] = ends == [-signal.SIGKILL] * 3


def killed_before_the_answer(step):
    """SIGKILL while the sink has the event."""
    killed_at_request(step, lambda kill: Answer(before=kill))


def killed_after_the_answer(step):
    """SIGKILL when the sink has just answered."""
    killed_at_request(step, lambda kill: Answer(after=kill))


def in_transactions(step):
    step.exactly_once = True
    step.options.update({"exactly-once": "true", "transactional-id": step.group})


def killed_in_transactions(step):
    """SIGKILL when the sink has just answered, with --exactly-once: each verdict is there once."""
    in_transactions(step)
    killed_at_request(step, lambda kill: Answer(after=kill))


def killed_between_transactions(step):
    """SIGKILL while the sink has the event, with --exactly-once."""
    in_transactions(step)
    killed_at_request(step, lambda kill: Answer(before=kill))


def stopped_beyond_the_session(step):
    """SIGSTOP until the group has given its partitions to another; then it goes on as a zombie."""
    step.duplicate_bound = 2 * KILL_BOUND
    frozen = step.start()
    step.produce(3000, rate=300)
    step.delivered(300)
    frozen.send(signal.SIGSTOP)
    held = {arrival.partition for arrival in list(step.sink.arrivals)}
    begun = len(step.sink.arrivals)
    step.start()
    until(lambda: {arrival.partition for arrival in list(step.sink.arrivals)[begun + IN_FLIGHT:]} >= held, 60, "another has its partitions")
    step.evidence["it held partitions that another took over"] = len(held) > 0
    frozen.send(signal.SIGCONT)
    step.settle()


def rebalance_storm(step):
    """Three adapters, of which one leaves or joins every second or two."""
    step.duplicate_bound = 12 * IN_FLIGHT
    running = [step.start() for _ in range(3)]
    step.produce(4000, rate=400)
    changes = 0
    end = time.monotonic() + 12
    while time.monotonic() < end:
        time.sleep(step.random.uniform(1, 2))
        if len(running) > 1 and step.random.random() < 0.6:
            status = running.pop(step.random.randrange(len(running))).end()
            step.evidence["each left with status 0"] = step.evidence.get("each left with status 0", True) and status == 0
        else:
            running.append(step.start())
        changes += 1
    step.evidence["the group changed five times"] = changes >= 5


def terminated_under_load(step):
    """SIGTERM in the middle, and another goes on: nothing twice."""
    step.duplicate_bound = 0
    adapter = step.start()
    step.sink.rule = lambda arrival, number: Answer(delay=0.02)
    step.produce(2000, rate=500)
    for _ in range(3):
        step.delivered(len(step.sink.delivered()) + 200)
        step.evidence["it drained"] = adapter.end() == 0
        adapter = step.start()


def too_few_descriptors(step):
    """Hardly any file descriptors are left for connections."""

    step.sink.rule = lambda arrival, number: Answer(delay=0.05)
    adapter = step.start()
    step.produce(1500, rate=500)
    step.delivered(200)
    before = len(step.sink.connections)
    opened = len(os.listdir("/proc/%d/fd" % adapter.process.pid))
    step.sink.down()
    resource.prlimit(adapter.process.pid, resource.RLIMIT_NOFILE, (opened // 2, 4096))
    step.sink.up()
    time.sleep(3)
    step.evidence["it had fewer connections, and lived"] = len(step.sink.connections) < before and adapter.process.poll() is None
    resource.prlimit(adapter.process.pid, resource.RLIMIT_NOFILE, (4096, 4096))


SCENARIOS = [killed_before_the_answer, killed_after_the_answer, killed_in_transactions, killed_between_transactions, stopped_beyond_the_session,
             rebalance_storm, terminated_under_load, too_few_descriptors]
