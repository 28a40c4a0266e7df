"""Alerts and dashboard: promtool plays the alerts, accepts every query, and each names metrics and labels that the programs have. Prints TAP."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import yaml  # noqa: E402
from objects import DEPLOY, ROOT  # noqa: E402
from tap import finish, tell  # noqa: E402

FOLDER = os.path.join(DEPLOY, "extras/monitoring")
PROMETHEUS_LABELS = {"pod", "le"}  # what a scrape and a histogram add
PROMTOOL = shutil.which("promtool")


def known_metrics():
    """{name: labels} of the programs' reference pages, a histogram by the names of its series."""
    metrics = {}
    for path in glob.glob(os.path.join(ROOT, "docs/reference/*.md")):
        with open(path) as file:
            for name, kind, labels in re.findall(r"^\| `(umpire_\w+)` \| (\w+) \| (.*?) \|", file.read(), re.MULTILINE):
                for series in [name + end for end in ("_bucket", "_sum", "_count")] if kind == "histogram" else [name]:
                    metrics[series] = set(re.findall(r"`(\w+)`", labels))
    return metrics


def unknown(query, metrics):
    """The metrics and labels of a query that no program has."""
    names = set(re.findall(r"\bumpire_\w+", query))
    labels = set().union(PROMETHEUS_LABELS, *(metrics.get(name, ()) for name in names))
    used = set(re.findall(r"[{,]\s*(\w+)\s*(?:=~|!=|!~|=)", query))
    for group in re.findall(r"\b(?:by|without)\s*\(([^)]*)\)", query):
        used |= {label.strip() for label in group.split(",") if label.strip()}
    return [name for name in names if name not in metrics] + [label for label in used if label not in labels]


def queries():
    """(where, query) of all alerts and panels."""
    with open(os.path.join(FOLDER, "alerts.yaml")) as file:
        for group in yaml.safe_load(file)["spec"]["groups"]:
            for rule in group["rules"]:
                yield rule["alert"], rule["expr"]
    with open(os.path.join(FOLDER, "dashboard.json")) as file:
        for panel in json.load(file)["panels"]:
            for target in panel["targets"]:
                yield panel["title"], target["expr"]


def promtool(*arguments):
    done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True)
    return done.returncode == 0, (done.stdout + done.stderr).splitlines()


def main():
    metrics = known_metrics()
    everything = list(queries())
    wrong = ["%s: %s: no program has %s" % (where, query, ", ".join(unknown(query, metrics))) for where, query in everything if unknown(query, metrics)]
    tell(len(metrics) > 30 and not wrong, "alerts and dashboard name metrics and labels that the programs have", wrong)
    tell(unknown("sum by (klass) (umpire_lags)", metrics) == ["umpire_lags", "klass"], "a name that no program has is caught")
    with open(os.path.join(FOLDER, "alerts.yaml")) as file:
        groups = yaml.safe_load(file)["spec"]["groups"]
    with open(os.path.join(ROOT, "docs/OPERATIONS.md")) as file:
        headings = set(re.findall(r"^#+ (.*)$", file.read(), re.MULTILINE))
    lost = [rule["alert"] for rule in groups[0]["rules"] if rule["annotations"]["action"].partition(", ")[2] not in headings]
    tell(not lost, "each alert points at a section of docs/OPERATIONS.md", lost)
    with open(os.path.join(ROOT, "tests/manifests/alerts.yaml")) as file:
        played = yaml.safe_load(file)
    fired = [each["alertname"] for each in played["tests"][1]["alert_rule_test"] if each["exp_alerts"]]
    tell(fired == [rule["alert"] for rule in groups[0]["rules"]], "each alert is played")
    with tempfile.TemporaryDirectory() as folder:
        rules, panels = os.path.join(folder, "rules.yaml"), os.path.join(folder, "panels.yaml")
        with open(rules, "w") as file:
            yaml.safe_dump({"groups": groups}, file)
        with open(panels, "w") as file:
            yaml.safe_dump({"groups": [{"name": "all", "rules": [{"record": "query:%d" % number, "expr": query} for number, (_, query) in enumerate(everything)]}]}, file)
        shutil.copy(os.path.join(ROOT, "tests/manifests/alerts.yaml"), folder)
        skip = None if PROMTOOL else "no promtool: Debian's prometheus has it"
        for name, arguments in (("every query is PromQL", ("check", "rules", "--lint=none", rules, panels)), ("each alert fires when it should, and only then", ("test", "rules", os.path.join(folder, "alerts.yaml")))):
            ok, said = promtool(*arguments) if PROMTOOL else (True, [])
            tell(ok, name, [] if ok else said, skip)
    finish()


main()
