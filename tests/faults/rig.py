"""What a scenario works with: a broker, adapters, a producer, the sink, and everything that is written down."""
import ctypes
import datetime
import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time

import oracle
from sink import Sink, is_flagged

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PARTITIONS = 4
IN_FLIGHT = 64


class Failure(Exception):
    """The run itself could not go on."""


def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failure("not within %d s: %s" % (seconds, what))
        time.sleep(0.05)


DISK_MIB = 512


def own_disk(folder):
    """A file system of its own for the broker, in memory and small, that nobody else sees and that goes with us. False where that is not
    allowed: it takes root, and a root folder that is a mount, which that of a chroot is not."""
    os.makedirs(folder, exist_ok=True)
    mounts = 0x20000  # CLONE_NEWNS
    root_is_mount = subprocess.run(["mountpoint", "-q", "/"]).returncode == 0
    if os.geteuid() != 0 or not root_is_mount or ctypes.CDLL(None).unshare(mounts) != 0:
        return False
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % DISK_MIB, "tmpfs", folder]).returncode == 0


class Broker:
    """Apache Kafka, one node, in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.address_file = os.path.join(folder, "broker.address")
        self.process = None
        self.start()

    def start(self):
        log = open(os.path.join(self.folder, "broker.log"), "ab")
        self.process = subprocess.Popen([os.path.join(ROOT, "deploy/laptop/apache-kafka/kafka"), "run", "--data",
                                         os.path.join(self.folder, "broker"), "--address-file", self.address_file],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        until(lambda: os.path.exists(self.address_file) or self.process.poll() is not None, 120, "the broker accepts clients")
        if self.process.poll() is not None:
            raise Failure("the broker ended: %s" % open(os.path.join(self.folder, "broker.log")).read()[-2000:])
        with open(self.address_file) as file:
            self.address = file.read().strip()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(60)
        if os.path.exists(self.address_file):
            os.unlink(self.address_file)


class Adapter:
    def __init__(self, step, name, options, prefix):
        self.name = name
        self.log_path = os.path.join(step.folder, name + ".log")
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(prefix + [step.rig.adapter] + step.adapter_options() + list(options),
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=step.environment())

    def send(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def end(self, number=signal.SIGTERM, seconds=40):
        """Its exit status; negative for a signal."""
        self.send(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure("%s did not end within %d s of signal %d" % (self.name, seconds, number))
        finally:
            self.log.close()

    def said(self, text):
        with open(self.log_path, errors="replace") as file:
            return text in file.read()


class Rig:
    def __init__(self, build, folder, adapter=None):
        self.build = build
        self.folder = folder
        self.adapter = adapter or os.path.join(build, "source-adapter/source-adapter")
        self.admin_program = os.path.join(build, "tests/support/kafka-admin")
        self.records_program = os.path.join(build, "tests/support/kafka-records")
        for program in (self.adapter, self.admin_program, self.records_program):
            if not os.access(program, os.X_OK):
                raise Failure("%s is not built" % program)
        self.small_disk = own_disk(os.path.join(folder, "broker"))
        self.broker = Broker(folder)

    def close(self):
        self.broker.stop(signal.SIGKILL)
        if self.small_disk:
            subprocess.run(["umount", os.path.join(self.folder, "broker")], check=True)

    def admin(self, *arguments):
        return subprocess.run([self.admin_program, self.broker.address, *map(str, arguments)], check=True, text=True,
                              stdout=subprocess.PIPE, timeout=60).stdout

    def consume(self, topic):
        output = subprocess.run([self.records_program, "consume", self.broker.address, topic, "-X", "isolation.level=read_committed"],
                                check=True, stdout=subprocess.PIPE, timeout=120).stdout
        return [json.loads(line) for line in output.splitlines()]


def digest(value):
    data = value.encode() if isinstance(value, str) else b""
    return hashlib.sha256(data).hexdigest()


class Step:
    """One scenario's run, on topics and a group of its own."""

    def __init__(self, rig, name, random, ordering=None):
        self.rig = rig
        self.random = random
        self.name = name
        self.ordering = ordering or random.choice(["partition", "key", "key", "none"])
        self.topic = "%s-%d" % (name, time.time() * 1000)
        self.group = self.topic
        self.folder = os.path.join(rig.folder, self.topic)
        os.mkdir(self.folder)
        self.options = {"retry": "1000000", "backoff-delay": "50ms", "backoff-max": "500ms", "timeout": "3s", "commit-interval": "200ms"}
        self.sink = Sink()
        self.adapters = []
        self.issued = set()
        self.number = 0
        self.evidence = {}
        self.fresh = {}
        self.deleted = []  # records that a scenario took out of the topic
        self.duplicate_bound = 0
        self.exactly_once = False
        self.samples = []
        self.producers = []
        self.producer_log = open(os.path.join(self.folder, "producer.log"), "ab")
        rig.admin("topics", *("%s:%d:file.delete.delay.ms=1000" % (self.topic + suffix, count) for suffix, count in (("", PARTITIONS), (".replies", 1), (".dlq", 1))))
        self.watcher = subprocess.Popen([rig.admin_program, rig.broker.address, "watch", self.group, self.topic, "100"], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.watching = threading.Thread(target=self.watch, daemon=True)
        self.watching.start()

    def watch(self):
        for line in self.watcher.stdout:
            numbers = [int(word) for word in line.split()]
            self.samples.append((numbers[0] / 1000, {partition: offset for partition, offset in enumerate(numbers[1:]) if offset >= 0}))

    # ---- adapters

    def adapter_options(self):
        options = {"bootstrap-servers": self.rig.broker.address, "topics": self.topic, "group": self.group, "from": "earliest",
                   "sink": self.sink.url(), "ordering": self.ordering, "max-in-flight": str(IN_FLIGHT),
                   "dead-letter-topic": self.topic + ".dlq", "reply-topic": self.topic + ".replies", **self.options}
        session = ["--kafka-set", "session.timeout.ms=4000", "--kafka-set", "heartbeat.interval.ms=500"]
        return ["--%s=%s" % option for option in options.items()] + session

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ADAPTER_", "KAFKA_", "K_"))}
        return dict(kept, **getattr(self.rig, "extra_environment", {}))

    def start(self, *options, prefix=()):
        adapter = Adapter(self, "adapter-%d" % len(self.adapters), options, list(prefix))
        self.adapters.append(adapter)
        return adapter

    # ---- events

    def event(self, **changes):
        """The next event, as a line for kafka-records. Two of three keys' hits are fair."""
        self.number += 1
        identity = "e-%d" % self.number
        hits = self.random.randint(0, 15)
        player = "p-%d" % self.random.randint(0, 40)
        event = {"key": player, "value": json.dumps({"player": player, "hits": hits, "match": "m"}),
                 "headers": [["ce_specversion", "1.0"], ["ce_id", identity], ["ce_source", "/faults"], ["ce_type", "game.hits"],
                             ["content-type", "application/json"]]}
        event.update(changes)
        self.issued.add(identity)
        return event

    def produce(self, count, rate=None, events=None, options=()):
        """In the background where a rate is given; else it has been acknowledged when this returns."""
        lines = [json.dumps(event) for event in (events if events is not None else (self.event() for _ in range(count)))]
        process = subprocess.Popen([self.rig.records_program, "produce", self.rig.broker.address, self.topic, "-X", "linger.ms=5", *options],
                                   stdin=subprocess.PIPE, stderr=self.producer_log, text=True)

        def feed():
            begin = time.monotonic()
            for index, line in enumerate(lines):
                process.stdin.write(line + "\n")
                if rate and index % 20 == 0:
                    process.stdin.flush()
                    time.sleep(max(0, begin + index / rate - time.monotonic()))
            process.stdin.close()

        if rate:
            thread = threading.Thread(target=feed, daemon=True)
            thread.start()
            self.producers.append((process, thread))
            return
        feed()
        if process.wait(120) != 0:
            raise Failure("the producer failed")

    def produced(self):
        for process, thread in self.producers:
            thread.join(300)
            if process.wait(300) != 0:
                raise Failure("the producer failed")
        self.producers = []

    def arrived(self, count, seconds=60):
        """Waits until the sink has seen this many requests."""
        until(lambda: len(self.sink.arrivals) >= count, seconds, "%d requests at the sink" % count)

    def delivered(self, count, seconds=60):
        until(lambda: len(self.sink.delivered()) >= count, seconds, "%d events delivered" % count)

    # ---- the end

    def dead_letters(self):
        found = {}
        for letter in self.rig.consume(self.topic + ".dlq"):
            headers = {name: value for name, value in letter["headers"]}
            when = datetime.datetime.fromisoformat(headers["umpire_failed_at"].replace("Z", "+00:00")).timestamp()
            found[(int(headers["umpire_origin_partition"]), int(headers["umpire_origin_offset"]))] = when
        return found

    def read_records(self):
        records = []
        for line in self.rig.consume(self.topic):
            headers = {name: value for name, value in line["headers"]}
            identity = headers.get("ce_id") or "partition:%d/offset:%d" % (line["partition"], line["offset"])
            value = line["value"]
            records.append(oracle.Record(line["partition"], line["offset"], line["key"], identity, digest(value),
                                         flagged=is_flagged(value or "")))
        return records

    def settle(self, standstill=15):
        """Waits until each record is delivered or dead-lettered, or nothing has happened for so long: the oracle says what is missing."""
        self.produced()
        places = {(record.partition, record.offset) for record in self.read_records()}
        left, end = None, 0
        while True:
            still = places - self.sink.delivered()
            if still:
                still -= set(self.dead_letters())
            if not still or (len(still) == left and time.monotonic() > end):
                return
            if len(still) != left:
                left, end = len(still), time.monotonic() + standstill
            time.sleep(0.5)

    def prove_life(self, seconds=30):
        """A fresh event for each partition, behind everything."""
        for partition in range(PARTITIONS):
            event = self.event(partition=partition)
            self.fresh[event["headers"][1][1]] = None
            self.produce(1, events=[event])
        begin = time.monotonic()
        while None in self.fresh.values() and time.monotonic() < begin + seconds:
            seen = {arrival.id for arrival in list(self.sink.arrivals) if arrival.answered is not None}
            for identity in self.fresh:
                if identity in seen and self.fresh[identity] is None:
                    self.fresh[identity] = time.monotonic() - begin
            time.sleep(0.05)

    def finish(self):
        """Lets it come to rest, stops what runs, and returns the ledger."""
        self.settle()
        self.prove_life()
        statuses = [adapter.end() for adapter in self.adapters if adapter.process.poll() is None]
        if not statuses:
            raise Failure("no adapter was left at the end")
        self.evidence["adapters ended with 0 at SIGTERM"] = all(status == 0 for status in statuses)
        last = len(self.samples)
        until(lambda: len(self.samples) > last + 1, 30, "a look at the committed offsets")
        self.watcher.kill()
        self.watching.join(5)
        replies = [dict(reply["headers"]).get("ce_causationid") for reply in self.rig.consume(self.topic + ".replies")]
        delivered = self.sink.delivered()
        records = self.read_records() + [record for record in self.deleted if (record.partition, record.offset) in delivered]
        return oracle.Ledger(self.ordering, self.issued, records, list(self.sink.arrivals), self.dead_letters(), replies,
                             self.samples, self.fresh, self.evidence, self.duplicate_bound, self.exactly_once)

    def close(self):
        for adapter in self.adapters:
            adapter.send(signal.SIGCONT)
            adapter.send(signal.SIGKILL)
            adapter.process.wait()
        for process, _ in self.producers:
            process.kill()
        self.watcher.kill()
        self.producer_log.close()
        self.sink.close()
        if self.rig.broker.process.poll() is None:
            for suffix in ("", ".replies", ".dlq"):
                self.rig.admin("delete-topic", self.topic + suffix)

    def forget(self):
        shutil.rmtree(self.folder, ignore_errors=True)
