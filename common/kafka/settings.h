/* common/kafka/settings.h: how to reach a Kafka cluster, as librdkafka's configuration.
 *
 * From options and variables (KAFKA_BOOTSTRAP_SERVERS, KAFKA_NET_SASL_*, KAFKA_NET_TLS_*), or from a service binding (SERVICE_BINDING_ROOT,
 * all three dialects), or both: a given option wins over the binding. PEM comes as text or as a path. Secrets never appear in errors. */
#pragma once
#include "common/config/options.h"
#include <librdkafka/rdkafka.h>

struct ump_kafka_settings {
	char *bootstrap_servers;
	bool sasl_enable;
	char *sasl_user, *sasl_password;
	int sasl_type; /* enum ump_sasl_type */
	bool tls_enable;
	char *tls_certificate, *tls_key, *tls_ca;
	char *oauth_token_url, *oauth_client_id, *oauth_client_secret_file, *oauth_scope;
	char *service_binding_root;
	struct ump_list set; /* name=value, further properties of librdkafka */
};

enum ump_sasl_type { UMP_SASL_PLAIN, UMP_SASL_SCRAM_SHA_256, UMP_SASL_SCRAM_SHA_512, UMP_SASL_OAUTHBEARER };

/* The options of both programs that speak Kafka: an option group whose offset the program gives. */
extern const struct ump_option ump_kafka_options[];
extern const size_t ump_kafka_option_count;

/* For the program's `check`: that what is needed is there, that files can be read, that no `set` names a property in `owned` (NULL at the
 * end). */
int ump_kafka_check(const struct ump_kafka_settings *settings, const char *const *owned, struct ump_error *error);

/* librdkafka's configuration with brokers, security, client.id, log callback (into our log, without secrets) and `set` applied, then
 * `properties` (name, value, …, NULL), which win. The caller owns it until rd_kafka_new() takes it. */
int ump_kafka_configure(const struct ump_kafka_settings *settings, const char *client_id, const char *const *properties,
			rd_kafka_conf_t **ret_configuration, struct ump_error *error);
