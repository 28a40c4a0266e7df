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
	char *sasl_user, *sasl_password, *sasl_password_file;
	char *sasl_type;
	bool tls_enable;
	char *tls_certificate, *tls_key, *tls_ca; /* PEM text, or a path */
	char *oauth_token_url, *oauth_client_id, *oauth_client_secret_file, *oauth_scope;
	char *service_binding_root;
	struct ump_list set; /* name=value, further properties of librdkafka */
};

/* The options of both programs that speak Kafka: an option group whose offset the program gives. */
extern const struct ump_option ump_kafka_options[];
extern const size_t ump_kafka_option_count;

/* For the program's `check`: that what is needed is there, that files can be read, that librdkafka takes each `set`, and that none names a
 * property in `owned` (NULL at the end; or NULL) or one that this library owns. */
int ump_kafka_check(const struct ump_kafka_settings *settings, const char *const *owned, struct ump_error *error);

/* librdkafka's configuration with brokers, security, client.id, log callback (into our log, without secrets), then `properties` (name,
 * value, …, NULL; or NULL) and then each `set`, which ump_kafka_check() has kept away from what is owned. Files are read here, so that each
 * new client has what they hold now. The caller owns it until ump_kafka_open() takes it. */
int ump_kafka_configure(const struct ump_kafka_settings *settings, const char *client_id, const char *const *properties,
			rd_kafka_conf_t **ret_configuration, struct ump_error *error);

/* Sets what only newer versions of librdkafka know, and does nothing in an older one. */
void ump_kafka_set_if_known(rd_kafka_conf_t *configuration, const char *name, const char *value);

/* rd_kafka_new(), and what has to follow it: with OAUTHBEARER, librdkafka's background thread fetches the tokens. Takes the configuration
 * in any case. */
int ump_kafka_open(rd_kafka_type_t type, rd_kafka_conf_t *configuration, rd_kafka_t **ret_handle, struct ump_error *error);

/* What the caller can do about an error of librdkafka: UMP_RETRY for all that time or an operator may mend (a broker, a missing topic, a
 * right that is not granted), UMP_REJECT where this record will be refused again, UMP_FATAL where this client is at its end. */
enum ump_error_kind ump_kafka_error_kind(rd_kafka_resp_err_t code);
