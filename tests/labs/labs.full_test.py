#!/usr/bin/env python3
"""Runs the labs of docs/labs as a reader would: each box of a lab in one shell, in their order, and what comes back against the box below.

A box is a fence: ```sh is typed, ```text directly behind it is what has to come back (… stands for anything). ```sh look is typed again until
it does, for a minute: what only looks may be repeated. Every lab has a network namespace and process ids of its own, so the ports that it
names are free and nothing outlives it. Prints TAP.
"""
import os
import re
import selectors
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LABS = os.path.join(ROOT, "docs", "labs")
PATIENCE = 60  # seconds, of a box that looks
LIMIT = 120  # seconds, of what is typed once
BOX = re.compile(r"^```(sh|sh look)\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
SHELL = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", "ip link set lo up && exec bash --norc"]


def skipped():
    if os.path.realpath(os.environ.get("BUILD", os.path.join(ROOT, "build"))) != os.path.join(ROOT, "build"):
        return "the labs speak of the folder build"
    if subprocess.run(["unshare", "--net", "--pid", "--fork", "--mount-proc", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        return "no namespaces here"
    return None


def matches(expected, output):
    pattern = ".*".join(re.escape(part.strip("\n")) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, output.strip(), re.DOTALL) is not None


class Shell:
    """One bash, in which everything of a lab is typed."""

    def __init__(self):
        environment = {name: value for name, value in os.environ.items() if name not in ("BUILD", "KAFKA", "PORT", "LAN", "DURATION", "RATE", "SEED")}
        self.process = subprocess.Popen(SHELL, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.boxes = 0
        self.type("set -m; exec 2>/dev/null")

    def type(self, text):
        """What came back until the prompt, so to speak."""
        self.boxes += 1
        end = b"end of box %d\n" % self.boxes
        # Read as a whole before any of it runs: no program finds the next commands on its standard input.
        self.process.stdin.write(b"{\n%s\n} </dev/null\nprintf '%s'\n" % (text.encode(), end.replace(b"\n", b"\\n")))
        self.process.stdin.flush()
        output = b""
        until = time.monotonic() + LIMIT
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not output.endswith(end):
                if not selector.select(until - time.monotonic()):
                    raise RuntimeError("not done within %d s:\n%s\n%s" % (LIMIT, text, output.decode(errors="replace")))
                part = os.read(self.process.stdout.fileno(), 65536)
                if not part:
                    raise RuntimeError("the shell has gone:\n%s\n%s" % (text, output.decode(errors="replace")))
                output += part
        return output[: -len(end)].decode(errors="replace")

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def run_box(shell, kind, text, expected):
    """What is wrong, or None."""
    tries = PATIENCE * 2 if kind == "sh look" else 1
    for attempt in range(tries):
        output = shell.type(text + ("sleep 0.5\n" if attempt else ""))
        if expected is None or matches(expected, output):
            return None
    return "typed:\n%s\ncame back:\n%s\nexpected:\n%s" % (text, output, expected)


def main():
    labs = sorted(name for name in os.listdir(LABS) if re.match(r"\d", name))
    reason = skipped()
    number = failed = 0
    for name in labs:
        with open(os.path.join(LABS, name)) as file:
            boxes = BOX.findall(file.read())
        if not boxes:
            continue
        number += 1
        title = "every box of %s gives what it says" % name
        if reason:
            print("ok %d - %s # skip %s" % (number, title, reason))
            continue
        shell = Shell()
        try:
            wrong = next(filter(None, (run_box(shell, kind, text, expected or None) for kind, text, expected in boxes)), None)
        except RuntimeError as problem:
            wrong = str(problem)
        finally:
            shell.close()
        failed += bool(wrong)
        print("%s %d - %s" % ("not ok" if wrong else "ok", number, title))
        for line in (wrong or "").splitlines():
            print("# " + line)
        sys.stdout.flush()
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
