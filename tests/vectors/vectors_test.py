#!/usr/bin/env python3
"""Runs all cases of this folder, and those of the CloudEvents conformance project where they are at hand; prints TAP.

The latter are not ours and not in the repository: the folder vectors/cloudevents of SHARED (by default ../shared beside the checkout) has
valid-events.json, invalid-events.json, valid-batches.json and invalid-batches.json. Each of their cases becomes one in our form, with what
their documentation says that its sample event is. Where the folder is not there, they are skipped."""
import datetime
import glob
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RUNNER = os.path.join(ROOT, os.environ.get("BUILD", "build"), "tests/vectors/vectors")
SHARED = os.path.join(os.environ.get("SHARED", os.path.join(ROOT, "../shared")), "vectors/cloudevents")

CASES = {
    "valid-events.json": """validMinimal validMinimalWithNullForOptional validAllCoreAttributes validMinimalWithTimeUtc
        validMinimalWithTimeToNanosecondsUtc validMinimalWithTimeUsingPositiveOffset validMinimalWithTimeUsingNegativeOffset
        validRelativeSource validSimpleTextData validAllExtensionTypes""",
    "invalid-events.json": """invalidNoSpecVersion invalidNoId invalidNoType invalidNoSource invalidTimeGarbage invalidTimeToMinute
        invalidTimeOffsetX invalidTimeOffsetOutOfRange invalidTimeOffsetNonInteger invalidTimeOffsetHourOnly invalidEmptyId
        invalidEmptyType invalidEmptySource invalidEmptySpecVersion invalidUnknownSpecVersion invalidNonRfc2046DataContentType
        invalidEmptyDataContentType invalidEmptyDataSchema invalidEmptySubject invalidNumericId invalidObjectId
        invalidCapitalizedExtension invalidPunctuatedExtension invalidNonIntegerExtensionValue invalidBothDataAndDataBase64""",
    "valid-batches.json": """validBatchEmpty validBatchMinimal validBatchMinimal2 validBatchMinimalAndAllCore
        validBatchMinimalAndAllExtensionTypes""",
    "invalid-batches.json": """invalidBatchMixedSpecVersions invalidBatchContainingInvalidCloudEvent
        invalidBatchContainingNonObject""",
}
MINIMAL = {"specversion": "1.0", "id": "minimal", "type": "io.cloudevents.test", "source": "https://cloudevents.io"}
ALL_CORE = dict(MINIMAL, id="allCore", datacontenttype="text/plain", dataschema="https://cloudevents.io/dataschema", subject="tests",
                time="2018-04-05T17:31:00Z")
ALL_TYPES = dict(MINIMAL, id="allExtensionTypes", extinteger="10", extboolean="true", extstring="text", extbinary="TWE=",
                 exttimestamp="2023-03-31T15:12:00Z", exturi="https://cloudevents.io", exturiref="//authority/path")
SAMPLES = {
    "minimal": {"attributes": MINIMAL},
    "minimalWithTime": {"attributes": dict(MINIMAL, id="minimalWithTime", time="2018-04-05T17:31:00Z")},
    "minimalWithRelativeSource": {"attributes": dict(MINIMAL, id="minimalWithRelativeSource", source="#fragment")},
    "allCore": {"attributes": ALL_CORE},
    "simpleTextData": {"attributes": dict(MINIMAL, id="simpleTextData", datacontenttype="text/plain"), "data": "Simple text"},
    "allExtensionTypes": {"attributes": ALL_TYPES},
}
BATCHES = {
    "empty": [], "minimal": ["minimal"], "minimal2": ["minimal", "minimal"], "minimalAndAllCore": ["minimal", "allCore"],
    "minimalAndAllExtensionTypes": ["minimal", "allExtensionTypes"],
}
EXTENSIONS = {"extinteger": "integer", "extboolean": "boolean", "extstring": "string", "extbinary": "binary", "exttimestamp": "timestamp",
              "exturi": "uri", "exturiref": "uri-reference"}


def instant(text):
    """A timestamp as a time, for the samples say the same instant in several ways. Nanoseconds are cut: all of theirs are 0."""
    text = text.replace("Z", "+00:00")
    if "." in text:
        text = text.split(".")[0] + text[-6:]
    return datetime.datetime.fromisoformat(text)


def expected(sample, document):
    """The sample event, with the time as this document writes it."""
    event = json.loads(json.dumps(SAMPLES[sample]))
    time = document.get("time")
    if time is not None:
        assert instant(time) == instant(event["attributes"]["time"]), "not the time of the sample"
        event["attributes"]["time"] = time
    if sample == "allExtensionTypes":
        event["types"] = EXTENSIONS
    return event


def in_our_form(test):
    """A case of the conformance project as one of ours."""
    document = test.get("event", test.get("batch"))
    case = {"name": test["id"], "read": "json" if "event" in test else "batch", "body": json.dumps(document)}
    if test.get("sampleExtensionAttributes"):
        case["declared"] = EXTENSIONS
    if "sampleId" not in test:
        case["invalid"] = ""
    elif "event" in test:
        case["event"] = expected(test["sampleId"], document)
    else:
        case["events"] = [expected(sample, event) for sample, event in zip(BATCHES[test["sampleId"]], document, strict=True)]
    return case


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def line(self, passed, name, skip=None):
        self.count += 1
        self.failed += not passed
        print("%sok %d - %s%s" % ("" if passed else "not ", self.count, name, " # skip " + skip if skip else ""))

    def take(self, label, arguments, given=None, names=None):
        """Runs the runner and passes its lines on. Its cases must be those of the given names, where there are some."""
        done = subprocess.run([RUNNER] + arguments, input=given, capture_output=True, text=True, check=False)
        seen = []
        for line in done.stdout.splitlines():
            if line.startswith(("ok ", "not ok ")):
                seen.append(line.split(" - ", 1)[1])
                self.line(line.startswith("ok "), label + ": " + seen[-1].replace("#", "\\#"))
            elif line.startswith("#"):
                print(line)
        if done.returncode not in (0, 1) or not seen or seen != (names or seen):
            print("\n".join("# " + line for line in done.stderr.splitlines()))
            self.line(False, "%s: the runner ended with %d after %d cases, expected %s" % (label, done.returncode, len(seen), names or "some"))


def main():
    tap = Tap()
    for path in sorted(glob.glob(os.path.join(HERE, "*.json"))):
        tap.take(os.path.basename(path), [path])
    for name, listed in CASES.items():
        names = listed.split()
        try:
            with open(os.path.join(SHARED, name), encoding="utf-8-sig") as file:
                cases = [in_our_form(test) for test in json.load(file)["tests"]]
        except FileNotFoundError:
            for case in names:
                tap.line(True, "conformance: " + case, "found no %s; SHARED names the folder that has vectors/cloudevents" % name)
            continue
        tap.take("conformance", ["-"], json.dumps({"cases": cases}), names)
    print("1..%d" % tap.count)
    sys.exit(tap.failed > 0)


if __name__ == "__main__":
    main()
