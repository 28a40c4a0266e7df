"""The broker stops, is killed, and comes back."""
import signal
import time


def broker_restarts(step):
    step.duplicate_bound = 0
    step.start()
    step.produce(3000, rate=300)
    step.delivered(300)
    number = step.random.choice([signal.SIGTERM, signal.SIGKILL])
    step.rig.broker.stop(number)
    step.evidence["the broker was gone"] = step.rig.broker.process.poll() is not None
    time.sleep(step.random.uniform(1, 5))
    step.rig.broker.start()


def broker_freezes(step):
    """SIGSTOP of the broker for longer than requests are waited for by nobody: everything holds still, and goes on."""
    step.start()
    step.produce(2000, rate=300)
    step.delivered(300)
    step.rig.broker.process.send_signal(signal.SIGSTOP)
    time.sleep(8)
    step.evidence["the broker was stopped"] = step.rig.broker.process.poll() is None
    step.rig.broker.process.send_signal(signal.SIGCONT)


SCENARIOS = [broker_restarts, broker_freezes]
