#!/usr/bin/python3
"""Looks at the dead letters of a board: letters-page.py URL FOLDER. Takes FOLDER/board-letters.png and board-letter.png, prints what it saw."""
import json
import sys

from browser import browser, in_folder


def main():
    url, folder = sys.argv[1:]
    with browser() as page:
        page.look("light", 1280, 720)
        page.open(url)
        page.until("a dead letter", lambda: page.run("return !document.getElementById('dead').disabled"))
        seen = {"says": page.text("#dead")}
        page.click("#dead")
        page.until("the list", lambda: page.texts("#inspector .letters button"))
        seen["list"] = page.texts("#inspector .letters button")
        page.picture(in_folder(folder, "board-letters"))
        page.click("#inspector .letters button")
        page.until("the letter", lambda: page.texts("#inspector dd"))
        page.picture(in_folder(folder, "board-letter"))
        seen["title"] = page.text("#inspector-title")
        seen["terms"] = dict(zip(page.texts("#inspector dt"), page.texts("#inspector dd")))
        seen["blocks"] = page.texts("#inspector pre")
        seen["made"] = page.run("return document.querySelectorAll('[onerror], dialog script').length")
        seen["console"] = page.console()
        print(json.dumps(seen))


if __name__ == "__main__":
    main()
