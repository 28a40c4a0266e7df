#!/usr/bin/python3
"""Plays the game in Chromium while answers to its volleys are lost, or are 503, each once.

    resend-page.py URL

Prints as one object of JSON: every volley that was sent ("sent": name and hits, in order), what the server answered where it was asked
("ids", by name), how the page shows its volleys at the end, and what the console said.
"""
import json
import sys

from browser import browser

# Every first try of an odd volley reaches the server, whose answer is lost; every first try of an even one is refused on its way.
FAULTS = """
window.volleys = { sent: [], ids: {} };
const ask = window.fetch;
window.fetch = async (path, options) => {
  if (path !== "/api/hits") return ask(path, options);
  const body = JSON.parse(options.body);
  const again = window.volleys.sent.some((each) => each.volley === body.volley);
  const lost = Number(body.volley.split("-").pop()) % 2;
  window.volleys.sent.push({ volley: body.volley, hits: body.hits });
  if (!again && !lost) return new Response("{}", { status: 503, headers: { "Retry-After": "1" } });
  const answer = await ask(path, options);
  (window.volleys.ids[body.volley] ??= []).push((await answer.clone().json()).id);
  if (!again) throw new TypeError("the answer was lost");
  return answer;
};
"""

SHOWN = """
return { ...window.volleys, boxes: [...document.querySelectorAll("#volleys li")].filter((box) => box.textContent).map((box) => box.dataset.state) };
"""


def main():
    with browser() as page:
        page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": FAULTS})
        page.look("light", 360, 740)
        page.open(sys.argv[1] + "play")
        page.until("a name", lambda: page.run("return !document.getElementById('start').disabled"))
        page.click("#cheat")
        page.click("#start")
        page.until("six verdicts", lambda: page.run(SHOWN)["boxes"].count("cheating") >= 6)
        seen = page.run(SHOWN)
        seen["console"] = page.console()
        print(json.dumps(seen))


if __name__ == "__main__":
    main()
