"""Each check is seen to fail: a copy of deploy/ with one mistake in it, and what must be said of it. Prints TAP."""
import concurrent.futures
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from objects import DEPLOY, ROOT, Schemas, render  # noqa: E402
from rules import RULES  # noqa: E402
from tap import finish, tell  # noqa: E402

# What is wrong, with which pattern (and extra) it shows, the file, the right text, the wrong one, and what the finding must say.
MISTAKES = (
    ("a sink by another name", "source-to-sink", "components/adapter-binding/kustomization.yaml", "data.sink", "data.hits", "SinkBinding/source-adapter: spec.sink.ref"),
    ("a source on another topic", "kafka-source", "components/knative-kafka-source/kustomization.yaml", "data.hits", "data.sink", "KafkaSource/hits: spec.topics"),
    ("verdicts into another topic", "kafka-source", "components/verdict-sink/kustomization.yaml", "data.verdicts", "data.group", "KafkaSink/verdicts: spec.topic"),
    ("rights on another topic", "source-to-sink", "components/kafka-topics/kustomization.yaml", 'umpire-adapter}\n    fieldPaths: ["spec.authorization.acls.2', 'umpire-adapter}\n    fieldPaths: ["spec.authorization.acls.3', "KafkaUser/umpire-adapter: spec.authorization.acls"),
    ("rights on another group", "source-to-sink", "components/kafka-topics/kustomization.yaml", "fieldPath: data.group", "fieldPath: data.sink", "KafkaUser/umpire-adapter: spec.authorization.acls: Deployment/source-adapter needs"),
    ("a topic that nobody makes", "source-to-sink", "components/kafka-topics/topics.yaml", "  name: status\n", "  name: state\n", "KafkaTopic/state: spec.topicName: makes status, which nobody names"),
    ("verdicts in structured mode", "kafka-source", "components/verdict-sink/kafkasink.yaml", "contentMode: binary", "contentMode: structured", "KafkaSink/verdicts: spec.contentMode"),
    ("a Trigger without a filter", "broker-trigger", "patterns/broker-trigger/broker.yaml", "  - any:\n    - exact: {type: game.hits}\n    - exact: {type: bonus}\n", "  - exact: {source: /umpire}\n", "Trigger/audit: spec.filters"),
    ("a Trigger that lets its own replies in", "broker-trigger", "patterns/broker-trigger/broker.yaml", "type: bonus", "type: audit.fail", "Trigger/audit: spec.filters"),
    ("a misspelt field of a Trigger", "broker-trigger", "patterns/broker-trigger/broker.yaml", "  filters:\n  - any:\n    - exact: {type: game.hits}", "  filter5:\n  - any:\n    - exact: {type: game.hits}", "Trigger/audit: spec.filter5"),
    ("a misspelt field of a delivery", "broker-trigger", "patterns/broker-trigger/broker.yaml", "backoffDelay:", "backofDelay:", "Broker/umpire: spec.delivery.backofDelay"),
    ("a Trigger on another broker", "broker-trigger", "patterns/broker-trigger/broker.yaml", "  broker: umpire\n", "  broker: default\n", "Trigger/audit: spec.broker"),
    ("a subscriber that is not there", "broker-trigger", "patterns/broker-trigger/broker.yaml", "      name: alerts", "      name: alarms", "Trigger/alerts: spec.subscriber.ref"),
    ("a Secret's key that is not there", "kafka-source", "components/knative-kafka-source/kafkasource.yaml", "key: saslMechanism", "key: mechanism", "KafkaSource/hits: spec.net.sasl.type.secretKeyRef"),
    ("a Secret that nobody makes", "source-to-sink", "components/adapter/adapter.yaml", "secretName: kafka-adapter", "secretName: kafka", "Deployment/source-adapter: spec.template.spec.volumes[0].secret"),
    ("a ConfigMap's key that is not there", "source-to-sink", "base/provider.yaml", "key: table", "key: tables", "Deployment/event-provider: spec.template.spec.containers[0].env"),
    ("a service account that is not there", "source-to-sink", "components/adapter/adapter.yaml", "serviceAccountName: source-adapter", "serviceAccountName: adapter", "Deployment/source-adapter: serviceAccountName"),
    ("a Service that selects nothing", "source-to-sink", "base/provider.yaml", "  selector:\n    app.kubernetes.io/name: event-provider\n  ports", "  selector:\n    app.kubernetes.io/name: provider\n  ports", "Service/event-provider: spec.ports"),
    ("a port by a name that no container has", "source-to-sink", "base/provider.yaml", "targetPort: http", "targetPort: web", "Service/event-provider: spec.ports"),
    ("a policy for pods that are not there", "source-to-sink", "base/networkpolicy.yaml", "app.kubernetes.io/name: event-provider", "app.kubernetes.io/name: provider", "NetworkPolicy/event-provider: spec.podSelector"),
    ("a missing probe", "source-to-sink", "components/audit-fn/service.yaml", "        livenessProbe:", "        x-probe:", "Service/audit-fn: containers.audit-fn.livenessProbe"),
    ("no limit of memory", "source-to-sink", "components/adapter/adapter.yaml", 'limits: {cpu: "1", memory: 256Mi}', 'limits: {cpu: "1"}', "Deployment/source-adapter: containers.source-adapter.resources.limits"),
    ("a fixed user", "source-to-sink", "components/adapter/adapter.yaml", "          allowPrivilegeEscalation: false", "          runAsUser: 1001\n          allowPrivilegeEscalation: false", "containers.source-adapter.securityContext.runAsUser"),
    ("a root that can be written", "source-to-sink", "components/audit-fn/service.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "Service/audit-fn: containers.audit-fn.securityContext.readOnlyRootFilesystem"),
    ("capabilities kept", "source-to-sink", "base/provider.yaml", "drop: [ALL]", "drop: [NET_RAW]", "Deployment/event-provider: containers.event-provider.securityContext.capabilities.drop"),
    ("no seccomp profile", "source-to-sink", "components/audit-fn/service.yaml", "type: RuntimeDefault", "type: Unconfined", "Service/audit-fn: containers.audit-fn.securityContext.seccompProfile"),
    ("a token that nobody needs", "source-to-sink", "components/audit-fn/service.yaml", "      automountServiceAccountToken: false", "      automountServiceAccountToken: true", "Service/audit-fn: automountServiceAccountToken"),
    ("the variables of all services", "source-to-sink", "base/provider.yaml", "enableServiceLinks: false", "enableServiceLinks: true", "Deployment/event-provider: enableServiceLinks"),
    ("an annotation that no autoscaler reads", "source-to-sink", "components/audit-fn/service.yaml", "autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minscale", "no annotation of the autoscaler: autoscaling.knative.dev/minscale"),
    ("static membership on a Deployment", "source-to-sink", "components/adapter/adapter.yaml", "        - name: NAME\n", "        - name: ADAPTER_GROUP_INSTANCE_ID\n", "Deployment/source-adapter: env.ADAPTER_GROUP_INSTANCE_ID"),
    ("a namespace that refuses Kafka's pods", "source-to-sink", "overlays/kind/last/kustomization.yaml", "enforce: baseline", "enforce: restricted", "Namespace/arena-07: metadata.labels"),
    ("KEDA without a beginning", "source-to-sink + keda", "extras/keda/scaler.yaml", "offsetResetPolicy: earliest", "offsetResetPolicy: latest", "ScaledObject/source-adapter: spec.triggers.metadata.offsetResetPolicy"),
    ("KEDA on another group", "source-to-sink + keda", "extras/keda/kustomization.yaml", "data.group", "data.sink", "ScaledObject/source-adapter: spec.triggers: no part uses"),
    ("an image by a tag that moves", "source-to-sink", "bin/registry.sh", "${TAG:-$release}", "latest", "image: dev.local/umpire/"),
    ("an image whose digest Knative cannot ask for", "source-to-sink", "bin/registry.sh", "echo dev.local/umpire", "echo localhost/umpire", "Service/audit-fn: containers.audit-fn.image"),
    ("a misspelt variable", "source-to-sink", "components/adapter/adapter.yaml", "ADAPTER_ORDERING", "ADAPTER_ODERING", "ADAPTER_ORDERING"),
    ("a value that the program does not know", "source-to-sink", "components/adapter/adapter.yaml", "value: key", "value: keys", "Deployment/source-adapter: containers.source-adapter.env: source-adapter --check-config"),
    ("a rules file that is none", "broker-trigger", "patterns/broker-trigger/alerts.yaml", "threshold: 0", "treshold: 0", "Service/alerts: containers.alerts.env: audit-fn --check-config: audit-fn: /rules/rules.yaml:6"),
    ("a state that replicas cannot share", "source-to-sink", "components/audit-fn/service.yaml", "        - name: AUDIT_REPLY\n          value: always\n", "        - name: AUDIT_STORE\n          value: sqlite:/tmp/state\n", "Service/audit-fn: containers.audit-fn.env: audit-fn --check-config"),
    ("a binding that is mounted elsewhere", "source-to-sink", "components/adapter/adapter.yaml", "mountPath: /bindings/kafka", "mountPath: /binding/kafka", "Deployment/source-adapter: containers.source-adapter.env: source-adapter --check-config"),
    ("a probe of a port that is not there", "source-to-sink", "base/provider.yaml", "port: admin}\n          periodSeconds: 10", "port: health}\n          periodSeconds: 10", "Deployment/event-provider: containers.event-provider.livenessProbe"),
    ("a volume that nobody mounts", "source-to-sink", "components/adapter/adapter.yaml", "        - name: kafka\n          mountPath", "        - name: kafkas\n          mountPath", "nobody mounts kafka"),
    ("a ConfigMap that is not there", "broker-trigger", "patterns/broker-trigger/alerts.yaml", "        configMap:\n          name: alerts", "        configMap:\n          name: alert", "Service/alerts: spec.template.spec.volumes[0].configMap"),
    ("an address of Kafka without its namespace", "kafka-source", "overlays/kind/last/kustomization.yaml", "components:\n- ../../../components/kafka-strimzi/address\n", "", "ConfigMap/kafka: data.bootstrapServers"),
    ("another address of Kafka", "kafka-source", "components/verdict-sink/kustomization.yaml", "spec.bootstrapServers.0", "spec.topic", "KafkaSink/verdicts: spec.bootstrapServers"),
    ("a port on which Kafka does not listen", "source-to-sink", "components/kafka-strimzi/kafka.yaml", "svc:9093", "svc:9092", "is no listener of ours"),
    ("a right that is missing", "source-to-sink", "components/kafka-topics/users.yaml", "operations: [Describe, Write]\n    # what no retry", "operations: [Describe]\n    # what no retry", "Deployment/source-adapter needs Write of topic audit-verdicts"),
    ("a topic of no cluster", "source-to-sink", "components/kafka-topics/topics.yaml", "strimzi.io/cluster: umpire", "strimzi.io/cluster: demo", "KafkaTopic/hits: metadata.labels.strimzi.io/cluster"),
    ("a reference into a namespace by its name", "channel", "patterns/channel/channel.yaml", "      name: audit-fn\n", "      name: audit-fn\n      namespace: umpire\n", "Subscription/audit: spec.subscriber.ref.namespace: names the namespace umpire"),
    ("an address in a namespace by its name", "source-to-sink", "components/adapter/adapter.yaml", "        - name: NAME\n", "        - {name: ADAPTER_SINK, value: http://audit-fn.umpire.svc}\n        - name: NAME\n", "Deployment/source-adapter: spec.template.spec.containers[0].env[10].value: names the namespace umpire"),
    ("a topic by the program's default", "source-to-sink", "base/provider.yaml", "        - name: PROVIDER_STATUS_TOPIC\n          valueFrom: {configMapKeyRef: {name: umpire, key: status}}\n", "", "Deployment/event-provider: containers.event-provider.env: PROVIDER_STATUS_TOPIC: expected a key of ConfigMap umpire"),
    ("somebody else's password", "source-to-sink", "components/kafka-topics/users.yaml", "name: kafka-adapter, key: password", "name: kafka-provider, key: password", "KafkaUser/umpire-adapter: spec.authentication.password"),
)


def findings_of(schemas, mistake):
    """What is found in a copy of deploy/ with the mistake made."""
    _, pattern, path, right, wrong, _ = mistake
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "deploy")
        shutil.copytree(DEPLOY, copy, ignore=shutil.ignore_patterns(".render-*", "laptop"))
        shutil.copy(os.path.join(ROOT, "meson.build"), folder)
        with open(os.path.join(copy, path)) as file:
            text = file.read()
        if right not in text:
            return ["the mistake cannot be made: %s does not have %r" % (path, right)]
        with open(os.path.join(copy, path), "w") as file:
            file.write(text.replace(right, wrong))
        try:
            things = render("kind", pattern.split()[0], " ".join(pattern.split()[2:]), deploy=copy)
        except RuntimeError as error:
            return [str(error)]
        found = list(schemas.check(pattern, things)) if schemas.folder else []
        return [str(finding) for finding in found + [finding for rule in RULES for finding in rule(pattern, things)]]


def unnamed(mistake, line):
    """Which of file, object and field a finding does not name. The file is the one with the mistake, where that is a manifest; else that of the object
    on which it shows."""
    named = re.match(r"[^:]+: (deploy/[\w./-]+\.yaml): ([A-Za-z]+/[\w.-]+): ([\w.\[\]/-]+): .", line)
    if not named:
        return "file, object and field"
    path = "deploy/" + mistake[2]
    if os.path.basename(path) != "kustomization.yaml" and path.endswith(".yaml") and named[1] != path:
        return "the file " + path
    return None if os.path.exists(os.path.join(ROOT, named[1])) else "a file that is there"


def main():
    schemas = Schemas()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        everything = list(pool.map(lambda mistake: findings_of(schemas, mistake), MISTAKES))
    for mistake, found in zip(MISTAKES, everything):
        caught = [line for line in found if mistake[5] in line]
        lacking = [] if any(not unnamed(mistake, line) for line in caught) else ["%s: does not name %s" % (line, unnamed(mistake, line)) for line in caught]
        tell(caught and not lacking, "%s is caught, with file, object and field" % mistake[0], lacking if caught else ["expected: " + mistake[5]] + ["found: " + line for line in found])
    finish()


main()
