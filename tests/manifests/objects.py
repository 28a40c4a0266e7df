"""Rendered manifests as objects that know where they came from, and what a check says about them."""
import glob
import json
import os
import subprocess

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEPLOY = os.path.join(ROOT, "deploy")
# The Secrets that deploy makes, or asks for, with deploy/bin/kafka-secret, which prints their keys with --keys.
MADE_SECRETS = ("kafka-provider", "kafka-adapter", "kafka-knative")


class Finding:
    """One thing that is wrong: in which rendering, file, object and field, and what."""

    def __init__(self, where, thing, field, text):
        self.where, self.thing, self.field, self.text = where, thing, field, text

    def __str__(self):
        return "%s: %s: %s: %s: %s" % (self.where, getattr(self.thing, "origin", "deploy"), name_of(self.thing), self.field, self.text)


NAMESPACE = "arena-07"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML has it


class Thing(dict):
    """An object, with the file that it is from."""

    origin = "deploy"


def name_of(thing):
    return "%s/%s" % (thing.get("kind", "?"), (thing.get("metadata") or {}).get("name", "?"))


def group_of(thing):
    return thing.get("apiVersion", "").rpartition("/")[0]


def load(text):
    """The objects of a YAML stream."""
    things = [Thing(thing) for thing in yaml.load_all(text, Loader=LOADER) if thing]
    for thing in things:
        annotations = (thing.get("metadata") or {}).get("annotations") or {}
        origin = annotations.pop("config.kubernetes.io/origin", None)
        if origin:
            thing.origin = os.path.normpath(os.path.join("deploy/x", yaml.safe_load(origin).get("path", "")))
        if not annotations:
            thing.get("metadata", {}).pop("annotations", None)
    return things


def folders(kind):
    """The overlays, patterns or platforms there are, and what a pattern has before itself."""
    found = glob.glob(os.path.join(DEPLOY, kind, "*/kustomization.yaml")) + glob.glob(os.path.join(DEPLOY, kind, "*/before/kustomization.yaml"))
    if kind == "platform":
        found += glob.glob(os.path.join(DEPLOY, kind, "*/*/kustomization.yaml"))
    return sorted(os.path.relpath(os.path.dirname(path), os.path.join(DEPLOY, kind)) for path in found)


def kustomize():
    return [os.path.join(ROOT, "tests/manifests/kubectl"), "kustomize"]


# Many short runs beside each other: none needs more than one processor, nor its memory collected.
QUICK = dict(os.environ, GOMAXPROCS="1", GOGC="off")


def render(overlay, pattern, extras="", deploy=DEPLOY):
    """What `deploy/bin/render` prints, in a namespace that no file names; an exception with its message where it fails."""
    environment = dict(QUICK, KUSTOMIZE=" ".join(kustomize()), ORIGINS="1", WITH=extras)
    done = subprocess.run([os.path.join(deploy, "bin/render"), overlay, pattern, NAMESPACE], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError("%s with %s does not render: %s" % (overlay, pattern, done.stderr.strip()))
    return load(done.stdout)


def workshop(attendees):
    """What `deploy/bin/workshop` would apply."""
    done = subprocess.run([os.path.join(DEPLOY, "bin/workshop"), "--print", str(attendees)], capture_output=True, text=True, check=True,
                          env=dict(QUICK, KUSTOMIZE=" ".join(kustomize())))
    return load(done.stdout)


def build(folder):
    done = subprocess.run(kustomize() + [folder], capture_output=True, text=True, env=QUICK)
    if done.returncode:
        raise RuntimeError("%s does not render: %s" % (os.path.relpath(folder, ROOT), done.stderr.strip()))
    return load(done.stdout)


def pod_of(thing):
    """The pod template's spec inside a workload, or None. A Knative Service counts as one."""
    if thing["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "ContainerSource"):
        return thing["spec"]["template"]["spec"]
    if thing["kind"] == "Job":
        return thing["spec"]["template"]["spec"]
    if thing["kind"] == "CronJob":
        return thing["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    if thing["kind"] == "Service" and group_of(thing) == "serving.knative.dev":
        return thing["spec"]["template"]["spec"]
    return None


def walk(node, path=""):
    """Every mapping inside, with its path."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from walk(value, "%s.%s" % (path, key) if path else str(key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, "%s[%d]" % (path, index))


class Schemas:
    """The strict schemas of a folder (CRDS, or ../shared/crds), or none."""

    def __init__(self):
        import jsonschema
        folder = os.environ.get("CRDS") or os.path.join(ROOT, "../shared/crds")
        self.folder = folder if os.path.isdir(folder) else None
        self.validators = {}
        for path in glob.glob(os.path.join(folder, "*_*_*.json")) if self.folder else []:
            with open(path) as file:
                schema = json.load(file)
            self.validators[tuple(os.path.basename(path)[:-5].split("_"))] = (jsonschema.Draft202012Validator(schema), schema)

    def of(self, thing):
        group, _, version = thing.get("apiVersion", "").rpartition("/")
        return self.validators.get((group or "core", version, thing.get("kind")), (None, {}))

    def cluster_scoped(self, thing):
        return self.of(thing)[1].get("x-kubernetes-scope") == "Cluster"

    def check(self, where, things):
        for thing in things:
            validator, _ = self.of(thing)
            if validator is None:
                yield Finding(where, thing, "kind", "there is no schema for %s %s" % (thing.get("apiVersion"), thing.get("kind")))
                continue
            for error in validator.iter_errors(thing):
                yield Finding(where, thing, ".".join(map(str, error.absolute_path)) or "(root)", error.message[:300])
