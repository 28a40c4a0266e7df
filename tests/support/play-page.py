#!/usr/bin/python3
"""Plays the game in Chromium as on a phone: some volleys with the finger, then with the auto-clicker.

    play-page.py URL FOLDER

Takes FOLDER/play-start.png, play-fair.png, play-light.png and play-dark.png, and prints what it saw as one object of JSON.
"""
import json
import sys
import time

from browser import Keys, browser, in_folder

SHOWN = """
const text = (id) => document.getElementById(id).textContent;
return {
    who: text("who"), verdict: document.getElementById("verdict").dataset.verdict, title: text("verdict-title"), detail: text("verdict-detail"),
    volleys: [...document.querySelectorAll("#volleys li")].map((box) => ({ hits: Number(box.textContent), state: box.dataset.state || "" })),
};
"""

# The target's place when it is there: the finger goes where it is seen.
TARGET = """
const target = document.getElementById("target");
if (target.hidden) return null;
const { left, top, width, height } = target.getBoundingClientRect();
return [left + width / 2, top + height / 2];
"""


def tap(page):
    place = page.run(TARGET)
    if not place:
        return
    for kind in ("touchStart", "touchEnd"):
        points = [{"x": place[0], "y": place[1]}] if kind == "touchStart" else []
        page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def judged(shown, verdict):
    return [box["hits"] for box in shown["volleys"] if box["state"] == verdict]


def play(page, what, is_enough, hit=tap):
    """Hits each target until it is enough."""
    def step():
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            hit(page)
        return is_enough(page.run(SHOWN))
    page.until(what, step)
    return page.run(SHOWN)


def main():
    url, folder = sys.argv[1:]
    with browser() as page:
        page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
        page.look("light", 360, 740)
        page.open(url + "play")
        page.until("a name", lambda: page.run("return !document.getElementById('start').disabled"))
        page.picture(in_folder(folder, "play-start"))
        seen = {"joined": page.run(SHOWN)}
        page.click("#start")
        seen["fair"] = play(page, "two fair verdicts", lambda shown: len(judged(shown, "fair")) >= 2)
        page.picture(in_folder(folder, "play-fair"))
        page.click("#cheat")
        page.until("two cheating verdicts", lambda: len(judged(page.run(SHOWN), "cheating")) >= 2)
        seen["cheating"] = page.run(SHOWN)
        page.picture(in_folder(folder, "play-light"))
        seen["wider"] = page.sticking_out()
        page.look("dark", 360, 740)
        page.picture(in_folder(folder, "play-dark"))
        page.look("light", 360, 740)
        page.until("the end of the game", lambda: page.text("#start") == "Play again")
        seen["end"] = page.run(SHOWN)
        page.open(url + "play")  # comes back: the cookie is who one is
        page.until("a name again", lambda: page.run("return !document.getElementById('start').disabled") and page.run(SHOWN)["verdict"] == "cheating")
        seen["again"] = page.run(SHOWN)
        # Without a pointer: Tab leads to Play, and the space bar hits.
        page.press(Keys.TAB)
        seen["focused"] = page.run("return document.activeElement.id")
        page.press(Keys.ENTER)
        page.until("a game", lambda: page.run("return document.getElementById('field').dataset.state === 'playing'"))
        seen["keys"] = play(page, "a volley by keys", lambda shown: judged(shown, "fair"), lambda page: page.press(" "))
        seen["console"] = page.console()
        seen["asked"] = page.asked()
        print(json.dumps(seen))


if __name__ == "__main__":
    main()
