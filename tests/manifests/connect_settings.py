#!/usr/bin/python3
"""The settings of deploy/extras/connect as Kafka Connect reads them.

    connect_settings.py FOLDER BOOTSTRAP REST-PORT

Renders the extra and writes FOLDER/worker.properties and FOLDER/<connector>.json. What the cluster would give is given in its place: the
address of Kafka, and for the files that it mounts (/mnt) and the pod's /tmp, folders inside FOLDER. All else is as the manifests say.
"""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from objects import render  # noqa: E402


def main():
    folder, bootstrap, port = sys.argv[1:]
    things = render("openshift-dedicated", "source-to-sink", "connect")
    address = next(thing for thing in things if thing["kind"] == "ConfigMap" and thing["metadata"]["name"] == "kafka")["data"]["bootstrapServers"]

    def here(value):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return text.replace(address, bootstrap).replace("/tmp/", folder + "/tmp/").replace("/mnt/", folder + "/mnt/")  # folder may lie in /tmp

    worker = next(thing for thing in things if thing["kind"] == "KafkaConnect")["spec"]
    assert worker["bootstrapServers"] == address and worker["authentication"]["type"] == "scram-sha-512" and worker["tls"]
    # As Strimzi does for a worker with `authentication` and `tls`: for itself, its producers and its consumers.
    secure = {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "ssl.truststore.type": "PEM",
              "ssl.truststore.location": folder + "/mnt/authority/ca.crt", "sasl.jaas.config": "${directory:%s/mnt/user:sasl.jaas.config}" % folder}
    lines = dict({key: here(value) for key, value in worker["config"].items()}, **{prefix + key: value for prefix in ("", "producer.", "consumer.", "admin.") for key, value in secure.items()})
    lines.update({"bootstrap.servers": bootstrap, "group.id": worker["groupId"], "config.storage.topic": worker["configStorageTopic"],
                  "offset.storage.topic": worker["offsetStorageTopic"], "status.storage.topic": worker["statusStorageTopic"],
                  "listeners": "http://127.0.0.1:" + port, "scheduled.rebalance.max.delay.ms": 0})
    with open(folder + "/worker.properties", "w") as file:
        file.writelines("%s=%s\n" % each for each in lines.items())
    for thing in things:
        if thing["kind"] == "KafkaConnector":
            config = {"connector.class": thing["spec"]["class"], "tasks.max": str(thing["spec"]["tasksMax"]), **thing["spec"]["config"]}
            with open("%s/%s.json" % (folder, thing["metadata"]["name"]), "w") as file:
                json.dump({key: here(value) for key, value in config.items()}, file)


main()
