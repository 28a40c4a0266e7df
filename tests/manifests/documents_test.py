"""What the documents tell a reader to type or to look at exists: targets, overlays, files, options, variables, metrics, alerts, objects. Prints TAP."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from objects import DEPLOY, MADE_SECRETS, ROOT, folders  # noqa: E402
from tap import finish, tell  # noqa: E402

DOCUMENTS = ["README.md", "CONTRIBUTING.md", *sorted(glob.glob("docs/*.md", root_dir=ROOT) + glob.glob("docs/labs/*.md", root_dir=ROOT)),
             *sorted(glob.glob("deploy/workshop/board/*.yaml", root_dir=ROOT))]
PROGRAMS = ("event-provider", "source-adapter", "audit-fn")
# What the operators make, beside what stands in our files.
MADE_BY_OTHERS = ("umpire-cluster-ca-cert", "umpire-kafka-bootstrap", *MADE_SECRETS)
# Words in capitals, and numbers, that stand for the reader's own.
STANDS_FOR = re.compile(r"…|^[A-Z]+$|-NN$|host|folder")


def read(path):
    with open(os.path.join(ROOT, path), errors="replace") as file:
        return file.read()


def everything(pattern):
    return {path: read(path) for path in glob.glob(pattern, root_dir=ROOT, recursive=True) if os.path.isfile(os.path.join(ROOT, path))}


def code(text):
    """What is set as code in a document: spans, and blocks with lines that end in a backslash joined."""
    blocks = re.findall(r"^```\w*[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    blocks += ["\n".join(line[4:] for line in block.splitlines()) for block in re.findall(r"(?:^    [^\n]*\n)+", prose, re.MULTILINE)]
    for block in blocks:
        yield from re.sub(r"\\\n\s*|(?<=\|)\n\s*", " ", block).splitlines()
    for span in re.findall(r"`([^`]+)`", re.sub(r"^    [^\n]*\n", "", prose, flags=re.MULTILINE)):
        yield " ".join(span.split())


MAKEFILE = read("Makefile")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
SCRIPTS = everything("deploy/bin/*")
VALUES = {"OVERLAY": folders("overlays"), "PATTERN": folders("patterns"), "WITH": folders("extras")}
REFERENCE = {program: read("docs/reference/%s.md" % program) for program in PROGRAMS}
OPTIONS = {program: set(re.findall(r"--[a-z][a-z-]*", text)) for program, text in REFERENCE.items()}
VARIABLES = {name for text in REFERENCE.values() for name in re.findall(r"\b(?:ADAPTER|PROVIDER|AUDIT)_[A-Z_]+", text)}
METRICS = {name for text in REFERENCE.values() for name in re.findall(r"\bumpire_\w+", text)}
TESTS = {os.path.basename(path) for path in glob.glob("tests/**/*", root_dir=ROOT, recursive=True)}
MANIFESTS = everything("deploy/**/*.yaml")
ALERTS = set(re.findall(r"alert: (\w+)", MANIFESTS["deploy/extras/monitoring/alerts.yaml"]))
NAMES = {name for text in MANIFESTS.values() for name in re.findall(r"^  name: ([\w-]+)$", text, re.MULTILINE)} | set(MADE_BY_OTHERS)
SETTINGS = set(re.findall(r"\$\{?\(?([A-Z_]+)\b", MAKEFILE + "".join(SCRIPTS.values()))) | set(re.findall(r"\b([A-Z]+)=", "".join(re.findall(r"^#:.*$", MAKEFILE, re.MULTILINE))))
HEADERS = set(re.findall(r"\bumpire_\w+", "".join(read(path) for path in glob.glob("source-adapter/*.c", root_dir=ROOT) + glob.glob("provider/*.[ch]", root_dir=ROOT))))


def of_make(line):
    """Targets, the names of their variables, and values that are folders."""
    for target, rest in re.findall(r"\bmake ([a-z][a-z-]*)((?: [A-Z]+=(?:'[^']*'|\S*))*)", line):
        if target not in TARGETS:
            yield "no target %s" % target
        for name, value in re.findall(r"([A-Z]+)=('[^']*'|\S*)", rest):
            if name not in SETTINGS:
                yield "nothing reads %s=" % name
            for each in value.strip("'").split() if name in VALUES else ():
                if each not in VALUES[name] and not STANDS_FOR.search(each):
                    yield "%s=%s: expected one of %s" % (name, each, ", ".join(VALUES[name]))


def of_scripts(line):
    for script, rest in re.findall(r"\bdeploy/bin/([a-z-]+)((?: [^|;]*)?)", line):
        if "deploy/bin/" + script not in SCRIPTS:
            yield "no deploy/bin/%s" % script
            continue
        for option in re.findall(r"(?<![\w-])--[a-z-]+", rest):
            if option not in SCRIPTS["deploy/bin/" + script]:
                yield "deploy/bin/%s has no %s" % (script, option)
        if script in ("render", "deploy", "undeploy", "doctor"):
            for word, kind in zip(rest.split(), ("overlays", "patterns")):
                if not word.startswith("--") and not STANDS_FOR.search(word) and word not in folders(kind):
                    yield "deploy/bin/%s %s: no such folder of %s" % (script, word, kind)


def of_programs(line):
    """Options behind a program's name are that program's."""
    for program in PROGRAMS:
        for rest in re.findall(r"(?<!deployment)(?:^|[\s/'\"])%s((?:\s+[^|;&]*)?)" % program, line):
            for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest):
                if option not in OPTIONS[program]:
                    yield "%s has no %s" % (program, option)


def of_names(line):
    for name in re.findall(r"\b(?:ADAPTER|PROVIDER|AUDIT)_[A-Z_]*[A-Z]\b(?!_)", line):
        if name not in VARIABLES and name.replace("_SOME_NAME", "") == name:
            yield "no program reads %s" % name
    for name in re.findall(r"\bumpire_[a-z_]+\b", line):
        if name not in METRICS | HEADERS:
            yield "no program has the metric or header %s" % name


def of_files(line):
    for path in re.findall(r"(?<![\w/.-])((?:deploy|docs|tests|common|provider|source-adapter|audit-fn|packages|components|platform|overlays|patterns)/[\w./*-]+)", line):
        path = path.rstrip(".")
        places = (path, "deploy/" + path, path.split("/")[0] + "/" + path)
        if not any(glob.glob(place, root_dir=ROOT) or glob.glob(place + ".*", root_dir=ROOT) for place in places):
            yield "no file %s" % path


def of_tests(line):
    """A test that a document names without its folder."""
    if re.fullmatch(r"[\w.-]+\.(bats|py)|[\w.-]+_test\.c", line) and line not in TESTS:
        yield "no test %s" % line


def of_kubectl(line):
    """Objects of the namespace umpire."""
    for verb, rest in re.findall(r"\b(?:kubectl|oc) (?:-n umpire )?(get|exec|logs|scale|patch|delete|set env|rollout \w+|port-forward) ([^|]*)", line):
        found = re.match(r"([a-z.]+)[/ ]([\w-]+)", rest)
        if found and found[1] in ("deployment", "service", "secret", "kafka", "ksvc", "configmap", "route") and found[2] not in NAMES:
            yield "no manifest has %s/%s" % (found[1], found[2])


CHECKS = (of_make, of_scripts, of_programs, of_names, of_files, of_tests, of_kubectl)


def objections(path, text):
    found = [said for line in code(text) for check in CHECKS for said in check(line)]
    found += ["no alert %s" % name for name in re.findall(r"\*(Umpire\w+)\*", text) if name not in ALERTS]
    return found


# Each check is seen to fail.
WRONG = (
    ("`make deply OVERLAY=kind`", "no target deply"),
    ("`make deploy OVERLAY=kindly`", "OVERLAY=kindly: expected one of"),
    ("    make deploy OVERLAY=kind WITH='keda monitors'\n", "WITH=monitors: expected one of"),
    ("    make deploy OVERLAYS=kind\n", "nothing reads OVERLAYS="),
    ("`deploy/bin/undeploi kind`", "no deploy/bin/undeploi"),
    ("    deploy/bin/kafka-secret kafka-adapter --boot-strap x \\\n      --usr u\n", "deploy/bin/kafka-secret has no --usr"),
    ("```sh\nbuild/source-adapter/source-adapter redrive --topic x\n```\n", "source-adapter has no --topic"),
    ("`ADAPTER_SKIPS`", "no program reads ADAPTER_SKIPS"),
    ("`umpire_lags`", "no program has the metric or header umpire_lags"),
    ("*UmpireStale*", "no alert UmpireStale"),
    ("`deploy/platform/kind/operator.list`", "no file deploy/platform/kind/operator.list"),
    ("`matrix.bats`", "no test matrix.bats"),
    ("    kubectl -n umpire get secret kafka-adaptor\n", "no manifest has secret/kafka-adaptor"),
)


def main():
    for path in DOCUMENTS:
        found = objections(path, read(path))
        tell(not found, "%s: what it names exists" % path, found)
    for text, expected in WRONG:
        found = objections("-", text)
        tell(any(expected in said for said in found), "caught: %s" % expected, found)
    finish()


main()
