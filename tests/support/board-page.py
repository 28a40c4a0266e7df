#!/usr/bin/python3
"""Opens a board in Chromium as a visitor would, and says what it saw.

    board-page.py URL FOLDER

Waits until flagged players are there and the plots are drawn, looks into an event, searches, takes FOLDER/board-light.png, board-dark.png,
board-phone.png and board-event.png, and prints one object of JSON. Exit status 1 where the page does not come that far.
"""
import json
import sys

from browser import browser, in_folder

PICTURES = (("board-light", "light", 1280, 720), ("board-dark", "dark", 1280, 720), ("board-phone", "light", 360, 740), ("board-wide", "dark", 1920, 1080))

SHOWN = """
const plotted = (id) => Chart.getChart(id).data.datasets[0].data.filter((point) => !Number.isNaN(point.y)).length;
const text = (id) => document.getElementById(id).textContent;
return {
    link: document.getElementById("link").dataset.state,
    flagged: [...document.querySelectorAll("#flagged strong")].map((node) => node.textContent),
    flagged_count: text("flagged-count"), hits: text("hit-rate"), verdicts: text("verdict-count"), lag: text("lag"), function: text("function-state"),
    lanes: [...document.querySelectorAll(".lane")].map((lane) => lane.querySelectorAll(".record").length),
    colours: new Set([...document.querySelectorAll(".record")].map((record) => record.style.getPropertyValue("--hue"))).size,
    stages: [...document.querySelectorAll(".stage")].map((stage) => stage.id + ":" + stage.dataset.state),
    rows: document.querySelectorAll("#players tr").length, tape: document.querySelectorAll("#tape li").length,
    rates: plotted("rate-plot"), latencies: plotted("latency-plot"), p50: text("p50"), p99: text("p99"),
    play: document.getElementById("join-link").href, code: document.getElementById("code").naturalWidth,
};
"""

EVENT = """
const pairs = (list) => Object.fromEntries([...list.querySelectorAll("dt")].map((name) => [name.textContent, name.nextElementSibling.textContent]));
const lists = [...document.querySelectorAll("#inspector-body dl")];
const [attributes, kafka] = [lists[0], lists.at(-1)];
return {
    title: document.getElementById("inspector-title").textContent, attributes: pairs(attributes), kafka: pairs(kafka),
    http: document.querySelector("#inspector-body .http").textContent,
    hops: [...document.querySelectorAll(".hops li")].map((hop) => hop.querySelector("b").textContent + " " + hop.className),
};
"""

# What does not fit into its stage where figures are as long as they get; the next frame shows the real ones again.
CUT = """
for (const [id, text] of Object.entries({ "hit-rate": "2,000", lag: "12,345", "function-state": "asleep", "verdict-count": "88,888", "cheating-count": "12,345", dead: "999 dead letters" }))
    document.getElementById(id).textContent = text;
document.getElementById("function").dataset.state = "asleep";
return [...document.querySelectorAll(".stage .figure, .stage .detail, .lane p")].filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.textContent);
"""


def is_ready(shown):
    return shown["link"] == "live" and len(shown["flagged"]) >= 2 and shown["rates"] >= 3 and shown["latencies"] >= 3 and shown["rows"] > 5


def search(page, word):
    field = page.find("#search")
    field.clear()
    field.send_keys(word)
    page.until("the rows for " + word, lambda: page.run("""return [...document.querySelectorAll("#players tr")].every((row) => row.textContent.toLowerCase().includes(arguments[0]))""", word))
    found = page.texts("#players tr")
    field.send_keys("\b" * len(word))
    return found


def main():
    url, folder = sys.argv[1:]
    with browser() as page:
        page.look("light", 1280, 720)
        page.open(url)
        page.until("a board with all there is", lambda: is_ready(page.run(SHOWN)))
        seen = page.run(SHOWN)
        seen["found"] = search(page, seen["flagged"][0].lower())
        page.click("#flagged li:first-child button")
        page.until("the event", lambda: page.run("return document.querySelectorAll('#inspector[open] .http').length") > 0)
        seen["event"] = page.run(EVENT)
        page.picture(in_folder(folder, "board-event"))
        page.click("#inspector button")
        seen["wider"], seen["cut"] = {}, {}
        for name, *how in PICTURES:
            page.look(*how)
            page.run("scrollTo(0, 0); document.activeElement.blur();")
            page.until("the plots in this size", lambda: page.run("return document.getElementById('rate-plot').getBoundingClientRect().width <= innerWidth"))
            page.picture(in_folder(folder, name))
            seen["wider"][name] = page.sticking_out()
            seen["cut"][name] = page.run(CUT)
        seen["console"] = page.console()
        seen["asked"] = page.asked()
        print(json.dumps(seen))


if __name__ == "__main__":
    main()
