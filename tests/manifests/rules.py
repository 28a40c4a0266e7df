"""What must hold beyond the schemas. Each rule is a function of one rendering: (where, things) -> findings."""
import re

from objects import MADE_SECRETS, Finding, group_of, pod_of, walk

TRIGGER_FIELDS = {"broker", "brokerRef", "filter", "filters", "subscriber", "delivery"}
DELIVERY_FIELDS = {"retry", "backoffPolicy", "backoffDelay", "timeout", "retryAfterMax", "deadLetterSink", "format"}
SCALING = {"min-scale", "max-scale", "initial-scale", "target", "target-utilization-percentage", "metric", "window", "class",
           "scale-to-zero-pod-retention-period", "scale-down-delay", "panic-window-percentage", "panic-threshold-percentage"}
SECRET_KEYS = {"type", "provider", "bootstrapServers", "securityProtocol", "protocol", "saslMechanism", "sasl.mechanism", "user", "password", "ca.crt"}
REPLY_TYPES = ("audit.fail", "audit.pass")


def index(things):
    return {(group_of(thing), thing["kind"], thing["metadata"]["name"]): thing for thing in things}


def workloads(things):
    for thing in things:
        pod = pod_of(thing)
        if pod is not None:
            yield thing, pod


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


def references(where, things):
    """Everything that is named is there."""
    known = index(things)
    for thing in things:
        for path, node in walk(thing):
            if isinstance(node.get("kind"), str) and isinstance(node.get("name"), str) and path and path != "metadata" and "apiVersion" in node:
                if node.get("namespace"):  # what the platform brings
                    continue
                group = node["apiVersion"].rpartition("/")[0]
                if (group, node["kind"], node["name"]) not in known:
                    yield Finding(where, thing, path, "names %s %s of group %r, which is not there" % (node["kind"], node["name"], group))
            for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
                reference = node.get(field)
                if isinstance(reference, dict) and "name" in reference:
                    yield from key_reference(where, thing, "%s.%s" % (path, field), kind, reference, known)
            secret = node.get("secretName") if "secretName" in node and path.endswith("secret") else None
            if secret and secret not in MADE_SECRETS and ("", "Secret", secret) not in known:
                yield Finding(where, thing, path, "names Secret %s, which is not there" % secret)
        if thing["kind"] == "Trigger" and ("eventing.knative.dev", "Broker", thing["spec"]["broker"]) not in known:
            yield Finding(where, thing, "spec.broker", "names Broker %s, which is not there" % thing["spec"]["broker"])
        if thing["kind"] == "KafkaSink":
            secret = thing["spec"].get("auth", {}).get("secret", {}).get("ref", {}).get("name")
            if secret not in MADE_SECRETS:
                yield Finding(where, thing, "spec.auth.secret.ref.name", "names Secret %s, which is not there" % secret)
        if thing["kind"] == "Route" and ("", "Service", thing["spec"]["to"]["name"]) not in known:
            yield Finding(where, thing, "spec.to.name", "names Service %s, which is not there" % thing["spec"]["to"]["name"])
    for thing, pod in workloads(things):
        account = pod.get("serviceAccountName")
        if account and ("", "ServiceAccount", account) not in known:
            yield Finding(where, thing, "serviceAccountName", "names %s, which is not there" % account)


def key_reference(where, thing, path, kind, reference, known):
    name, key = reference["name"], reference.get("key")
    target = known.get(("", kind, name))
    if kind == "Secret" and name in MADE_SECRETS:
        if key not in SECRET_KEYS:
            yield Finding(where, thing, path, "Secret %s will have no key %s" % (name, key))
    elif target is None:
        if not reference.get("optional"):
            yield Finding(where, thing, path, "names %s %s, which is not there" % (kind, name))
    elif key not in (target.get("data") or {}) and key not in (target.get("stringData") or {}):
        yield Finding(where, thing, path, "%s %s has no key %s" % (kind, name, key))


def selectors(where, things):
    """Services, policies and bindings select pods that exist, by ports that exist."""
    pods = []
    for thing in things:
        template = (thing.get("spec") or {}).get("template") if pod_of(thing) is not None else None
        if template:
            labels = (template.get("metadata") or {}).get("labels") or {}
            ports = [port for each in template["spec"]["containers"] for port in each.get("ports") or []]
            pods.append((labels, {port.get("name") for port in ports} | {port["containerPort"] for port in ports}))

    def selected(labels):
        return [ports for has, ports in pods if labels.items() <= has.items()]

    for thing in things:
        if thing["kind"] == "Service" and not group_of(thing):
            chosen = selected(thing["spec"].get("selector") or {})
            for port in thing["spec"]["ports"]:
                if not any(port.get("targetPort", port["port"]) in ports for ports in chosen):
                    yield Finding(where, thing, "spec.ports", "no selected pod has port %s" % port.get("targetPort", port["port"]))
        if thing["kind"] == "NetworkPolicy" and thing["spec"]["podSelector"].get("matchLabels"):
            chosen = selected(thing["spec"]["podSelector"]["matchLabels"])
            if not chosen:
                yield Finding(where, thing, "spec.podSelector", "selects no pod")
            for rule in thing["spec"].get("ingress") or []:
                for port in rule.get("ports") or []:
                    if not any(port["port"] in ports for ports in chosen):
                        yield Finding(where, thing, "spec.ingress", "no selected pod has port %s" % port["port"])
        if thing["kind"] == "Route":
            service = index(things).get(("", "Service", thing["spec"]["to"]["name"]))
            port = (thing["spec"].get("port") or {}).get("targetPort")
            if service and port not in {each.get("name") for each in service["spec"]["ports"]} | {each["port"] for each in service["spec"]["ports"]}:
                yield Finding(where, thing, "spec.port.targetPort", "Service %s has no port %s" % (service["metadata"]["name"], port))


def topics(where, things):
    """One name for each topic, everywhere; it exists where Kafka is ours, and whoever uses it has the right to."""
    names = index(things)[("", "ConfigMap", "umpire")]["data"]
    agreed = {names[key] for key in ("hits", "verdicts", "table", "dead-letters", "status", "candidate-verdicts")}
    made = {thing["spec"].get("topicName", thing["metadata"]["name"]) for thing in things if thing["kind"] == "KafkaTopic"}
    if made and agreed - made:
        yield Finding(where, index(things)[("", "ConfigMap", "umpire")], "data", "no KafkaTopic makes %s" % ", ".join(sorted(agreed - made)))
    allowed = made or agreed
    for thing in things:
        used = []
        if thing["kind"] == "KafkaSource":
            used = [("spec.topics", topic) for topic in thing["spec"]["topics"]]
        elif thing["kind"] == "KafkaSink":
            used = [("spec.topic", thing["spec"]["topic"])]
        elif thing["kind"] == "KafkaUser":
            used = [("spec.authorization.acls", rule["resource"]["name"]) for rule in thing["spec"]["authorization"]["acls"]
                    if rule["resource"]["type"] == "topic"]
            for rule in thing["spec"]["authorization"]["acls"]:
                if rule["resource"]["type"] == "group" and rule["resource"]["name"] not in {value for key, value in names.items() if key.endswith("group")}:
                    yield Finding(where, thing, "spec.authorization.acls", "no part uses the group %s" % rule["resource"]["name"])
        elif thing["kind"] == "ScaledObject":
            used = [("spec.triggers", trigger["metadata"]["topic"]) for trigger in thing["spec"]["triggers"] if trigger["type"] == "kafka"]
        for field, topic in used:
            if topic not in allowed:
                yield Finding(where, thing, field, "topic %s is not one of %s" % (topic, ", ".join(sorted(allowed))))
        if thing["kind"] == "KafkaSink" and thing["spec"].get("contentMode") != "binary":
            yield Finding(where, thing, "spec.contentMode", "expected binary: the board reads attributes from headers")


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
            context = dict(pod.get("securityContext") or {}, **(each.get("securityContext") or {}))
            for key, value in (("allowPrivilegeEscalation", False), ("runAsNonRoot", True), ("readOnlyRootFilesystem", True)):
                if context.get(key) is not value:
                    yield Finding(where, thing, "%s.securityContext.%s" % (field, key), "expected %s" % str(value).lower())
            if (context.get("capabilities") or {}).get("drop") != ["ALL"]:
                yield Finding(where, thing, field + ".securityContext.capabilities.drop", "expected [ALL]")
            if (context.get("seccompProfile") or {}).get("type") != "RuntimeDefault":
                yield Finding(where, thing, field + ".securityContext.seccompProfile", "expected RuntimeDefault")
            if "runAsUser" in context:
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


RULES = (open_fields, references, selectors, topics, containers, loops, scaling)
