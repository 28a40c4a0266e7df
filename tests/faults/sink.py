"""A sink that does what a scenario tells it, and writes down every event that arrives. One thread with an asyncio loop."""
import asyncio
import hashlib
import json
import threading
import time

from oracle import Arrival

VERDICT_HEADERS = "ce-specversion: 1.0\r\nce-type: audit.fail\r\nce-source: /faults/sink\r\ncontent-type: application/json\r\n"


class Answer:
    """What becomes of one request. Only a 2xx counts as delivered."""

    def __init__(self, status=None, headers="", body=b"", before=None, after=None, delay=0, kind="whole"):
        self.status = status  # None: what the event deserves, 200 with a verdict or 204
        self.headers = headers
        self.body = body
        self.before = before  # called when the request is there, and after its answer was written
        self.after = after
        self.delay = delay
        self.kind = kind  # whole, drip (a byte a second), cut (in the middle), reset (nothing at all)


DELIVER = Answer()


class Sink:
    def __init__(self):
        self.arrivals = []
        self.counts = {}  # what was done -> how often
        self.rule = lambda arrival, number: DELIVER
        self.loop = asyncio.new_event_loop()
        self.server = None
        self.port = 0
        self.connections = set()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.up()

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def up(self):
        async def begin():
            self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, limit=1 << 20)
            self.port = self.server.sockets[0].getsockname()[1]

        self.call(begin())

    def down(self):
        """Nothing listens, and all connections are gone."""

        async def end():
            self.server.close()
            for writer in list(self.connections):
                writer.transport.abort()

        self.call(end())

    def close(self):
        async def cancel():
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.down()
        self.call(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)

    def url(self):
        return "http://127.0.0.1:%d/" % self.port

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def delivered(self):
        """The places that were answered with a 2xx."""
        return {(arrival.partition, arrival.offset) for arrival in list(self.arrivals) if arrival.answered is not None}

    async def serve(self, reader, writer):
        self.connections.add(writer)
        try:
            while await self.exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self.connections.discard(writer)
            writer.transport.abort()

    async def exchange(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        arrival = Arrival(int(headers["ce-knativekafkapartition"]), int(headers["ce-knativekafkaoffset"]), headers["ce-id"],
                          hashlib.sha256(body).hexdigest(), time.time())
        self.arrivals.append(arrival)
        answer = self.rule(arrival, len(self.arrivals))
        if answer.before:
            answer.before()
        if answer.delay:
            await asyncio.sleep(answer.delay)
        return await self.write(writer, arrival, answer, body)

    async def write(self, writer, arrival, answer, event):
        status, headers, body = answer.status, answer.headers, answer.body
        if answer.kind == "reset":
            self.count("reset")
            writer.transport.abort()
            return False
        if status is None:
            status, headers, body = self.deserved(arrival, event)
        reply = ("HTTP/1.1 %d Said\r\n%s" % (status, headers)).encode("latin-1")
        reply += b"\r\n" if status == 204 else b"content-length: %d\r\n\r\n" % len(body)
        reply += body
        self.count("%d %s" % (status, answer.kind))
        if answer.kind == "drip":
            for byte in reply:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(1)
        elif answer.kind == "cut":
            writer.write(reply[: len(reply) // 2])
            await writer.drain()
            return False
        else:
            if 200 <= status < 300 and not writer.transport.is_closing():
                arrival.answered = time.time()
            writer.write(reply)
            await writer.drain()
        if answer.after:
            answer.after()
        return True

    @staticmethod
    def deserved(arrival, event):
        if not is_flagged(event):
            return 204, "", b""
        headers = VERDICT_HEADERS + "ce-id: v-%s\r\nce-causationid: %s\r\n" % (arrival.id, arrival.id)
        return 200, headers, b'{"verdict":"cheating"}'


def is_flagged(event):
    try:
        return json.loads(event)["hits"] > 10
    except (ValueError, KeyError, TypeError):
        return False
