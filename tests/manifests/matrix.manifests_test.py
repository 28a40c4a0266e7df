"""Every overlay with every pattern, and every extra: it renders, its objects are valid, and what must hold between them holds. Prints TAP."""
import concurrent.futures
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import environment  # noqa: E402
import kafka  # noqa: E402
from objects import DEPLOY, Finding, Schemas, build, folders, render, workshop  # noqa: E402
from rules import RULES  # noqa: E402
from tap import finish, tell  # noqa: E402

NAMESPACED_ONLY = ("sandbox", "workshop")


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


def numbered(rooms, things):
    """Each topic of attendee 02's is there, and each right that the parts need, as the parts of namespace umpire-02 name them."""
    theirs = [thing for thing in rooms if thing["metadata"]["name"].endswith("-02")]
    users = [dict(thing, metadata=dict(thing["metadata"], name=thing["metadata"]["name"][:-3])) for thing in theirs if thing["kind"] == "KafkaUser"]
    words = json.loads(json.dumps(things).replace("-07", "-02"))
    made = {thing["spec"]["topicName"] for thing in theirs if thing["kind"] == "KafkaTopic"}
    wanted = {value for key, value in kafka.names(words).items() if key in ("verdicts", "table", "dead-letters", "status", "candidate-verdicts")}
    if wanted != made:
        yield "topics: expected %s, found %s" % (sorted(wanted), sorted(made))
    for finding in kafka.rights("workshop", words + users):
        if finding.text != "Deployment/event-provider needs Write of topic game-hits":  # the instructor's game makes the hits
            yield finding
    if {"Namespace", "ResourceQuota", "LimitRange", "RoleBinding", "KafkaUser", "ConsoleQuickStart"} - {thing["kind"] for thing in rooms}:
        yield "a kind of object is missing"


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
    rooms = workshop(2)
    findings = list(schemas.check("workshop", rooms)) if schemas.folder else []
    tell(not findings, "a workshop's rooms are valid under the schemas", findings, None if schemas.folder else "no schemas: set CRDS to their folder")
    findings = list(numbered(rooms, render("workshop", "source-to-sink")))
    tell(not findings, "a workshop's rooms have what an attendee's manifests name", findings)
    said = [each for each in environment.by_hand(render("kind", "source-to-sink")) if each[1]] if environment.built() else []
    tell(not said, "what docs/OPERATIONS.md has one do with the adapter is accepted there", said)
    tell(True, "the programs accept their environments", skip=None if environment.built() else "the programs are not built")
    finish()


main()
