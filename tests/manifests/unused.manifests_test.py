"""No file of deploy/ lies there for nothing: every manifest is part of a rendering, and every other file is named somewhere. Prints TAP."""
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import yaml  # noqa: E402
from objects import DEPLOY, ROOT  # noqa: E402
from tap import finish, tell  # noqa: E402

# Where a rendering begins: what render names, an overlay's `last`, a pattern's `before`, and the platform's folders.
STARTS = ("overlays/*", "overlays/*/last", "patterns/*", "patterns/*/before", "extras/*", "platform/*/*", "images/openshift", "workshop/*")

FOLDERS = ("base/", "components/", "extras/", "images/openshift/", "names/", "overlays/", "patterns/", "platform/", "workshop/")


def reached(folder, seen):
    """Every file that a kustomization leads to."""
    path = os.path.normpath(os.path.join(folder, "kustomization.yaml"))
    if path in seen or not os.path.exists(path):
        return
    seen.add(path)
    with open(path) as file:
        content = yaml.safe_load(file)
    named = [entry for field in ("resources", "components", "configurations") for entry in content.get(field) or []]
    named += [entry["path"] for field in ("patches", "replacements") for entry in content.get(field) or [] if "path" in entry]
    named += [entry.partition("=")[2] or entry for generator in content.get("configMapGenerator") or [] for entry in generator.get("files") or []]
    for entry in named:
        target = os.path.normpath(os.path.join(folder, entry))
        if os.path.isdir(target):
            reached(target, seen)
        else:
            seen.add(target)


def main():
    tracked = [os.path.join(ROOT, line) for line in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "deploy"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()]
    tracked = [path for path in tracked if os.path.exists(path) and not path.startswith(DEPLOY + "/laptop/")]
    seen = set()
    for start in STARTS:
        for folder in glob.glob(os.path.join(DEPLOY, start)):
            reached(folder, seen)
    manifests = [path for path in tracked if os.path.relpath(path, DEPLOY).startswith(FOLDERS) and not path.endswith((".list", ".sed"))]
    unused = [path for path in manifests if path not in seen]
    tell(not unused, "every manifest is part of a rendering", [os.path.relpath(path, ROOT) for path in unused])

    texts = {}
    for path in glob.glob(os.path.join(ROOT, "Makefile")) + tracked + glob.glob(os.path.join(ROOT, "tests/manifests/*")) + glob.glob(os.path.join(ROOT, "tests/e2e/*.bats")) + glob.glob(os.path.join(ROOT, "docs/*.md")):
        if os.path.isfile(path):
            with open(path, errors="replace") as file:
                texts[path] = file.read()
    others = [path for path in tracked if path not in manifests]
    unnamed = [path for path in others if not any(os.path.basename(path) in text for other, text in texts.items() if other != path)]
    tell(not unnamed, "every script, list and image file is named by what uses it", [os.path.relpath(path, ROOT) for path in unnamed])
    finish()


main()
