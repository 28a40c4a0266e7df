#!/usr/bin/env python3
"""half_request.py ADDRESS SENT GO: sends a request without its last byte, creates the file SENT, sends the rest when the file GO is there,
and prints the answer."""
import os
import socket
import sys
import time

host, port = sys.argv[1].rsplit(":", 1)
body = b'{"match":"m-1","player":"p-1","hits":11}'
request = (
    b"POST / HTTP/1.1\r\nHost: test\r\nce-specversion: 1.0\r\nce-id: 1\r\nce-source: /s\r\nce-type: game.hits\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
)
with socket.create_connection((host, int(port)), timeout=20) as connection:
    connection.sendall(request[:-1])
    time.sleep(0.1)  # for the server to have seen it
    open(sys.argv[2], "w").close()
    while not os.path.exists(sys.argv[3]):
        time.sleep(0.01)
    connection.sendall(request[-1:])
    answer = b""
    while chunk := connection.recv(65536):
        answer += chunk
        if b"\r\n\r\n" in answer and b'"event"' in answer:
            break
    sys.stdout.buffer.write(answer)
