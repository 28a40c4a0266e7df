"""The broker stops, is killed, runs out of space, and comes back."""
import errno
import os
import resource
import signal
import time

from rig import IN_FLIGHT

# A group that forgets its member takes the partitions away without a drain: what was not committed comes again.
LOST_BOUND = 2 * IN_FLIGHT


def broker_restarts(step):
    """SIGTERM or SIGKILL, a few seconds without a broker, and the same again."""
    step.duplicate_bound = LOST_BOUND
    step.start()
    step.produce(3000, rate=300)
    step.delivered(300)
    number = step.random.choice([signal.SIGTERM, signal.SIGKILL])
    step.rig.broker.stop(number)
    step.evidence["the broker was gone"] = step.rig.broker.process.poll() is not None
    time.sleep(step.random.uniform(1, 5))
    step.rig.broker.start()


def broker_freezes(step):
    """SIGSTOP of the broker, beyond the session's timeout: everything holds still, and goes on."""
    step.duplicate_bound = LOST_BOUND
    step.start()
    step.produce(2000, rate=300)
    step.delivered(300)
    step.rig.broker.process.send_signal(signal.SIGSTOP)
    time.sleep(8)
    step.evidence["the broker was stopped"] = step.rig.broker.process.poll() is None
    step.rig.broker.process.send_signal(signal.SIGCONT)


def broker_without_space(step):
    """No file of the broker may grow any more, as on a full disk: it gives up its log, and so itself. Then there is space again."""
    step.duplicate_bound = LOST_BOUND
    step.start()
    step.produce(2000, rate=300)
    step.delivered(300)
    resource.prlimit(step.rig.broker.process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
    step.rig.broker.process.wait(60)
    step.evidence["the broker gave up"] = step.rig.broker.process.returncode != 0
    step.rig.broker.start()


def broker_with_a_full_disk(step):
    """The broker's file system is full: it gives up. Then there is space again. (Where nothing can be mounted, by the limit above.)"""
    if not step.rig.small_disk:
        broker_without_space(step)
        return
    step.duplicate_bound = LOST_BOUND
    step.start()
    step.produce(2000, rate=300)
    step.delivered(300)
    ballast = os.path.join(step.rig.folder, "broker", "ballast")
    with open(ballast, "wb") as file:
        try:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        except OSError as problem:
            step.evidence["the disk was full"] = problem.errno == errno.ENOSPC
    step.rig.broker.process.wait(60)
    step.evidence["the broker gave up"] = step.rig.broker.process.returncode != 0
    os.unlink(ballast)
    step.rig.broker.start()


SCENARIOS = [broker_restarts, broker_freezes, broker_without_space, broker_with_a_full_disk]
