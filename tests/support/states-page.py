#!/usr/bin/python3
"""Follows what a board says of adapter and function: states-page.py URL.

Prints a line of JSON whenever that changes, and ends when its standard input does.
"""
import json
import select
import sys

from browser import browser

SHOWN = """
const stage = (id) => document.getElementById(id).dataset.state;
const text = (id) => document.getElementById(id).textContent;
return { function: stage("function"), word: text("function-state"), detail: text("function-detail"), adapter: stage("adapter"), says: text("adapter-state"), lag: text("lag") };
"""


def main():
    with browser() as page:
        page.look("light", 1280, 720)
        page.open(sys.argv[1])
        page.until("a live board", lambda: page.run("return document.getElementById('link').dataset.state") == "live" and page.text("#run") != "waiting for the first record")
        shown = None
        while not select.select([sys.stdin], [], [], 0.1)[0]:
            now = page.run(SHOWN)
            if now != shown:
                print(json.dumps(now), flush=True)
            shown = now


if __name__ == "__main__":
    main()
