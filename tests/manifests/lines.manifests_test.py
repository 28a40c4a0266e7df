"""How much one has to say for the same function with Knative and without; README and docs/TALK.md quote the numbers. Prints TAP."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from objects import DEPLOY, ROOT  # noqa: E402
from tap import finish, tell  # noqa: E402

PLAIN = ("deployment", "service", "route", "autoscaler")
TALK = {"Deployment": 30, "Deployment and Service": 51, "Deployment, Service and Route": 66, "Knative Service": 22}


def lines(path):
    """Lines that say something: no blank ones, no comments, no separators."""
    with open(os.path.join(DEPLOY, "patterns", path)) as file:
        return sum(1 for line in file if line.strip() and not line.strip().startswith("#") and not line.startswith("---"))


def main():
    counts = [lines("plain-kubernetes/%s.yaml" % name) for name in PLAIN]
    sums = [sum(counts[:index + 1]) for index in range(len(counts))]
    knative = lines("knative-service/function.yaml")
    today = dict(zip(("Deployment", "Deployment and Service", "Deployment, Service and Route", "Deployment, Service, Route and autoscaler"), sums), **{"Knative Service": knative})
    for name, count in today.items():
        print("# %-42s %3d lines%s" % (name, count, " (the talk: %d)" % TALK[name] if name in TALK else ""))
    tell(knative < min(sums), "the Knative Service is the shortest")
    quote = "%d lines against %d" % (knative, sums[-1])
    for path in ("README.md", "docs/TALK.md"):
        with open(os.path.join(ROOT, path)) as file:
            quoted = quote in " ".join(file.read().split())
        tell(quoted, "%s quotes today's numbers" % path, [] if quoted else ["expected: " + quote])
    finish()


main()
