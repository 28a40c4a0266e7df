/* common/kafka/connection.h: where the cluster is and how one gets in: settings and service binding read together, checked as a whole.
 *
 * Private to common/kafka. Read again for each new client and whenever a file has changed. */
#pragma once
#include "common/kafka/binding.h"
#include "common/kafka/settings.h"

enum ump_sasl_mechanism { UMP_SASL_PLAIN, UMP_SASL_SCRAM_SHA_256, UMP_SASL_SCRAM_SHA_512, UMP_SASL_OAUTHBEARER };

/* The names of the mechanisms, by value. */
extern const char *const ump_sasl_names[];

/* Strings are views into the settings or the members below. */
struct ump_kafka_connection {
	const char *bootstrap_servers;
	bool sasl, tls;
	enum ump_sasl_mechanism mechanism;
	const char *user, *password;
	const char *certificate, *key, *ca; /* PEM text, or a path */
	struct ump_kafka_binding binding;
	char *password_text; /* of the password file */
};

int ump_kafka_connection_read(const struct ump_kafka_settings *settings, struct ump_kafka_connection *ret_connection,
			      struct ump_error *error);
void ump_kafka_connection_release(struct ump_kafka_connection *connection);

/* PEM text, where others are paths. */
bool ump_kafka_is_pem(const char *text);
