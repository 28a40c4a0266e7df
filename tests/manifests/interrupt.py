#!/usr/bin/python3
"""Stops a command in the middle, as Ctrl-C does at a terminal.

    interrupt.py SIGNAL TEXT COMMAND…

Runs COMMAND in a process group of its own. When a line of its output contains TEXT, SIGNAL goes to the whole group (INT, which is what a terminal
does; twice, as an impatient person does) or to the command alone (any other). Passes the output on, and ends with COMMAND's exit status, or with
125 where it ended without having said TEXT.
"""
import os
import signal
import subprocess
import sys

word, text, command = sys.argv[1], sys.argv[2], sys.argv[3:]
number = getattr(signal, "SIG" + word)
# A shell that starts something in the background has it ignore SIGINT, and what is ignored at the start cannot be trapped.
signal.signal(signal.SIGINT, signal.SIG_DFL)
process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
sent = False
for line in process.stdout:
    sys.stdout.write(line)
    if not sent and text in line:
        sent = True
        if number == signal.SIGINT:
            os.killpg(process.pid, number)
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
status = process.wait()
if not sent:
    print("ended before it said: " + text)
sys.exit((128 - status if status < 0 else status) if sent else 125)
