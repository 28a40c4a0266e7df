"""Rules: everything that an object names is there."""
import os
import subprocess

from objects import DEPLOY, MADE_SECRETS, Finding, group_of, pod_of, walk

SECRET_KEYS = set(subprocess.run([os.path.join(DEPLOY, "bin/kafka-secret"), "--keys"], capture_output=True, text=True, check=True).stdout.split())
# Secrets that Strimzi makes: the authority of a cluster, and a user's password where it draws one.
OPERATORS_SECRETS = {"Kafka": ("%s-cluster-ca-cert", {"ca.crt", "ca.p12", "ca.password"}), "KafkaUser": ("%s", {"password", "sasl.jaas.config"})}


def index(things):
    return {(group_of(thing), thing["kind"], thing["metadata"]["name"]): thing for thing in things}


def workloads(things):
    for thing in things:
        pod = pod_of(thing)
        if pod is not None:
            yield thing, pod


def keys_of(kind, name, known):
    """The keys of a ConfigMap or Secret, or None where nobody makes it."""
    if kind == "Secret":
        if name in MADE_SECRETS:
            return SECRET_KEYS
        for owner, (pattern, keys) in OPERATORS_SECRETS.items():
            if any(each[1] == owner and pattern % each[2] == name for each in known):
                return keys
    thing = known.get(("", kind, name))
    return None if thing is None else set(thing.get("data") or {}) | set(thing.get("stringData") or {})


def data_references(thing):
    """Each ConfigMap, Secret and claim that an object refers to: (path, kind, name, keys, whether it may be missing)."""
    for path, node in walk(thing):
        for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            reference = node.get(field)
            if isinstance(reference, dict) and "name" in reference:
                yield "%s.%s" % (path, field), kind, reference["name"], [reference.get("key")], reference.get("optional")
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            reference = node.get(field)
            if isinstance(reference, dict) and "name" in reference:
                yield "%s.%s" % (path, field), kind, reference["name"], [], reference.get("optional")
        volume = node.get("configMap")
        if isinstance(volume, dict) and "name" in volume:
            yield path + ".configMap", "ConfigMap", volume["name"], [item["key"] for item in volume.get("items") or []], volume.get("optional")
        volume = node.get("secret")
        if isinstance(volume, dict) and "secretName" in volume:
            yield path + ".secret", "Secret", volume["secretName"], [item["key"] for item in volume.get("items") or []], volume.get("optional")
    for path, node in walk(thing.get("spec") or {}, "spec"):
        if "secretName" in node and ("certificate" in node or "pattern" in node or "password" in node) and thing["apiVersion"].startswith("kafka.strimzi.io"):
            yield path, "Secret", node["secretName"], [node.get("certificate") or node.get("password")], False
    if thing["kind"] == "KafkaSink" and "auth" in thing["spec"]:
        yield "spec.auth.secret.ref.name", "Secret", thing["spec"]["auth"]["secret"]["ref"]["name"], [], False
    if thing["kind"] == "ConfigMap" and "auth.secret.ref.name" in (thing.get("data") or {}):
        yield "data.[auth.secret.ref.name]", "Secret", thing["data"]["auth.secret.ref.name"], ["protocol", "sasl.mechanism", "user", "password", "ca.crt"], False
    for path, node in walk(thing):
        claim = node.get("persistentVolumeClaim")
        if isinstance(claim, dict) and "claimName" in claim:
            yield path + ".persistentVolumeClaim", "PersistentVolumeClaim", claim["claimName"], [], False
    if thing["kind"] == "TriggerAuthentication":
        for each in thing["spec"].get("secretTargetRef") or []:
            yield "spec.secretTargetRef", "Secret", each["name"], [each["key"]], False


def data(where, things):
    known = index(things)
    for thing in things:
        for path, kind, name, keys, optional in data_references(thing):
            found = keys_of(kind, name, known)
            if found is None and not optional:
                yield Finding(where, thing, path, "names %s %s, which is not there" % (kind, name))
            for key in keys if found is not None else []:
                if key and key not in found:
                    yield Finding(where, thing, path, "%s %s has no key %s" % (kind, name, key))


def object_references(thing):
    """Each object that another one refers to: (path, group, kind, name)."""
    for path, node in walk(thing):
        if isinstance(node.get("kind"), str) and isinstance(node.get("name"), str) and path and path != "metadata" and "apiVersion" in node:
            if not node.get("namespace"):  # what the platform brings
                yield path, node["apiVersion"].rpartition("/")[0], node["kind"], node["name"]
    spec = thing.get("spec") or {}
    if thing["kind"] == "Trigger":
        yield "spec.broker", "eventing.knative.dev", "Broker", spec["broker"]
    if thing["kind"] == "Route":
        yield "spec.to.name", "", "Service", spec["to"]["name"]
        for each in spec.get("alternateBackends") or []:
            yield "spec.alternateBackends", "", "Service", each["name"]
    if thing["kind"] == "ScaledObject":
        target = spec["scaleTargetRef"]
        yield "spec.scaleTargetRef", target.get("apiVersion", "apps/v1").rpartition("/")[0], target.get("kind", "Deployment"), target["name"]
        for trigger in spec["triggers"]:
            if "authenticationRef" in trigger:
                yield "spec.triggers.authenticationRef", "keda.sh", trigger["authenticationRef"].get("kind", "TriggerAuthentication"), trigger["authenticationRef"]["name"]
    if group_of(thing) == "kafka.strimzi.io":
        label = (thing["metadata"].get("labels") or {}).get("strimzi.io/cluster")
        if thing["kind"] in ("KafkaNodePool", "KafkaTopic", "KafkaUser", "KafkaRebalance", "KafkaConnector"):
            yield "metadata.labels.strimzi.io/cluster", "kafka.strimzi.io", "KafkaConnect" if thing["kind"] == "KafkaConnector" else "Kafka", label
    if thing["kind"] == "BuildConfig":
        yield "spec.output.to", "image.openshift.io", "ImageStream", spec["output"]["to"]["name"].partition(":")[0]


def objects(where, things):
    known = index(things)
    for thing in things:
        for path, group, kind, name in object_references(thing):
            if (group, kind, name) not in known:
                yield Finding(where, thing, path, "names %s %s of group %r, which is not there" % (kind, name, group))
    for thing, pod in workloads(things):
        account = pod.get("serviceAccountName")
        if account and ("", "ServiceAccount", account) not in known:
            yield Finding(where, thing, "serviceAccountName", "names %s, which is not there" % account)


def inside_pods(where, things):
    """Probes name ports, and mounts volumes, that the pod has; no volume is there for nothing."""
    for thing, pod in workloads(things):
        volumes, mounted = {volume["name"] for volume in pod.get("volumes") or []}, set()
        for container in pod["containers"]:
            field = "containers." + container.get("name", "0")
            ports = {port.get("name") for port in container.get("ports") or []} | {port["containerPort"] for port in container.get("ports") or []}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                for action in ("httpGet", "tcpSocket"):
                    port = ((container.get(probe) or {}).get(action) or {}).get("port")
                    if port is not None and port not in ports:
                        yield Finding(where, thing, "%s.%s" % (field, probe), "the container has no port %s" % port)
            for mount in container.get("volumeMounts") or []:
                mounted.add(mount["name"])
                if mount["name"] not in volumes:
                    yield Finding(where, thing, field + ".volumeMounts", "the pod has no volume %s" % mount["name"])
        for name in volumes - mounted:
            yield Finding(where, thing, "volumes", "nobody mounts %s" % name)


def pods(things):
    """(labels, ports by name and number) of each pod that a template makes."""
    found = []
    for thing in things:
        template = (thing.get("spec") or {}).get("template") if pod_of(thing) is not None else None
        if template:
            ports = [port for each in template["spec"]["containers"] for port in each.get("ports") or []]
            labels = dict((template.get("metadata") or {}).get("labels") or {})
            numbers = {port["containerPort"] for port in ports}
            if group_of(thing) == "serving.knative.dev":  # what Serving adds, and where the program listens beside the one port that may be named
                labels["serving.knative.dev/service"] = thing["metadata"]["name"]
                numbers |= {int(variable["value"].rpartition(":")[2]) for each in template["spec"]["containers"]
                            for variable in each.get("env") or [] if variable["name"].endswith("_ADMIN_LISTEN")}
            found.append((labels, {port.get("name") for port in ports} | numbers))
    return found


def selectors(where, things):
    """Services, policies, budgets and monitors select pods that exist, by ports that exist."""
    there = pods(things)

    def selected(labels):
        return [ports for has, ports in there if labels.items() <= has.items()]

    for thing in things:
        kind, spec = thing["kind"], thing.get("spec") or {}
        if kind == "Service" and not group_of(thing) and spec.get("selector"):
            for port in spec["ports"]:
                if not any(port.get("targetPort", port["port"]) in ports for ports in selected(spec["selector"])):
                    yield Finding(where, thing, "spec.ports", "no selected pod has port %s" % port.get("targetPort", port["port"]))
        if kind == "NetworkPolicy" and spec["podSelector"].get("matchLabels"):
            chosen = selected(spec["podSelector"]["matchLabels"])
            if not chosen:
                yield Finding(where, thing, "spec.podSelector", "selects no pod")
            for rule in spec.get("ingress") or []:
                for port in rule.get("ports") or []:
                    if not any(port["port"] in ports for ports in chosen):
                        yield Finding(where, thing, "spec.ingress", "no selected pod has port %s" % port["port"])
        if kind == "PodDisruptionBudget" and not selected(spec["selector"]["matchLabels"]):
            yield Finding(where, thing, "spec.selector", "selects no pod")
        if kind == "PodMonitor":
            chosen = selected(spec["selector"]["matchLabels"])
            for endpoint in spec["podMetricsEndpoints"]:
                port = endpoint.get("port", endpoint.get("portNumber"))
                if not any(port in ports for ports in chosen):
                    yield Finding(where, thing, "spec.podMetricsEndpoints", "no selected pod has port %s" % port)
        if kind == "Route":
            service = index(things).get(("", "Service", spec["to"]["name"]))
            port = (spec.get("port") or {}).get("targetPort")
            if service and port not in {each.get("name") for each in service["spec"]["ports"]} | {each["port"] for each in service["spec"]["ports"]}:
                yield Finding(where, thing, "spec.port.targetPort", "Service %s has no port %s" % (service["metadata"]["name"], port))


RULES = (data, objects, inside_pods, selectors)
