"""The environment that a manifest gives a program, and what that program's own --check-config says of it.

What a cluster would add is played: values of ConfigMaps and of the Secrets that deploy/bin/kafka-secret makes, mounted files, what Knative
Serving and a SinkBinding inject, and the variables of every Service in the namespace (`enableServiceLinks`, whatever a manifest says of it).
"""
import functools
import os
import re
import subprocess
import tempfile

import yaml

from objects import DEPLOY, MADE_SECRETS, ROOT, Finding, group_of, pod_of

BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))  # an absolute one stays
PROGRAMS = {"audit-fn": "audit-fn/audit-fn", "source-adapter": "source-adapter/source-adapter", "event-provider": "provider/event-provider"}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
# Services that are there though no manifest of ours names them: Kubernetes' own, those of the operators, and names that look like ours.
OTHER_SERVICES = ("kubernetes", "umpire-kafka-bootstrap", "umpire-kafka-brokers", "kafka", "audit", "adapter", "provider")
FIELDS = {"metadata.namespace": "umpire", "metadata.name": "pod-1"}


def built():
    """Whether the programs are there to be asked."""
    return all(os.access(os.path.join(BUILD, path), os.X_OK) for path in PROGRAMS.values())


@functools.lru_cache(None)
def made_secret(name, private):
    """The Secret as kafka-secret makes it, for a Kafka with a private authority or one whose certificates everybody trusts."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as authority:
        authority.write(CERTIFICATE)
        authority.flush()
        done = subprocess.run([os.path.join(DEPLOY, "bin/kafka-secret"), name, "--bootstrap", "kafka.example.com:9093", "--user", "u",
                               "--password-file", "-", *(("--ca", authority.name) if private else ("--mechanism", "PLAIN"))],
                              input="p", capture_output=True, text=True, check=True)
    values = yaml.safe_load(done.stdout)["stringData"]
    assert all(values.values()) and ("ca.crt" in values) == private, values
    return values


def values_of(kind, name, things, private=True):
    """What a ConfigMap or Secret holds, or None."""
    if kind == "Secret" and name in MADE_SECRETS:
        return made_secret(name, private)
    for thing in things:
        if (thing["kind"], thing["metadata"]["name"]) == (kind, name):
            return {**(thing.get("data") or {}), **(thing.get("stringData") or {})}
    return None


def service_variables(things):
    """What kubelet makes of the Services of a namespace."""
    ports = {name: [("", 80)] for name in OTHER_SERVICES}
    for thing in things:
        if thing["kind"] == "Service":
            given = thing["spec"].get("ports") if not group_of(thing) else None
            ports[thing["metadata"]["name"]] = [(port.get("name", ""), port["port"]) for port in given or [{"name": "http", "port": 80}]]
    variables = {}
    for service, each in ports.items():
        prefix = service.upper().replace("-", "_")
        variables.update({prefix + "_SERVICE_HOST": "10.0.0.1", prefix + "_SERVICE_PORT": str(each[0][1]), prefix + "_PORT": "tcp://10.0.0.1:%d" % each[0][1]})
        for name, port in each:
            if name:
                variables["%s_SERVICE_PORT_%s" % (prefix, name.upper().replace("-", "_"))] = str(port)
            stem = "%s_PORT_%d_TCP" % (prefix, port)
            variables.update({stem: "tcp://10.0.0.1:%d" % port, stem + "_PROTO": "tcp", stem + "_PORT": str(port), stem + "_ADDR": "10.0.0.1"})
    return variables


def injected(thing, things):
    """What Knative adds: Serving to its own containers, sources to theirs."""
    if group_of(thing) == "serving.knative.dev":
        name = thing["metadata"]["name"]
        return {"PORT": "8080", "K_SERVICE": name, "K_CONFIGURATION": name, "K_REVISION": name + "-00001"}
    bound = thing["kind"] == "ContainerSource" or any(
        each["kind"] == "SinkBinding" and each["spec"]["subject"].get("name") == thing["metadata"]["name"] for each in things)
    return {"K_SINK": "https://sink.umpire.svc.cluster.local", "K_CE_OVERRIDES": '{"extensions":{"cluster":"one"}}', "K_CA_CERTS": CERTIFICATE} if bound else {}


def given(container, things):
    """The variables that the manifest itself names; those whose source is not there are left to the rule of references."""
    variables = {}
    for each in container.get("env") or []:
        source = each.get("valueFrom") or {}
        if "fieldRef" in source:
            variables[each["name"]] = FIELDS.get(source["fieldRef"]["fieldPath"], "value")
        for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            if field in source:
                value = (values_of(kind, source[field]["name"], things) or {}).get(source[field]["key"])
                if value is not None:
                    variables[each["name"]] = value
        if "value" in each:
            variables[each["name"]] = each["value"]
    return variables


def files(pod, container, things, private=True):
    """What is mounted, as {path: text}, with Kubernetes' names for it."""
    volumes = {volume["name"]: volume for volume in pod.get("volumes") or []}
    found = {}
    for mount in container.get("volumeMounts") or []:
        volume = volumes.get(mount["name"]) or {}
        for kind, field, key in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
            if field in volume:
                for name, text in (values_of(kind, volume[field][key], things, private) or {}).items():
                    found[os.path.join(mount["mountPath"], name)] = text
    return found


@functools.lru_cache(None)
def objection(program, arguments, variables, mounted):
    """What the program has against it, or None."""
    with tempfile.TemporaryDirectory() as root:
        folders = set()
        for path, text in mounted:
            target = root + path
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w") as file:
                file.write(text)
            while path != "/":
                folders.add(path)
                path = os.path.dirname(path)

        def inside(text):
            return root + text if text in folders else text

        done = subprocess.run([os.path.join(BUILD, PROGRAMS[program]), "--check-config"] + [inside(each) for each in arguments],
                              env={name: inside(value) for name, value in variables}, capture_output=True, text=True)
        return None if done.returncode == 0 else (done.stderr.strip().replace(root, "") or "exit status %d" % done.returncode)


def by_hand(things):
    """What the adapter has against what docs/OPERATIONS.md has an operator do with it: (command, objection or None)."""
    with open(os.path.join(ROOT, "docs/OPERATIONS.md")) as file:
        text = file.read()
    thing = next(each for each in things if each["kind"] == "Deployment" and each["metadata"]["name"] == "source-adapter")
    pod = pod_of(thing)
    container = pod["containers"][0]
    mounted = tuple(sorted(files(pod, container, things).items()))
    variables = {**injected(thing, things), **given(container, things)}
    without, arguments = re.search(r"env ((?:-u \w+ )+)source-adapter (.*)$", text, re.MULTILINE).groups()
    left = {name: value for name, value in variables.items() if name not in without.replace("-u", "").split()}
    yield arguments, objection("source-adapter", tuple(arguments.split()), tuple(sorted(left.items())), mounted)
    for name, value in re.findall(r"set env deployment/source-adapter (\w+)=(\S+)", text):
        yield name, objection("source-adapter", (), tuple(sorted({**variables, name: value}.items())), mounted)


def program_of(container):
    """Which of our programs a container runs, by its image, or None."""
    name = container["image"].rpartition("/")[2].partition(":")[0].partition("@")[0]
    return name if name in PROGRAMS else None


def environment(where, things):
    """Rule: each program accepts what its manifest gives it."""
    for thing in things:
        pod = pod_of(thing)
        for container in pod["containers"] if pod and built() else ():
            program = program_of(container)
            if program is None:
                continue
            variables = {"PATH": "/usr/bin:/bin", "HOSTNAME": "pod-1", **service_variables(things), **injected(thing, things), **given(container, things)}
            for private in (True, False):
                mounted = files(pod, container, things, private)
                said = objection(program, tuple(container.get("args") or ()), tuple(sorted(variables.items())), tuple(sorted(mounted.items())))
                if said:
                    yield Finding(where, thing, "containers.%s.env" % container.get("name", "0"), "%s --check-config: %s" % (program, said))
                    break
