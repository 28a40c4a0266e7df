#!/usr/bin/python3
"""A sink for tests: answers as it is told, and writes down what it got.

    sink.py LEDGER [--rules JSON] [--tls CERTIFICATE-AND-KEY]

Prints its address as a "listening" line, like our programs. Rules are a list; the first that matches a request and has `times` left answers it:
  {"header": {"ce-id": "3"}, "times": 2, "status": 503, "headers": {"Retry-After": "1"}, "body": "...", "delay": 0.2, "kind": "hang"}
Everything is optional; without a rule the answer is 204. Kinds: whole (default), hang (no answer), reset, drip (a byte in 0.2 s), cut (half of it),
batch (200 and an event in reply to each of the batch). "contains": part of the body; "events": a batch of at least so many.
In an answer's headers %ID% stands for the id of the event. POST /rules replaces the rules. LEDGER gets a line of JSON a request: number, headers (lower case), body, status, and how many were here at once.
"""
import argparse
import http.server
import json
import socket
import ssl
import struct
import sys
import threading
import time


class State:
    def __init__(self, ledger, rules):
        self.lock = threading.Lock()
        self.ledger = open(ledger, "a", buffering=1)
        self.rules = rules
        self.count = 0
        self.here = 0

    def arrive(self, headers, body):
        """Writes the request down and finds its rule."""
        with self.lock:
            self.count += 1
            self.here += 1
            rule = next((each for each in self.rules if self.matches(each, headers, body)), {})
            if "times" in rule:
                rule["times"] -= 1
            self.ledger.write(json.dumps({"number": self.count, "headers": headers, "body": body.decode("utf-8", "backslashreplace"),
                                          "status": rule.get("status", 204), "here": self.here}) + "\n")
            return rule

    @staticmethod
    def matches(rule, headers, body):
        return (rule.get("times", 1) > 0 and all(headers.get(name) == value for name, value in rule.get("header", {}).items())
                and rule.get("contains", "").encode() in body and ("events" not in rule or len(json.loads(body)) >= rule["events"]))

    def leave(self):
        with self.lock:
            self.here -= 1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        state = self.server.state
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/rules":
            with state.lock:
                state.rules = json.loads(body)
            self.reply({"status": 204})
            return
        rule = state.arrive({name.lower(): value for name, value in self.headers.items()}, body)
        time.sleep(rule.get("delay", 0))
        state.leave()
        if rule.get("kind") == "batch":
            replies = [{"specversion": "1.0", "id": "r-" + event["id"], "source": "/sink", "type": "audit.pass", "subject": event["id"],
                        "causationid": event["id"]} for event in json.loads(body)]
            rule = {"status": 200, "headers": {"Content-Type": "application/cloudevents-batch+json"}, "body": json.dumps(replies)}
        self.reply(rule)

    def reply(self, rule):
        kind = rule.get("kind", "whole")
        body = rule.get("body", "").encode() * rule.get("repeat", 1)
        status = rule.get("status", 204)
        lines = ["HTTP/1.1 %d Said" % status] + ["%s: %s" % (name, value.replace("%ID%", self.headers.get("ce-id", ""))) for name, value in rule.get("headers", {}).items()]
        if status != 204:
            lines.append("Content-Length: %d" % len(body))
        answer = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        if kind == "hang":
            self.connection.settimeout(None)
            self.connection.recv(1)  # until the peer has had enough
            self.close_connection = True
        elif kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        elif kind == "drip":
            for byte in answer:
                self.wfile.write(bytes([byte]))
                time.sleep(0.2)
        elif kind == "cut":
            self.wfile.write(answer[: len(answer) // 2])
            self.close_connection = True
        else:
            self.wfile.write(answer)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, *_):
        pass  # peers go away: that is what is tested


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ledger")
    parser.add_argument("--rules", default="[]")
    parser.add_argument("--tls")
    options = parser.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    server.state = State(options.ledger, json.loads(options.rules))
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(json.dumps({"message": "listening", "for": "http", "address": "127.0.0.1:%d" % server.server_address[1]}, separators=(",", ":")), file=sys.stderr, flush=True)
    server.serve_forever()


main()
