#!/usr/bin/python3
"""Uses the speaker's controls in Chromium: without a token, with a wrong one, with the right one.

    speaker-page.py URL TOKEN FOLDER

Prints what it saw as one object of JSON; takes FOLDER/board-speaker.png.
"""
import json
import sys

from browser import browser, in_folder


def said(page):
    return page.text("#speaker-said")


def unlock(page, token):
    page.find("#token").send_keys(token)
    page.click("#token-form button")


def press(page, selector, answer):
    page.click(selector)
    page.until(answer, lambda: said(page) == answer)


def main():
    url, token, folder = sys.argv[1:]
    seen = {}
    with browser() as page:
        page.look("light", 1280, 720)
        page.open(url)
        page.until("a live board with flagged players", lambda: page.run("return document.getElementById('link').dataset.state") == "live" and len(page.texts("#flagged strong")) >= 2)
        page.click("#speaker-open")
        seen["locked"] = page.run("return document.getElementById('controls').disabled")
        unlock(page, "not-the-token-at-all")
        page.until("a refusal", lambda: said(page) == "That is not the token.")
        seen["still_locked"] = page.run("return document.getElementById('controls').disabled")
        unlock(page, token)
        page.until("the controls", lambda: not page.run("return document.getElementById('controls').disabled") and page.texts("#scenarios button"))
        seen["scenarios"] = page.texts("#scenarios button")

        state = lambda: page.run("return fetch('/api/state').then((answer) => answer.json())")
        press(page, "#simulation-stop", "Paused.")
        page.until("a pause", lambda: state()["simulation"]["state"] == "paused")
        page.run("const slider = document.getElementById('rate'); slider.value = 55; for (const kind of ['input', 'change']) slider.dispatchEvent(new Event(kind));")
        page.until("another rate", lambda: state()["simulation"]["rate"] < 100 and said(page).endswith("hits a second."))
        press(page, "[data-scenario=burst]", "The scenario is burst.")
        page.until("the burst", lambda: state()["simulation"]["scenario"] == "burst")
        page.picture(in_folder(folder, "board-speaker"))
        press(page, "[data-scenario=cheaters]", "The scenario is cheaters.")
        press(page, "#simulation-start", "Running.")
        page.until("running", lambda: state()["simulation"]["state"] == "running")

        seen["before"] = {"flagged": page.texts("#flagged strong"), "number": state()["round"]["number"]}
        press(page, "#simulation-stop", "Paused.")
        press(page, "#round-new", "A new round begins in a moment.")
        page.until("a cleared board", lambda: state()["round"]["number"] == 2 and not page.texts("#flagged strong, #players tr"))
        seen["cleared"] = {"verdicts": page.text("#verdict-count"), "rows": len(page.texts("#players tr"))}
        press(page, "#simulation-start", "Running.")
        page.click("#speaker header button")
        page.until("flagged players of the new round", lambda: page.texts("#flagged strong"))
        page.run("const select = document.getElementById('round'); select.value = '1'; select.dispatchEvent(new Event('change'));")
        page.until("the round before", lambda: page.text("#link").startswith("round 1") and len(page.texts("#flagged strong")) >= len(seen["before"]["flagged"]))
        seen["past"] = page.texts("#flagged strong")
        page.run("const select = document.getElementById('round'); select.value = '2'; select.dispatchEvent(new Event('change'));")
        page.until("the present round", lambda: page.text("#link") == "live" and page.texts("#flagged strong"))

        name = page.texts("#flagged strong")[0]
        page.click("#speaker-open")
        player = page.run("return [...document.querySelectorAll('#hide-player option')].find((option) => option.textContent.startsWith(arguments[0])).value", name)
        page.run("document.getElementById('hide-player').value = arguments[0]", player)
        press(page, "#hide", player + " is hidden.")
        page.until("one less", lambda: name not in page.texts("#flagged strong"))
        seen["hidden"] = player
        page.until("a table without", lambda: not any(name in row for row in page.texts("#players tr")))
        seen["shown"] = page.texts("#flagged strong") + page.texts("#players tr td:first-child") + page.texts("#tape li")
        seen["hidden_name"] = name
        seen["token_kept"] = page.run("return [location.href, document.cookie, localStorage.length]")
        seen["console"] = page.console()
        print(json.dumps(seen))


if __name__ == "__main__":
    main()
