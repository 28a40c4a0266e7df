#!/usr/bin/python3
"""What a cluster would make of the manifests, those of kind/PATTERN where nothing else is said, for tests that run the programs on a real Kafka.

    as_deployed.py rights PATTERN [EXTRA]     a line for each right of its KafkaUsers, as tests/support/Rights.java reads it
    as_deployed.py env PATTERN OBJECT         the variables that the manifest gives the container of Deployment or Service OBJECT, NAME=VALUE
    as_deployed.py binding FOLDER NAME OPTION…  the Secret NAME, as kafka-secret makes it with these options, mounted: a file for each key in FOLDER
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import yaml  # noqa: E402
from environment import given  # noqa: E402
from objects import DEPLOY, pod_of, render  # noqa: E402

# Kafka's words where Strimzi has others.
WORDS = {"transactionalId": "TRANSACTIONAL_ID", "prefix": "PREFIXED", "DescribeConfigs": "DESCRIBE_CONFIGS"}


def words(*texts):
    return [WORDS.get(text, text.upper()) for text in texts]


def rights(things):
    for thing in things:
        if thing["kind"] == "KafkaUser":
            for rule in thing["spec"]["authorization"]["acls"]:
                resource = rule["resource"]
                for operation in rule["operations"]:
                    yield (thing["metadata"]["name"], *words(resource["type"], resource["patternType"]), resource["name"], *words(operation))


def binding(folder, name, options):
    secret = subprocess.run([os.path.join(DEPLOY, "bin/kafka-secret"), name, *options], capture_output=True, text=True, check=True).stdout
    os.makedirs(folder, exist_ok=True)
    for key, value in yaml.safe_load(secret)["stringData"].items():
        with open(os.path.join(folder, key), "w") as file:
            file.write(value)


def main():
    command, rest = sys.argv[1], sys.argv[2:]
    if command == "rights":
        for each in rights(render("openshift-dedicated", *rest)):
            print(*each)
    elif command == "env":
        things = render("kind", rest[0])
        thing = next(each for each in things if each["metadata"]["name"] == rest[1] and pod_of(each))
        for name, value in given(pod_of(thing)["containers"][0], things).items():
            print("%s=%s" % (name, value))
    elif command == "binding":
        binding(rest[0], rest[1], rest[2:])
    else:
        sys.exit(__doc__)


main()
