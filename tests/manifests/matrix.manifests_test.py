"""Every overlay with every pattern, and every extra: it renders, its objects are valid, and what must hold between them holds. Prints TAP."""
import concurrent.futures
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import environment  # noqa: E402
from objects import DEPLOY, Finding, Schemas, build, folders, render  # noqa: E402
from rules import RULES  # noqa: E402
from tap import finish, tell  # noqa: E402

NAMESPACED_ONLY = ("sandbox",)


def scope(schemas, where, things):
    for thing in things:
        if schemas.cluster_scoped(thing):
            yield Finding(where, thing, "kind", "needs rights beyond the namespace")


def fitting(extra, kind):
    """The patterns or overlays that an extra says it is for; else the plainest pattern, and all overlays."""
    with open(os.path.join(DEPLOY, "extras", extra, "kustomization.yaml")) as file:
        found = re.search("^# %s: (.*)$" % kind, file.read(), re.MULTILINE)
    return found[1].split() if found else ["source-to-sink"] if kind == "patterns" else folders(kind)


def matrix():
    """(overlay, pattern, extras): every overlay with every pattern; then each extra on each of its overlays, with each of its patterns on one."""
    for overlay in folders("overlays"):
        for pattern in folders("patterns"):
            yield overlay, pattern, ""
    for extra in folders("extras"):
        overlays, patterns = fitting(extra, "overlays"), fitting(extra, "patterns")
        for overlay in overlays:
            for pattern in patterns if overlay == overlays[0] else patterns[:1]:
                yield overlay, pattern, extra
    together = [extra for extra in folders("extras") if "source-to-sink" in fitting(extra, "patterns") and "kind" in fitting(extra, "overlays")]
    yield "kind", "source-to-sink", " ".join(together)


def rendered(combination):
    try:
        return render(*combination)
    except RuntimeError as error:
        return error


def main():
    schemas = Schemas()
    combinations = list(matrix())
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        everything = list(pool.map(rendered, combinations))
    for (overlay, pattern, extras), things in zip(combinations, everything):
        where = "%s/%s%s" % (overlay, pattern, "".join(" + " + extra for extra in extras.split()))
        if isinstance(things, RuntimeError):
            tell(False, where + " renders", [things])
            continue
        if schemas.folder:
            findings = list(schemas.check(where, things))
            if overlay in NAMESPACED_ONLY:
                findings += scope(schemas, where, things)
            tell(not findings, where + " is valid under the schemas", findings)
        else:
            tell(True, where + " is valid under the schemas", skip="no schemas: set CRDS to their folder")
        findings = [finding for rule in RULES for finding in rule(where, things)]
        tell(not findings, where + " holds together", findings)
    for platform in folders("platform"):
        things = build(os.path.join("deploy/platform", platform))
        findings = list(schemas.check(platform, things))
        tell(not findings, "platform " + platform + " is valid under the schemas", findings, None if schemas.folder else "no schemas: set CRDS to their folder")
    said = environment.redrive(render("kind", "source-to-sink"))
    tell(not said, "what docs/OPERATIONS.md runs in the adapter's pod is accepted there", [said])
    tell(True, "the programs accept their environments", skip=None if environment.built() else "the programs are not built")
    finish()


main()
