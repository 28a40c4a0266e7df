#!/usr/bin/python3
"""Follows a board and a phone while the provider is killed and starts again.

    restart-page.py URL PID

Prints what it saw as one object of JSON.
"""
import json
import os
import signal
import sys

from browser import browser


# A page may be back before anybody looks: it keeps what it has been through.
WATCH = """
const node = document.getElementById(arguments[0]);
window.through = [];
new MutationObserver(() => through.push(node.dataset.state)).observe(node, { attributes: true });
"""


def has_been_lost(page):
    return page.run("return through.includes('lost')")


def link(page):
    return page.run("return document.getElementById('link').dataset.state")


def who(page):
    return page.run("const who = document.getElementById('who'); return who.dataset.state === 'in' ? who.textContent : null;")


def main():
    url, process = sys.argv[1], int(sys.argv[2])
    with browser() as page:
        page.look("light", 1280, 720)
        page.open(url)
        page.until("a live board", lambda: link(page) == "live" and page.texts("#flagged strong"))
        page.run(WATCH, "link")
        board = page.driver.current_window_handle
        page.driver.switch_to.new_window("window")
        page.open(url + "play")
        page.until("a name", lambda: who(page))
        page.run(WATCH, "who")
        phone = page.driver.current_window_handle
        seen = {"who": {"before": who(page)}}

        os.kill(process, signal.SIGKILL)
        page.until("a lost phone", lambda: has_been_lost(page))
        page.driver.switch_to.window(board)
        page.until("a lost board", lambda: has_been_lost(page))
        seen["lost"] = True
        page.until("a live board again", lambda: link(page) == "live" and page.texts("#flagged strong"))
        seen["live"] = True
        seen["flagged"] = page.texts("#flagged strong")

        page.driver.switch_to.window(phone)
        page.until("the same name", lambda: who(page))
        seen["who"]["after"] = who(page)
        page.click("#cheat")
        page.click("#start")
        page.until("a verdict", lambda: page.run("return document.getElementById('verdict').dataset.verdict") == "cheating")
        seen["verdict"] = page.run("return document.getElementById('verdict').dataset.verdict")
        seen["console"] = page.console()
        print(json.dumps(seen))


if __name__ == "__main__":
    main()
