#!/usr/bin/python3
"""Has axe-core look at a page in Chromium, by day and by night, and at its dialogs.

    axe-page.py AXE URL [SELECTOR…]      SELECTOR: what opens a dialog, which is looked at too

Prints the serious and critical findings as an array of JSON: where, which rule, and which elements.
"""
import json
import pathlib
import sys

from browser import browser

LOOK = "const done = arguments[0]; axe.run(document, { resultTypes: ['violations'] }).then((found) => done(found.violations), (error) => done([{ id: String(error), impact: 'critical', nodes: [] }]));"


def findings(page, where):
    return [{"where": where, "rule": each["id"], "impact": each["impact"],
             "elements": [{"html": node["html"][:160], "why": node.get("failureSummary", "")[:300]} for node in each["nodes"][:5]]}
            for each in page.driver.execute_async_script(LOOK) if each["impact"] in ("serious", "critical")]


def main():
    axe, url, *dialogs = sys.argv[1:]
    found = []
    with browser() as page:
        for scheme in ("light", "dark"):
            page.look(scheme, 1280, 720)
            page.open(url)
            page.until("a page that is there", lambda: page.run("return document.querySelector('[data-state=live], #start:not([disabled])') !== null"))
            page.until("what it shows", lambda: page.run("return !document.getElementById('flagged') || document.querySelectorAll('#flagged li').length > 0"))
            page.run(pathlib.Path(axe).read_text(encoding="utf-8"))
            found += findings(page, scheme)
            for selector in dialogs:
                page.click(selector)
                page.until("the dialog of " + selector, lambda: page.run("return document.querySelector('dialog[open]') !== null"))
                page.until("its content", lambda: page.run("const body = document.querySelector('dialog[open] #inspector-body'); return !body || body.querySelector('.http, .letters') !== null"))
                found += findings(page, scheme + ", " + selector)
                page.run("document.querySelector('dialog[open]').close()")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
