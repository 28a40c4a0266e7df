"""Every overlay with every pattern: it renders, its objects are valid, and what must hold between them holds. Prints TAP."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from objects import Finding, Schemas, build, folders, render  # noqa: E402
from rules import RULES  # noqa: E402
from tap import finish, tell  # noqa: E402


def sandbox_scope(schemas, where, things):
    for thing in things:
        if schemas.cluster_scoped(thing):
            yield Finding(where, thing, "kind", "needs rights beyond the namespace")


def main():
    schemas = Schemas()
    for overlay in folders("overlays"):
        for pattern in folders("patterns"):
            where = "%s/%s" % (overlay, pattern)
            try:
                things = render(overlay, pattern)
            except RuntimeError as error:
                tell(False, where + " renders", [error])
                continue
            if schemas.folder:
                findings = list(schemas.check(where, things))
                if overlay == "sandbox":
                    findings += sandbox_scope(schemas, where, things)
                tell(not findings, where + " is valid under the schemas", findings)
            else:
                tell(True, where + " is valid under the schemas", skip="no schemas: set CRDS to their folder")
            findings = [finding for rule in RULES for finding in rule(where, things)]
            tell(not findings, where + " holds together", findings)
    for platform in folders("platform"):
        things = build(os.path.join("deploy/platform", platform))
        findings = list(schemas.check(platform, things))
        tell(not findings, "platform " + platform + " is valid under the schemas", findings, None if schemas.folder else "no schemas: set CRDS to their folder")
    finish()


main()
