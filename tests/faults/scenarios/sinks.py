"""The sink answers wrongly, late or not at all."""
import time

from sink import DELIVER, Answer

REDIRECT = "location: http://127.0.0.1:1/elsewhere\r\n"


def sometimes(step, make_answer, share, count=1500):
    """A share of the requests gets that answer, one in the middle at least, while the producer works; then all is well again."""
    state = {"bad": 0, "on": True}

    def rule(arrival, number):
        if state["on"] and (step.random.random() < share or (state["bad"] == 0 and number >= count // 2)):
            state["bad"] += 1
            return make_answer()
        return DELIVER

    step.sink.rule = rule
    step.start()
    step.produce(count, rate=400)
    step.produced()
    step.arrived(count // 2)  # the adapter may have begun late
    state["on"] = False
    step.evidence["the sink misbehaved"] = state["bad"] > 0


def server_errors(step):
    """Every tenth request gets a status that is tried again."""
    sometimes(step, lambda: Answer(status=step.random.choice([500, 502, 503, 504, 404, 408, 409])), 0.1)


def too_many_requests(step):
    """429 with Retry-After."""
    sometimes(step, lambda: Answer(status=429, headers="retry-after: 1\r\n"), 0.02, count=800)


def hang(step):
    """No answer until long after the time-out."""
    step.options["timeout"] = "1s"
    sometimes(step, lambda: Answer(delay=2.5, status=500), 0.01, count=800)


def reset(step):
    """The connection is reset instead of an answer."""
    sometimes(step, lambda: Answer(kind="reset"), 0.05)


def cut(step):
    """The connection ends in the middle of a 200, which is no answer then."""
    sometimes(step, lambda: Answer(kind="cut", status=200, body=b"x" * 100), 0.05)


def drip(step):
    """A byte a second: only a limit of the whole exchange ends it."""
    step.options["timeout"] = "1s"
    sometimes(step, lambda: Answer(kind="drip", status=200), 0.01, count=800)


def redirect(step):
    """Never followed: a final failure, so a dead letter."""
    sometimes(step, lambda: Answer(status=302, headers=REDIRECT), 0.05, count=800)
    step.settle()
    step.evidence["there are dead letters"] = len(step.dead_letters()) > 0


def huge_reply(step):
    """10 MB where a verdict of at most 1 MiB may be: the function has run, so it is not asked again."""
    state = {"first": True}

    def rule(arrival, number):
        if number == 100 and state["first"]:
            state["first"] = False
            return Answer(status=200, headers="ce-specversion: 1.0\r\nce-id: big\r\nce-source: /s\r\nce-type: t\r\n", body=b"x" * 10_000_000)
        return DELIVER

    step.sink.rule = rule
    step.start()
    step.produce(500, rate=400)
    step.settle()
    step.evidence["the huge reply is a dead letter"] = len(step.dead_letters()) == 1


def down(step, seconds=8):
    """Nothing listens for a while; then all that has gathered flows."""
    step.start()
    step.produce(2000, rate=300)
    step.delivered(200)
    step.sink.down()
    before = len(step.sink.delivered())
    time.sleep(seconds)
    step.evidence["nothing was delivered meanwhile"] = len(step.sink.delivered()) <= before + 1
    step.sink.up()


def down_for_a_minute(step):
    """Nothing listens for a whole minute: no event uses up its tries, and all flow afterwards."""
    down(step, seconds=60)
    step.settle()
    step.evidence["no event was given up"] = not step.dead_letters()


def exhausted(step):
    """Some events are refused for ever: they become dead letters after their retries, the others pass."""
    step.options["retry"] = "2"
    step.sink.rule = lambda arrival, number: Answer(status=503) if int(arrival.digest, 16) % 20 == 0 else DELIVER
    step.start()
    step.produce(800, rate=400)
    step.settle()
    step.evidence["there are dead letters"] = len(step.dead_letters()) > 0
    step.sink.rule = lambda arrival, number: DELIVER


SCENARIOS = [server_errors, too_many_requests, hang, reset, cut, drip, redirect, huge_reply, down, down_for_a_minute,
             exhausted]
