#!/usr/bin/python3
"""Strimzi's Kafka Bridge, as far as a producer sees it: POST /topics/NAME with records, key and value as JSON.

    kafka-bridge.py RECORDS [--refuse N]

Prints its address as a "listening" line, like our programs. RECORDS gets each record as a line of JSON in the form of kafka-records: key and value
as the bytes that the bridge would write (JSON, so a text has quotes), headers decoded. The first N requests are answered with 500."""
import argparse
import base64
import http.server
import json
import sys
import threading

TYPE = "application/vnd.kafka.v2+json"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", TYPE)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Type") != "application/vnd.kafka.json.v2+json" or not self.path.startswith("/bridge/topics/"):
            self.answer(404, {"error_code": 404, "message": "no such resource"})
            return
        with server.lock:
            if server.refuse > 0:
                server.refuse -= 1
                status, answer = 500, {"error_code": 500, "message": "not yet"}
            else:
                status, answer = self.take(json.loads(body)["records"])
        self.answer(status, answer)

    def take(self, records):
        server = self.server
        offsets = []
        for record in records:
            if set(record) - {"key", "value", "headers", "partition"}:
                return 422, {"error_code": 422, "message": "unknown property"}
            line = {"topic": self.path.rsplit("/", 1)[1], "key": json.dumps(record["key"]), "value": json.dumps(record["value"], separators=(",", ":")),
                    "headers": [[each["key"], base64.b64decode(each["value"], validate=True).decode()] for each in record["headers"]]}
            server.records.write(json.dumps(line) + "\n")
            offsets.append({"partition": 0, "offset": server.offset})
            server.offset += 1
        return 200, {"offsets": offsets}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("records")
    arguments.add_argument("--refuse", type=int, default=0)
    options = arguments.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.records = open(options.records, "a", buffering=1)
    server.refuse = options.refuse
    server.offset = 0
    server.lock = threading.Lock()
    print(json.dumps({"message": "listening", "for": "http", "address": "127.0.0.1:%d" % server.server_port}, separators=(",", ":")), file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
