/* common/kafka/binding.h: what a service binding says about a Kafka cluster.
 *
 * A binding is a folder of small files below SERVICE_BINDING_ROOT, one value each (https://servicebinding.io, "Application Projection").
 * Their names come in three dialects, and all are read: camel case (bootstrapServers, user), dots and hyphens as in Kafka's own properties
 * (bootstrap.servers, username, ssl.truststore.crt), and the specification's own (certificates, private-key). */
#pragma once
#include "common/error.h"

/* NULL where the binding says nothing. Certificates and keys are paths, so that they are read again with each new client. */
struct ump_kafka_binding {
	char *folder;
	char *bootstrap_servers;
	char *security_protocol;
	char *sasl_mechanism;
	char *user;
	char *password;
	char *certificate;
	char *key;
	char *ca;
};

/* Reads the one binding below `root` whose `type` is kafka; without one, `*ret_binding` is empty. Values lose the white space at their
 * ends. Errors: two such bindings, two files that disagree, a file that cannot be read or is over 64 KiB (PEM: 1 MiB). They name files,
 * never values. */
int ump_kafka_binding_read(const char *root, struct ump_kafka_binding *ret_binding, struct ump_error *error);
void ump_kafka_binding_release(struct ump_kafka_binding *binding);
