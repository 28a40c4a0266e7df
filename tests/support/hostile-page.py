#!/usr/bin/python3
"""Looks at a board on which a flagged player has markup for a name, and says what became of it: hostile-page.py URL."""
import json
import sys

from browser import browser

NAME = "<img src=x onerror=hacked=1>"


def main():
    with browser() as page:
        page.look("light", 1280, 720)
        page.open(sys.argv[1])
        page.until("the player on the list", lambda: NAME in page.texts("#flagged strong"))
        page.find("#search").send_keys("onerror")
        page.until("its row alone", lambda: len(page.texts("#players tr")) == 1)
        seen = {"flagged": NAME in page.texts("#flagged strong"), "row": page.text("#players td").startswith(NAME)}
        page.run("[...document.querySelectorAll('#flagged button')].find((each) => each.querySelector('strong').textContent === arguments[0]).click()", NAME)
        page.until("the event", lambda: page.run("return document.querySelector('#inspector[open] .http') !== null"))
        seen["title"] = page.text("#inspector-title").split(" ")[0]
        seen["data"] = page.text(".http")
        seen["made"] = page.run("return document.querySelectorAll('[onerror], main script, dialog script').length")
        seen["hacked"] = page.run("return typeof hacked !== 'undefined'")
        seen["console"] = page.console()
        print(json.dumps(seen))


if __name__ == "__main__":
    main()
