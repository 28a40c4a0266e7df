#!/usr/bin/python3
"""A stand-in for a cluster's API server: enough of it for kubectl to apply, get and delete, and faults on demand.

    api_server.py SCENARIO KUBECONFIG LOG

SCENARIO is JSON, all of it optional:
    missing    kinds that are not served until what is named here was applied, or (a number) for so many requests: {"Kafka": "operator", "Trigger": 3}
    webhook    kinds whose first N applications fail because the webhook is not up: {"Trigger": 2}
    forbidden  kinds that may not be applied: ["KafkaSource"]
    denied     what `auth can-i` says no to: resources
    ready      after how many looks an object of a kind is ready (1 where nothing is said; -1: never), or the file that must be there: {"Kafka": 3}
    finalizer  how many looks an object of a kind survives its deletion (-1: for ever), or the file that lets it go: {"KafkaTopic": -1}
    objects    what is there from the start: {"secrets/umpire/kafka-adapter": {...}}
Writes KUBECONFIG when it listens, and a line for each request that changes something to LOG.
"""
import http.server
import json
import os
import re
import sys
import threading

import yaml

BUILTIN = {
    "v1": ["Namespace", "ServiceAccount", "ConfigMap", "Secret", "Service", "Pod", "ResourceQuota", "LimitRange"],
    "apps/v1": ["Deployment"],
    "networking.k8s.io/v1": ["NetworkPolicy"],
    "autoscaling/v2": ["HorizontalPodAutoscaler"],
    "policy/v1": ["PodDisruptionBudget"],
    "rbac.authorization.k8s.io/v1": ["Role", "RoleBinding", "ClusterRoleBinding"],
    "authorization.k8s.io/v1": ["SelfSubjectAccessReview"],
    "apiextensions.k8s.io/v1": ["CustomResourceDefinition"],
}
BROUGHT = {
    "kafka.strimzi.io/v1": ["Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser"],
    "serving.knative.dev/v1": ["Service"],
    "eventing.knative.dev/v1": ["Broker", "Trigger"],
    "eventing.knative.dev/v1alpha1": ["KafkaSink"],
    "sources.knative.dev/v1": ["KafkaSource", "SinkBinding", "ContainerSource"],
    "messaging.knative.dev/v1": ["Channel", "Subscription"],
    "messaging.knative.dev/v1beta1": ["KafkaChannel"],
    "flows.knative.dev/v1": ["Sequence"],
    "route.openshift.io/v1": ["Route"],
    "image.openshift.io/v1": ["ImageStream"],
    "build.openshift.io/v1": ["BuildConfig"],
    "console.openshift.io/v1": ["ConsoleQuickStart"],
    "keda.sh/v1alpha1": ["ScaledObject", "TriggerAuthentication"],
    "monitoring.coreos.com/v1": ["PodMonitor", "PrometheusRule"],
    "operator.knative.dev/v1beta1": ["KnativeServing", "KnativeEventing"],
    "operator.serverless.openshift.io/v1alpha1": ["KnativeKafka"],
    "operators.coreos.com/v1alpha1": ["Subscription"],
    "operators.coreos.com/v1": ["OperatorGroup"],
}
CLUSTER_SCOPED = {"Namespace", "CustomResourceDefinition", "ConsoleQuickStart", "ClusterRoleBinding"}
PATH = re.compile(r"^/(?:api|apis/([^/]+))/([^/]+)(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?$")


def plural(kind):
    word = kind.lower()
    return word[:-1] + "ies" if word.endswith("cy") else word + "s"


class Cluster:
    def __init__(self, scenario, log):
        self.scenario = scenario
        self.log = open(log, "a", buffering=1)
        self.lock = threading.Lock()
        self.objects = {}
        self.looks = {}
        self.applied = set()
        self.counts = {}
        for key, thing in scenario.get("objects", {}).items():
            self.objects[tuple(key.split("/"))] = thing

    def once_less(self, table, kind):
        """Counts one of `table`'s number for a kind down; whether one was left."""
        limit = self.scenario.get(table, {}).get(kind, 0)
        used = self.counts.get((table, kind), 0)
        self.counts[(table, kind)] = used + 1
        return used < limit or limit < 0

    def held(self, kind):
        """Whether a finalizer keeps what was deleted."""
        limit = self.scenario.get("finalizer", {}).get(kind, 0)
        return not os.path.exists(limit) if isinstance(limit, str) else self.once_less("finalizer", kind)

    def served(self, kind):
        condition = self.scenario.get("missing", {}).get(kind)
        if condition is None:
            return True
        if isinstance(condition, int):
            return not self.once_less("missing", kind)
        return condition in self.applied

    def kinds(self, version):
        return [kind for kind in {**BUILTIN, **BROUGHT}.get(version, []) if version in BUILTIN or self.served(kind)]

    def resources(self, version):
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [
            {"name": plural(kind), "singularName": kind.lower(), "namespaced": kind not in CLUSTER_SCOPED, "kind": kind,
             "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"]} for kind in self.kinds(version)]}

    def groups(self):
        found = {}
        for version in list(BUILTIN) + list(BROUGHT):
            if "/" in version:
                found.setdefault(version.split("/")[0], []).append({"groupVersion": version, "version": version.split("/")[1]})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
            {"name": name, "versions": versions, "preferredVersion": versions[0]} for name, versions in found.items()]}

    def with_status(self, key, thing):
        kind = thing["kind"]
        looks = self.looks[key] = self.looks.get(key, 0) + 1
        needed = self.scenario.get("ready", {}).get(kind, 1)
        ready = os.path.exists(needed) if isinstance(needed, str) else 0 <= needed <= looks
        state = {"type": "Available" if kind == "Deployment" else "Ready", "status": "True" if ready else "False", "message": "" if ready else "still starting"}
        return dict(thing, status={"conditions": [state]})


def status(code, reason, message):
    return code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each body waits 40 ms for the head to be acknowledged

    def log_message(self, *_):
        pass

    def answer(self, code, body):
        text = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def handle_request(self):
        body = self.chunks() if self.headers.get("Transfer-Encoding") == "chunked" else self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        with self.server.cluster.lock:
            code, reply = self.reply(path, body)
        self.answer(code, reply)

    do_GET = do_POST = do_PATCH = do_DELETE = handle_request

    def reply(self, path, body):
        cluster = self.server.cluster
        if path == "/version":
            return 200, {"major": "1", "minor": "35", "gitVersion": "v1.35.0"}
        if path == "/api":
            return 200, {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            return 200, cluster.groups()
        match = re.match(r"^/(?:api|apis)/([^/]+(?:/[^/]+)?)$", path)
        if match and match[1] in {**BUILTIN, **BROUGHT}:
            resources = cluster.resources(match[1])
            return (200, resources) if resources["resources"] else status(404, "NotFound", "the server could not find the requested resource")
        match = PATH.match(path)
        if not match:
            return status(404, "NotFound", "the server could not find the requested resource")
        group, version, namespace, resource, name = match.groups()
        if resource == "namespaces" and namespace is None and name is None:
            namespace = None
        if resource == "selfsubjectaccessreviews":
            return self.review(json.loads(body))
        return self.object_request(group, version, (resource, namespace or "", name or ""), body)

    def review(self, review):
        asked = review["spec"]["resourceAttributes"]
        allowed = asked["resource"] not in self.server.cluster.scenario.get("denied", [])
        return 201, dict(review, status={"allowed": allowed})

    def object_request(self, group, version, key, body):
        cluster = self.server.cluster
        thing = cluster.objects.get(key)
        shown = "%s/%s" % (key[0], key[2])
        if self.command == "PATCH":
            new = yaml.safe_load(body)
            if new["kind"] in cluster.scenario.get("forbidden", []):
                return status(403, "Forbidden", '%s is forbidden: User "dev" cannot patch resource "%s"' % (shown, key[0]))
            if cluster.once_less("webhook", new["kind"]):
                return status(500, "InternalError", 'Internal error occurred: failed calling webhook "webhook.eventing": connection refused')
            new.setdefault("metadata", {}).setdefault("uid", "1")
            cluster.objects[key] = new
            cluster.applied.add(new["metadata"]["name"])
            cluster.log.write("apply %s %s\n" % (new["kind"], new["metadata"]["name"]))
            return 200, new
        if thing is None:
            return status(404, "NotFound", '%s "%s" not found' % (key[0], key[2]))
        if self.command == "DELETE":
            cluster.log.write("delete %s %s\n" % (thing["kind"], key[2]))
            thing["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            if not cluster.scenario.get("finalizer", {}).get(thing["kind"]):
                del cluster.objects[key]
            else:
                thing["metadata"]["finalizers"] = ["strimzi.io/topic-operator"]
            return 200, {"kind": "Status", "apiVersion": "v1", "status": "Success"}
        if thing["metadata"].get("deletionTimestamp") and not cluster.held(thing["kind"]):
            del cluster.objects[key]
            return status(404, "NotFound", '%s "%s" not found' % (key[0], key[2]))
        return 200, cluster.with_status(key, thing)


def main():
    scenario_path, kubeconfig, log = sys.argv[1:]
    with open(scenario_path) as file:
        scenario = json.load(file)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.cluster = Cluster(scenario, log)
    with open(kubeconfig, "w") as file:
        json.dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "stand-in",
            "clusters": [{"name": "stand-in", "cluster": {"server": "http://127.0.0.1:%d" % server.server_address[1]}}],
            "contexts": [{"name": "stand-in", "context": {"cluster": "stand-in", "user": "dev"}}],
            "users": [{"name": "dev", "user": {"token": "none"}}]}, file)
    server.serve_forever()


main()
