/* common/kafka/settings.c: the options' table, and their translation into librdkafka's properties. */
#include "common/kafka/settings.h"
#include "common/kafka/connection.h"
#include "common/kafka/oauth.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define MEMBER(name) .offset = offsetof(struct ump_kafka_settings, name)

const struct ump_option ump_kafka_options[] = {
	{"bootstrap-servers", "KAFKA_BOOTSTRAP_SERVERS", UMP_OPTION_STRING, MEMBER(bootstrap_servers), .value = "HOST:PORT[,...]",
	 .help = "the Kafka cluster's servers, to begin with"},
	{"sasl-enable", "KAFKA_NET_SASL_ENABLE", UMP_OPTION_SWITCH, MEMBER(sasl_enable), .fallback = "false",
	 .help = "authenticate with SASL"},
	{"sasl-type", "KAFKA_NET_SASL_TYPE", UMP_OPTION_STRING, MEMBER(sasl_type), .value = "MECHANISM",
	 .help = "PLAIN (taken where none is given), SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"},
	{"sasl-user", "KAFKA_NET_SASL_USER", UMP_OPTION_STRING, MEMBER(sasl_user), .value = "NAME",
	 .help = "user of PLAIN and SCRAM"},
	{"sasl-password", "KAFKA_NET_SASL_PASSWORD", UMP_OPTION_STRING, MEMBER(sasl_password), .value = "PASSWORD", .secret = true,
	 .help = "password of PLAIN and SCRAM"},
	{"sasl-password-file", "KAFKA_NET_SASL_PASSWORD_FILE", UMP_OPTION_STRING, MEMBER(sasl_password_file), .value = "FILE",
	 .help = "file with that password, read again when it changes"},
	{"tls-enable", "KAFKA_NET_TLS_ENABLE", UMP_OPTION_SWITCH, MEMBER(tls_enable), .fallback = "false",
	 .help = "connect with TLS; certificates are always verified"},
	{"tls-cert", "KAFKA_NET_TLS_CERT", UMP_OPTION_STRING, MEMBER(tls_certificate), .value = "PEM|FILE",
	 .help = "the client's certificate, for mutual TLS"},
	{"tls-key", "KAFKA_NET_TLS_KEY", UMP_OPTION_STRING, MEMBER(tls_key), .value = "PEM|FILE", .secret = true,
	 .help = "the client's private key"},
	{"tls-ca-cert", "KAFKA_NET_TLS_CA_CERT", UMP_OPTION_STRING, MEMBER(tls_ca), .value = "PEM|FILE",
	 .help = "whom to trust instead of the system's authorities"},
	{"oauth-token-url", "KAFKA_OAUTH_TOKEN_URL", UMP_OPTION_STRING, MEMBER(oauth_token_url), .value = "URL",
	 .help = "where OAUTHBEARER gets its tokens (OpenID Connect, client credentials)"},
	{"oauth-client-id", "KAFKA_OAUTH_CLIENT_ID", UMP_OPTION_STRING, MEMBER(oauth_client_id), .value = "ID",
	 .help = "the client's id there"},
	{"oauth-client-secret-file", "KAFKA_OAUTH_CLIENT_SECRET_FILE", UMP_OPTION_STRING, MEMBER(oauth_client_secret_file), .value = "FILE",
	 .help = "file with the client's secret, read for each token"},
	{"oauth-scope", "KAFKA_OAUTH_SCOPE", UMP_OPTION_STRING, MEMBER(oauth_scope), .value = "SCOPE",
	 .help = "scope to ask for"},
	{"service-binding-root", "SERVICE_BINDING_ROOT", UMP_OPTION_STRING, MEMBER(service_binding_root), .value = "FOLDER",
	 .help = "folder of service bindings: the one of type kafka gives what no option gives"},
	{"kafka-set", NULL, UMP_OPTION_LIST, MEMBER(set), .value = "NAME=VALUE",
	 .help = "a further property of librdkafka; may be given again"},
};
/* clang-format on */

const size_t ump_kafka_option_count = sizeof ump_kafka_options / sizeof *ump_kafka_options;

/* Properties with an option; secrets, which would show in the list of processes; and what the producer's promises rest on. */
static const struct {
	const char *name, *instead;
} refused[] = {
	{"bootstrap.servers", "--bootstrap-servers"},
	{"metadata.broker.list", "--bootstrap-servers"},
	{"security.protocol", "--sasl-enable and --tls-enable"},
	{"sasl.mechanism", "--sasl-type"},
	{"sasl.mechanisms", "--sasl-type"},
	{"sasl.username", "--sasl-user"},
	{"sasl.password", "--sasl-password-file"},
	{"sasl.oauthbearer.config", "--oauth-token-url"},
	{"sasl.oauthbearer.client.secret", "--oauth-client-secret-file"},
	{"ssl.ca.location", "--tls-ca-cert"},
	{"ssl.ca.pem", "--tls-ca-cert"},
	{"ssl.certificate.location", "--tls-cert"},
	{"ssl.certificate.pem", "--tls-cert"},
	{"ssl.key.location", "--tls-key"},
	{"ssl.key.pem", "--tls-key"},
	{"ssl.key.password", "--tls-key with a key that is not encrypted"},
	{"ssl.keystore.location", "--tls-cert and --tls-key"},
	{"ssl.keystore.password", "--tls-cert and --tls-key"},
	{"enable.idempotence", NULL},
	{"acks", NULL},
	{"request.required.acks", NULL},
	{"partitioner", NULL},
	{"allow.auto.create.topics", NULL},
};

static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
	enum ump_log_level ours = level <= 3 ? UMP_LOG_ERROR : level == 4 ? UMP_LOG_WARNING : level <= 6 ? UMP_LOG_INFO : UMP_LOG_DEBUG;
	/* Said at every connection to a broker that knows no such request, as the embedded one; which makes no topics anyway. */
	if (strcmp(facility, "AUTOCREATE") == 0)
		ours = UMP_LOG_DEBUG;
	ump_log(ours, "librdkafka", UMP_LOG_S("client", handle ? rd_kafka_name(handle) : ""), UMP_LOG_S("facility", facility),
		UMP_LOG_S("text", text));
}

/* librdkafka's text is not shown for a secret: it repeats the value. */
static int set(rd_kafka_conf_t *configuration, const char *name, const char *value, struct ump_error *error)
{
	char text[256];
	if (rd_kafka_conf_set(configuration, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
		return 0;
	bool secret = strstr(name, "password") || strstr(name, ".key") || strstr(name, "secret");
	return ump_fail(error, UMP_REJECT, "librdkafka's property %s: %s", name, secret ? "the value is refused" : text);
}

void ump_kafka_set_if_known(rd_kafka_conf_t *configuration, const char *name, const char *value)
{
	char text[256];
	rd_kafka_conf_set(configuration, name, value, text, sizeof text);
}

/* One --kafka-set, taken apart: `*ret_name` is the caller's to free, `*ret_value` is a view. */
static int split(const char *item, char **ret_name, const char **ret_value, struct ump_error *error)
{
	const char *equals = strchr(item, '=');
	if (!equals || equals == item)
		return ump_fail(error, UMP_REJECT, "--kafka-set %.100s: expected NAME=VALUE", item);
	*ret_name = ump_copy_bytes(item, (size_t)(equals - item));
	*ret_value = equals + 1;
	return 0;
}

static int check_name(const char *name, const char *const *owned, struct ump_error *error)
{
	const char *instead = NULL;
	bool found = false;
	for (size_t i = 0; !found && i < sizeof refused / sizeof *refused; i++) {
		found = strcmp(name, refused[i].name) == 0;
		instead = refused[i].instead;
	}
	if (found && instead)
		return ump_fail(error, UMP_REJECT, "--kafka-set %s: expected %s instead", name, instead);
	for (; !found && owned && *owned; owned++)
		found = strcmp(name, *owned) == 0;
	return found ? ump_fail(error, UMP_REJECT, "--kafka-set %s: this program decides on it", name) : 0;
}

/* librdkafka repeats the client's nonce before 2.6.1, which Kafka refuses since 3.7.2 and 3.8.1: what one sees is "invalid credentials". */
static void warn(const struct ump_kafka_connection *connection)
{
	enum { FIRST_GOOD = 0x020601ff };
	bool scram = connection->mechanism == UMP_SASL_SCRAM_SHA_256 || connection->mechanism == UMP_SASL_SCRAM_SHA_512;
	if (!connection->sasl)
		return;
	if (scram && rd_kafka_version() < FIRST_GOOD)
		ump_log(UMP_LOG_WARNING, "Apache Kafka 3.7.2, 3.8.1 and newer refuse SCRAM from librdkafka before 2.6.1",
			UMP_LOG_S("librdkafka", rd_kafka_version_str()));
	if (connection->mechanism == UMP_SASL_PLAIN && !connection->tls)
		ump_log(UMP_LOG_WARNING, "the password goes over the network in the clear: SASL PLAIN without TLS");
}

static int set_sasl(rd_kafka_conf_t *configuration, const struct ump_kafka_connection *connection,
		    const struct ump_kafka_settings *settings, struct ump_error *error)
{
	if (set(configuration, "sasl.mechanism", ump_sasl_names[connection->mechanism], error) < 0)
		return -1;
	if (connection->mechanism == UMP_SASL_OAUTHBEARER)
		return ump_oauth_configure(configuration, settings, error);
	if (set(configuration, "sasl.username", connection->user, error) < 0)
		return -1;
	return set(configuration, "sasl.password", connection->password, error);
}

static int set_pem(rd_kafka_conf_t *configuration, const char *name, const char *value, struct ump_error *error)
{
	if (!value)
		return 0;
	ump_cleanup_free char *property = ump_format("%s.%s", name, ump_kafka_is_pem(value) ? "pem" : "location");
	return set(configuration, property, value, error);
}

static int set_security(rd_kafka_conf_t *configuration, const struct ump_kafka_connection *connection,
			const struct ump_kafka_settings *settings, struct ump_error *error)
{
	static const char *const protocols[2][2] = {{"plaintext", "ssl"}, {"sasl_plaintext", "sasl_ssl"}};
	if (set(configuration, "security.protocol", protocols[connection->sasl][connection->tls], error) < 0)
		return -1;
	if (connection->tls && (set_pem(configuration, "ssl.ca", connection->ca, error) < 0 ||
				set_pem(configuration, "ssl.certificate", connection->certificate, error) < 0 ||
				set_pem(configuration, "ssl.key", connection->key, error) < 0))
		return -1;
	return connection->sasl ? set_sasl(configuration, connection, settings, error) : 0;
}

static int set_list(rd_kafka_conf_t *configuration, const struct ump_list *list, struct ump_error *error)
{
	for (size_t i = 0; i < list->count; i++) {
		ump_cleanup_free char *name = NULL;
		const char *value;
		if (split(list->items[i], &name, &value, error) < 0)
			return -1;
		if (set(configuration, name, value, error) < 0)
			return ump_error_prefix(error, "--kafka-set");
	}
	return 0;
}

static int set_properties(rd_kafka_conf_t *configuration, const char *const *properties, struct ump_error *error)
{
	for (; properties && *properties; properties += 2)
		if (set(configuration, properties[0], properties[1], error) < 0)
			return -1;
	return 0;
}

/* Beside what was asked for: a broker that comes back is noticed within 2 s, small requests are sent at once, dead connections are found,
 * and a mistyped topic stays an error. */
static int fill(rd_kafka_conf_t *configuration, const struct ump_kafka_connection *connection, const struct ump_kafka_settings *settings,
		const char *client_id, const char *const *properties, struct ump_error *error)
{
	const char *const defaults[] = {"bootstrap.servers",
					connection->bootstrap_servers,
					"client.id",
					client_id,
					"reconnect.backoff.max.ms",
					"2000",
					"socket.nagle.disable",
					"true",
					"socket.keepalive.enable",
					"true",
					"allow.auto.create.topics",
					"false",
					NULL};
	rd_kafka_conf_set_log_cb(configuration, on_log);
	if (set_properties(configuration, defaults, error) < 0 || set_security(configuration, connection, settings, error) < 0 ||
	    set_properties(configuration, properties, error) < 0)
		return -1;
	return set_list(configuration, &settings->set, error);
}

static int build(const struct ump_kafka_connection *connection, const struct ump_kafka_settings *settings, const char *client_id,
		 const char *const *properties, rd_kafka_conf_t **ret_configuration, struct ump_error *error)
{
	rd_kafka_conf_t *configuration = rd_kafka_conf_new();
	if (fill(configuration, connection, settings, client_id, properties, error) < 0) {
		rd_kafka_conf_destroy(configuration);
		return -1;
	}
	*ret_configuration = configuration;
	return 0;
}

int ump_kafka_configure(const struct ump_kafka_settings *settings, const char *client_id, const char *const *properties,
			rd_kafka_conf_t **ret_configuration, struct ump_error *error)
{
	struct ump_kafka_connection connection;
	if (ump_kafka_connection_read(settings, &connection, error) < 0)
		return -1;
	int result = build(&connection, settings, client_id, properties, ret_configuration, error);
	if (result == 0)
		warn(&connection);
	ump_kafka_connection_release(&connection);
	return result;
}

int ump_kafka_check(const struct ump_kafka_settings *settings, const char *const *owned, struct ump_error *error)
{
	struct ump_kafka_connection connection;
	rd_kafka_conf_t *configuration;
	for (size_t i = 0; i < settings->set.count; i++) {
		ump_cleanup_free char *name = NULL;
		const char *value;
		if (split(settings->set.items[i], &name, &value, error) < 0 || check_name(name, owned, error) < 0)
			return -1;
	}
	if (ump_kafka_connection_read(settings, &connection, error) < 0)
		return -1;
	int result = build(&connection, settings, "check", NULL, &configuration, error);
	ump_kafka_connection_release(&connection);
	if (result == 0)
		rd_kafka_conf_destroy(configuration);
	return result;
}
