#!/usr/bin/env python3
"""startup.py TIMES COMMAND…: starts it that often, and prints how long it took from exec to READY=1 (NOTIFY_SOCKET) and the resident memory
then: best and median in milliseconds, and KiB."""
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

times, command = int(sys.argv[1]), sys.argv[2:]
ready, memory = [], []
with tempfile.TemporaryDirectory() as folder:
    path = folder + "/notify"
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(path)
    notify.settimeout(20)
    for _ in range(times):
        begin = time.monotonic()
        with subprocess.Popen(command, env=dict(os.environ, NOTIFY_SOCKET=path), stderr=subprocess.DEVNULL) as process:
            while b"READY=1" not in notify.recv(4096):
                pass
            ready.append((time.monotonic() - begin) * 1000)
            with open(f"/proc/{process.pid}/status") as status:
                memory.append(int(next(line for line in status if line.startswith("VmRSS")).split()[1]))
            process.send_signal(signal.SIGTERM)
            if process.wait() != 0:
                sys.exit("exit status %d" % process.returncode)
            notify.setblocking(False)
            try:
                while True:
                    notify.recv(4096)
            except BlockingIOError:
                notify.settimeout(20)
print(f"ready_ms_best={min(ready):.1f} ready_ms_median={statistics.median(ready):.1f} rss_kib_median={statistics.median(memory):.0f}")
