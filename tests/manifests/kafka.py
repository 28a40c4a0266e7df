"""Rules: one name for each topic, group and address of Kafka, and the right to use it."""
from environment import program_of
from objects import Finding, group_of, pod_of
from references import index

USERS = {"kafka-provider": "umpire-provider", "kafka-adapter": "umpire-adapter"}
# What each variable that names a topic or group needs: what Kafka calls it, the operations, and whether the program works without it.
NEEDS = {
    "PROVIDER_TOPIC": ("topic", {"Describe", "Read", "Write"}),
    "PROVIDER_VERDICT_TOPIC": ("topic", {"Describe", "Read"}),
    "PROVIDER_TABLE_TOPIC": ("topic", {"Describe", "Read", "Write"}),
    "PROVIDER_DEAD_LETTER_TOPIC": ("topic", {"Describe", "Read"}),
    "PROVIDER_STATUS_TOPIC": ("topic", {"Describe", "Read"}),
    "PROVIDER_GROUP": ("group", {"Describe"}),
    "KAFKA_TOPICS": ("topic", {"Describe", "Read"}),
    "KAFKA_CONSUMER_GROUP": ("group", {"Describe", "Read"}),
    "ADAPTER_REPLY_TOPIC": ("topic", {"Describe", "Write"}),
    "ADAPTER_DEAD_LETTER_TOPIC": ("topic", {"Describe", "Write"}),
    "ADAPTER_STATUS_TOPIC": ("topic", {"Describe", "Write"}),
}


def names(things):
    return index(things)[("", "ConfigMap", "umpire")]["data"]


def acls(thing):
    return (thing["spec"].get("authorization") or {}).get("acls") or []


def topics(where, things):
    """One name for each topic, everywhere; it exists where Kafka is ours."""
    agreed = {names(things)[key] for key in ("hits", "verdicts", "table", "dead-letters", "status", "candidate-verdicts")}
    groups = {value for key, value in names(things).items() if key.endswith("group")}
    groups |= {thing["spec"]["groupId"] for thing in things if thing["kind"] == "KafkaConnect"}
    groups |= {"connect-" + thing["metadata"]["name"] for thing in things if thing["kind"] == "KafkaConnector"}
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
        elif thing["kind"] == "KafkaTopic" and thing["spec"].get("topicName", thing["metadata"]["name"]) not in agreed:
            yield Finding(where, thing, "spec.topicName", "makes %s, which nobody names" % thing["spec"].get("topicName", thing["metadata"]["name"]))
        elif thing["kind"] == "KafkaUser":
            rules = [rule["resource"] for rule in acls(thing) if rule["resource"].get("patternType") == "literal"]
            used = [("spec.authorization.acls", each["name"]) for each in rules if each["type"] == "topic"]
            for each in rules:
                if each["type"] == "group" and each["name"] not in groups:
                    yield Finding(where, thing, "spec.authorization.acls", "no part uses the group %s" % each["name"])
        elif thing["kind"] == "KafkaConnector":
            used = [("spec.config.topics", thing["spec"]["config"]["topics"])]
        elif thing["kind"] == "ScaledObject":
            for trigger in thing["spec"]["triggers"]:
                if trigger["type"] == "kafka":
                    used.append(("spec.triggers", trigger["metadata"]["topic"]))
                    if trigger["metadata"]["consumerGroup"] not in groups:
                        yield Finding(where, thing, "spec.triggers", "no part uses the group %s" % trigger["metadata"]["consumerGroup"])
        for field, topic in used:
            if topic not in allowed:
                yield Finding(where, thing, field, "topic %s is not one of %s" % (topic, ", ".join(sorted(allowed))))
        if thing["kind"] == "KafkaSink" and thing["spec"].get("contentMode") != "binary":
            yield Finding(where, thing, "spec.contentMode", "expected binary: the board reads attributes from headers")


# What a program must be told: by default it takes the names of docs/INTERFACES.md, which an attendee's topics do not have.
TOLD = {
    "event-provider": [name for name in NEEDS if name.startswith("PROVIDER_")],
    "source-adapter": ["KAFKA_TOPICS", "KAFKA_CONSUMER_GROUP", "ADAPTER_DEAD_LETTER_TOPIC", "ADAPTER_STATUS_TOPIC"],
}


def told(where, things):
    """Every name of a topic or group comes from ConfigMap umpire, none is a program's default or written out."""
    for thing in things:
        pod = pod_of(thing)
        for container in pod["containers"] if pod else ():
            by_reference = {each["name"] for each in container.get("env") or [] if "configMapKeyRef" in (each.get("valueFrom") or {})}
            for name in TOLD.get(program_of(container), ()):
                if name not in by_reference:
                    yield Finding(where, thing, "containers.%s.env" % container["name"], "%s: expected a key of ConfigMap umpire" % name)


def addresses(where, things):
    """Every address of Kafka is that of ConfigMap kafka, and where Kafka is ours, that of a listener, with the namespace in it."""
    address = index(things)[("", "ConfigMap", "kafka")]["data"]["bootstrapServers"]
    ours = [thing for thing in things if thing["kind"] == "Kafka"]
    if ours:
        # Strimzi names the service <cluster>-kafka-bootstrap.
        listeners = {"%s-kafka-bootstrap.%s.svc:%d" % (ours[0]["metadata"]["name"], ours[0]["metadata"]["namespace"], each["port"])
                     for each in ours[0]["spec"]["kafka"]["listeners"] if each["type"] == "internal"}
        if address not in listeners:
            yield Finding(where, index(things)[("", "ConfigMap", "kafka")], "data.bootstrapServers", "%s is no listener of ours (%s)" % (address, ", ".join(sorted(listeners))))
    for thing in things:
        used = []
        if thing["kind"] in ("KafkaSource", "KafkaSink"):
            used = [("spec.bootstrapServers", each) for each in thing["spec"]["bootstrapServers"]]
        elif thing["kind"] == "ConfigMap" and "bootstrap.servers" in (thing.get("data") or {}):
            used = [("data.[bootstrap.servers]", thing["data"]["bootstrap.servers"])]
        elif thing["kind"] == "ScaledObject":
            used = [("spec.triggers", each["metadata"]["bootstrapServers"]) for each in thing["spec"]["triggers"] if each["type"] == "kafka"]
        elif thing["kind"] in ("KafkaConnect", "KafkaBridge"):
            used = [("spec.bootstrapServers", thing["spec"]["bootstrapServers"])]
        elif thing["kind"] == "KafkaConnector":
            used = [("spec.config." + key, value) for key, value in thing["spec"]["config"].items() if key.endswith("bootstrap.servers")]
        for field, each in used:
            if each != address:
                yield Finding(where, thing, field, "expected Kafka's address, %s, found %s" % (address, each))


def needs(thing, things):
    """What an object does with Kafka: (field, user's Secret, resource type, name, operations)."""
    pod = pod_of(thing)
    for container in pod["containers"] if pod else ():
        secrets = [volume["secret"]["secretName"] for volume in pod.get("volumes") or [] if "secret" in volume]
        for variable in container.get("env") or []:
            reference = (variable.get("valueFrom") or {}).get("configMapKeyRef")
            if variable["name"] in NEEDS and reference:
                kind, operations = NEEDS[variable["name"]]
                config = index(things).get(("", "ConfigMap", reference["name"]))
                name = ((config or {}).get("data") or {}).get(reference["key"])
                for secret in secrets if name else ():
                    yield "env." + variable["name"], secret, kind, name, operations
    if thing["kind"] == "KafkaSource":
        secret = thing["spec"]["net"]["sasl"]["user"]["secretKeyRef"]["name"]
        yield "spec.consumerGroup", secret, "group", thing["spec"]["consumerGroup"], {"Describe", "Read"}
        for topic in thing["spec"]["topics"]:
            yield "spec.topics", secret, "topic", topic, {"Describe", "Read"}
    if thing["kind"] == "KafkaSink":
        yield "spec.topic", thing["spec"]["auth"]["secret"]["ref"]["name"], "topic", thing["spec"]["topic"], {"Describe", "Write"}


def rights(where, things):
    """Where Kafka is ours, each part's user may do what the part does, and its password is that of the part's Secret."""
    users = {thing["metadata"]["name"]: thing for thing in things if thing["kind"] == "KafkaUser"}
    for name, user in users.items():
        secret = (((user["spec"]["authentication"].get("password") or {}).get("valueFrom") or {}).get("secretKeyRef") or {}).get("name")
        if secret and secret.replace("kafka-", "umpire-") != name:
            yield Finding(where, user, "spec.authentication.password", "expected the password of Secret %s" % name.replace("umpire-", "kafka-"))
    for thing in things if users else ():
        for field, secret, kind, resource, operations in needs(thing, things):
            user = users.get(USERS.get(secret))
            if user is None:
                yield Finding(where, thing, field, "no KafkaUser has the Secret %s" % secret)
                continue
            held = {operation for rule in acls(user) if rule["resource"]["type"] == kind and matches(rule["resource"], resource) for operation in rule["operations"]}
            if operations - held:
                yield Finding(where, user, "spec.authorization.acls", "%s/%s needs %s of %s %s" % (thing["kind"], thing["metadata"]["name"], ", ".join(sorted(operations - held)), kind, resource))


def matches(resource, name):
    return name.startswith(resource["name"]) if resource.get("patternType") == "prefix" else resource["name"] == name


RULES = (topics, told, addresses, rights)
