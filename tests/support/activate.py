#!/usr/bin/env python3
"""activate.py RUNS COMMAND…: holds a listening socket on a free port, starts COMMAND with it (LISTEN_FDS) at a connection, again after each
end, RUNS times; 0 as RUNS: until SIGTERM. Says "listening HOST:PORT", "run N ended with STATUS" on standard error."""
import os
import select
import signal
import socket
import sys

runs, command = int(sys.argv[1]), sys.argv[2:]
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
print("listening 127.0.0.1:%d" % listener.getsockname()[1], file=sys.stderr, flush=True)
child = 0


def end(_number, _frame):
    if child:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
    os._exit(0)


signal.signal(signal.SIGTERM, end)
run = 0
while runs == 0 or run < runs:
    select.select([listener], [], [])
    run += 1
    # SIGTERM finds a child that is ours, or none: not while one is made or taken away.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        if listener.fileno() == 3:
            os.set_inheritable(3, True)
        else:
            os.dup2(listener.fileno(), 3)
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
        os.execv(command[0], command)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    child = 0
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    print(f"run {run} ended with {status}", file=sys.stderr, flush=True)
    if status != 0:
        sys.exit(1)
