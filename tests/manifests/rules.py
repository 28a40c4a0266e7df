"""What must hold beyond the schemas. Each rule is a function of one rendering: (where, things) -> findings."""
import re

import kafka
import references
from environment import environment, program_of
from objects import NAMESPACE, Finding, group_of, walk
from references import index, workloads

TRIGGER_FIELDS = {"broker", "brokerRef", "filter", "filters", "subscriber", "delivery"}
DELIVERY_FIELDS = {"retry", "backoffPolicy", "backoffDelay", "timeout", "retryAfterMax", "deadLetterSink", "format"}
SCALING = {"min-scale", "max-scale", "initial-scale", "target", "target-utilization-percentage", "metric", "window", "class",
           "scale-to-zero-pod-retention-period", "scale-down-delay", "panic-window-percentage", "panic-threshold-percentage"}
# Where Knative Serving asks nobody for a digest (its own list), and OpenShift's registry, which it can ask.
RESOLVED_BY_NAME = ("dev.local", "kind.local", "ko.local", "image-registry.openshift-image-registry.svc:5000")
REPLY_TYPES = ("audit.fail", "audit.pass")


def open_fields(where, things):
    """Fields that the CRDs let pass however they are spelt."""
    for thing in things:
        if thing["kind"] == "Trigger":
            for field in set(thing["spec"]) - TRIGGER_FIELDS:
                yield Finding(where, thing, "spec." + field, "no field of a Trigger")
        for path, node in walk(thing.get("spec") or {}, "spec"):
            if path.endswith(".delivery") or path == "spec.delivery":
                for field in set(node) - DELIVERY_FIELDS:
                    yield Finding(where, thing, "%s.%s" % (path, field), "no field of a delivery")
        if thing["kind"] == "Service" and group_of(thing) == "serving.knative.dev":
            for key in (thing["spec"]["template"].get("metadata") or {}).get("annotations") or {}:
                prefix, _, name = key.partition("/")
                if prefix == "autoscaling.knative.dev" and name not in SCALING:
                    yield Finding(where, thing, "spec.template.metadata.annotations", "no annotation of the autoscaler: " + key)


def containers(where, things):
    """What every container must say about itself."""
    for thing, pod in workloads(things):
        knative = group_of(thing) == "serving.knative.dev"
        for field in ("automountServiceAccountToken", "enableServiceLinks"):
            if pod.get(field) is not False:
                yield Finding(where, thing, field, "expected false")
        for each in pod["containers"]:
            field = "containers." + each.get("name", "0")
            image = each["image"]
            if not re.search(r"(@sha256:[0-9a-f]{64}|:[\w.-]+)$", image) or image.endswith(":latest"):
                yield Finding(where, thing, field + ".image", "%s has neither a digest nor a tag that stays" % image)
            for probe in ("livenessProbe", "readinessProbe"):
                if probe not in each:
                    yield Finding(where, thing, "%s.%s" % (field, probe), "is missing")
            for part in ("requests", "limits"):
                if not {"cpu", "memory"} <= set((each.get("resources") or {}).get(part) or {}):
                    yield Finding(where, thing, "%s.resources.%s" % (field, part), "expected cpu and memory")
            if knative and "@sha256:" not in image and image.split("/")[0] not in RESOLVED_BY_NAME:
                yield Finding(where, thing, field + ".image", "Knative would ask %s for the digest of %s: push it there (make image REGISTRY=)" % (image.split("/")[0], image))
            context = dict(pod.get("securityContext") or {}, **(each.get("securityContext") or {}))
            for key, value in (("allowPrivilegeEscalation", False), ("runAsNonRoot", True), ("readOnlyRootFilesystem", True)):
                if context.get(key) is not value:
                    yield Finding(where, thing, "%s.securityContext.%s" % (field, key), "expected %s" % str(value).lower())
            if (context.get("capabilities") or {}).get("drop") != ["ALL"]:
                yield Finding(where, thing, field + ".securityContext.capabilities.drop", "expected [ALL]")
            if (context.get("seccompProfile") or {}).get("type") != "RuntimeDefault":
                yield Finding(where, thing, field + ".securityContext.seccompProfile", "expected RuntimeDefault")
            if "runAsUser" in context and not (where.startswith("kind/") and program_of(each) is None):
                yield Finding(where, thing, field + ".securityContext.runAsUser", "OpenShift gives the user; a fixed one is refused")
            if knative and pod.get("securityContext"):
                yield Finding(where, thing, "securityContext", "a Knative Service refuses a pod's: set the container's")


def filter_types(trigger):
    """The types that a Trigger's filter names, however deep."""
    return [node["type"] for _, node in walk(trigger["spec"].get("filters") or {}) if isinstance(node.get("type"), str)] + [
        value for key, value in ((trigger["spec"].get("filter") or {}).get("attributes") or {}).items() if key == "type"]


def loops(where, things):
    """Every Trigger has a filter on the type, and what the function replies does not match the Trigger that feeds it."""
    sink = index(things)[("", "ConfigMap", "umpire")]["data"]["sink"]
    for thing in things:
        if thing["kind"] != "Trigger":
            continue
        types = filter_types(thing)
        if not types:
            yield Finding(where, thing, "spec.filters", "no filter on the type: replies would go round")
        if (thing["spec"]["subscriber"].get("ref") or {}).get("name") == sink and set(types) & set(REPLY_TYPES):
            yield Finding(where, thing, "spec.filters", "lets in what its own subscriber replies")


def admission(where, things):
    """What Kubernetes admits into a namespace: Strimzi's pods need baseline, an OpenShift build what is privileged."""
    for thing in things:
        level = (thing["metadata"].get("labels") or {}).get("pod-security.kubernetes.io/enforce") if thing["kind"] == "Namespace" else None
        kinds = {each["kind"] for each in things}
        if level and "BuildConfig" in kinds:
            yield Finding(where, thing, "metadata.labels", "%s is enforced, and would refuse the pods of builds" % level)
        if level == "restricted" and "Kafka" in kinds:
            yield Finding(where, thing, "metadata.labels", "restricted is enforced, and would refuse Strimzi's pods as its operator makes them by default")


def namespaces(where, things):
    """Nothing names a namespace but its own: what is deployed into another one works there, and touches nobody else's."""
    for thing in things:
        if thing["metadata"].get("namespace") != NAMESPACE and (thing["kind"], thing["metadata"]["name"]) != ("Namespace", NAMESPACE):
            yield Finding(where, thing, "metadata.namespace", "expected %s, found %s" % (NAMESPACE, thing["metadata"].get("namespace")))
        for path, node in walk(thing):
            for key, value in node.items():
                for text in value if isinstance(value, list) else [value]:
                    named = re.findall(r"[\w-]+\.([\w-]+)\.svc\b", text) if isinstance(text, str) else []
                    if key == "namespace":
                        named = [value]
                    for name in named:
                        if name not in (NAMESPACE, "openshift-image-registry"):
                            yield Finding(where, thing, "%s.%s" % (path, key) if path else key, "names the namespace %s" % name)


def scaling(where, things):
    """What scales on lag keeps its place, and no two pods claim one group.instance.id."""
    for thing in things:
        if thing["kind"] == "ScaledObject":
            for trigger in thing["spec"]["triggers"]:
                if trigger["type"] == "kafka" and trigger["metadata"].get("offsetResetPolicy") != "earliest":
                    yield Finding(where, thing, "spec.triggers.metadata.offsetResetPolicy", "expected earliest")
        if thing["kind"] == "Deployment":
            for each in thing["spec"]["template"]["spec"]["containers"]:
                if any(variable["name"] == "ADAPTER_GROUP_INSTANCE_ID" for variable in each.get("env") or []):
                    yield Finding(where, thing, "env.ADAPTER_GROUP_INSTANCE_ID", "static membership needs stable names: a StatefulSet")


RULES = (open_fields, *references.RULES, *kafka.RULES, containers, loops, admission, namespaces, scaling, environment)
