/* common/kafka/connection.c */
#include "common/kafka/connection.h"
#include "common/kafka/small_file.h"
#include "common/memory.h"
#include "common/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const ump_sasl_names[] = {
	[UMP_SASL_PLAIN] = "PLAIN",
	[UMP_SASL_SCRAM_SHA_256] = "SCRAM-SHA-256",
	[UMP_SASL_SCRAM_SHA_512] = "SCRAM-SHA-512",
	[UMP_SASL_OAUTHBEARER] = "OAUTHBEARER",
};

void ump_kafka_connection_release(struct ump_kafka_connection *connection)
{
	ump_kafka_binding_release(&connection->binding);
	free(connection->password_text);
	*connection = (struct ump_kafka_connection){0};
}

bool ump_kafka_is_pem(const char *text)
{
	return strstr(text, "-----BEGIN ") != NULL;
}

/* Kubernetes gives an empty variable for an optional secret that is not there. */
static const char *given(const char *text)
{
	return text && *text ? text : NULL;
}

static const char *first(const char *option, const char *bound)
{
	return given(option) ? option : given(bound);
}

static int read_mechanism(const char *name, enum ump_sasl_mechanism *ret_mechanism, struct ump_error *error)
{
	for (size_t i = 0; i <= UMP_SASL_OAUTHBEARER; i++) {
		if (ump_text_equals_ignoring_case(ump_text(name), ump_text(ump_sasl_names[i]))) {
			*ret_mechanism = (enum ump_sasl_mechanism)i;
			return 0;
		}
	}
	return ump_fail(error, UMP_REJECT,
			"SASL mechanism (--sasl-type, KAFKA_NET_SASL_TYPE, or saslMechanism of the service binding): expected PLAIN, "
			"SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, found \"%s\"",
			name);
}

/* What the binding's protocol says of SASL and TLS. Without one, what else it holds: credentials never go over a connection in the clear
 * because of a guess. */
static int read_protocol(struct ump_kafka_connection *connection, struct ump_error *error)
{
	const struct ump_kafka_binding *binding = &connection->binding;
	const char *protocol = given(binding->security_protocol);
	if (!protocol) {
		connection->sasl |= given(binding->user) || given(binding->sasl_mechanism);
		connection->tls |= binding->ca || binding->certificate || given(binding->user) || given(binding->sasl_mechanism);
		return 0;
	}
	static const struct {
		const char *name;
		bool sasl, tls;
	} protocols[] = {{"PLAINTEXT", false, false}, {"SSL", false, true}, {"SASL_PLAINTEXT", true, false}, {"SASL_SSL", true, true}};
	for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
		if (ump_text_equals_ignoring_case(ump_text(protocol), ump_text(protocols[i].name))) {
			connection->sasl |= protocols[i].sasl;
			connection->tls |= protocols[i].tls;
			return 0;
		}
	}
	return ump_fail(error, UMP_REJECT, "%s: security protocol: expected PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, found \"%s\"",
			binding->folder, protocol);
}

static int check_servers(const char *servers, struct ump_error *error)
{
	for (const char *start = servers; start;) {
		const char *comma = strchr(start, ',');
		struct ump_text server = ump_text_trim((struct ump_text){start, comma ? (size_t)(comma - start) : strlen(start)});
		const char *colon = server.size ? memrchr(server.start, ':', server.size) : NULL;
		const char *end = server.start + server.size;
		uint64_t port;
		if (!colon || colon == server.start ||
		    !ump_text_to_number((struct ump_text){colon + 1, (size_t)(end - colon - 1)}, 65535, &port) || port == 0 ||
		    memmem(server.start, server.size, "://", 3))
			return ump_fail(error, UMP_REJECT, "bootstrap servers: expected HOST:PORT[,HOST:PORT...], found \"%.*s\"",
					UMP_TEXT_ARGUMENTS(server));
		start = comma ? comma + 1 : NULL;
	}
	return 0;
}

static int check_pem(const char *option, const char *value, struct ump_error *error)
{
	if (value && !ump_kafka_is_pem(value) && access(value, R_OK) < 0)
		return ump_fail(error, UMP_REJECT, "%s: expected PEM text or the path of a readable file: %.150s: %s", option, value,
				strerror(errno));
	return 0;
}

static int check_tls(const struct ump_kafka_connection *connection, struct ump_error *error)
{
	if (!connection->tls && (connection->certificate || connection->key || connection->ca))
		return ump_fail(error, UMP_REJECT,
				"certificates are given, but TLS is off: expected --tls-enable (KAFKA_NET_TLS_ENABLE=true) as well");
	if (!connection->certificate != !connection->key)
		return ump_fail(error, UMP_REJECT,
				"TLS client certificate: expected --tls-cert (KAFKA_NET_TLS_CERT) and --tls-key "
				"(KAFKA_NET_TLS_KEY) together");
	if (check_pem("--tls-cert (KAFKA_NET_TLS_CERT)", connection->certificate, error) < 0 ||
	    check_pem("--tls-key (KAFKA_NET_TLS_KEY)", connection->key, error) < 0 ||
	    check_pem("--tls-ca-cert (KAFKA_NET_TLS_CA_CERT)", connection->ca, error) < 0)
		return -1;
	/* librdkafka sends the first certificate only of one that is given as text. */
	const char *begin = connection->certificate ? strstr(connection->certificate, "-----BEGIN CERTIFICATE") : NULL;
	if (begin && strstr(begin + 1, "-----BEGIN CERTIFICATE"))
		return ump_fail(error, UMP_REJECT,
				"--tls-cert (KAFKA_NET_TLS_CERT): expected one certificate, found a chain: give the path of a file");
	return 0;
}

static int check_sasl(const struct ump_kafka_connection *connection, const struct ump_kafka_settings *settings, struct ump_error *error)
{
	const char *mechanism = ump_sasl_names[connection->mechanism];
	bool has_oauth = given(settings->oauth_token_url) || given(settings->oauth_client_id) || given(settings->oauth_client_secret_file);
	if (!connection->sasl)
		return connection->user || connection->password || has_oauth
			       ? ump_fail(error, UMP_REJECT,
					  "credentials are given, but SASL is off: expected --sasl-enable (KAFKA_NET_SASL_ENABLE=true) as "
					  "well")
			       : 0;
	if (connection->mechanism != UMP_SASL_OAUTHBEARER)
		return connection->user && connection->password ? 0
								: ump_fail(error, UMP_REJECT,
									   "SASL %s: expected a user (--sasl-user, KAFKA_NET_SASL_USER) "
									   "and a password (--sasl-password-file, "
									   "KAFKA_NET_SASL_PASSWORD), or a service binding with both",
									   mechanism);
	if (!given(settings->oauth_token_url) || !given(settings->oauth_client_id) || !given(settings->oauth_client_secret_file))
		return ump_fail(error, UMP_REJECT, "SASL %s: expected --oauth-token-url, --oauth-client-id and --oauth-client-secret-file",
				mechanism);
	return 0;
}

static int fill(struct ump_kafka_connection *connection, const struct ump_kafka_settings *settings, struct ump_error *error)
{
	struct ump_kafka_binding *binding = &connection->binding;
	if (given(settings->service_binding_root) && ump_kafka_binding_read(settings->service_binding_root, binding, error) < 0)
		return -1;
	if (given(settings->sasl_password_file) &&
	    ump_small_file_read(settings->sasl_password_file, UMP_SMALL_VALUE, &connection->password_text, error) < 0)
		return ump_error_prefix(error, "--sasl-password-file");
	connection->sasl = settings->sasl_enable;
	connection->tls = settings->tls_enable;
	connection->bootstrap_servers = first(settings->bootstrap_servers, binding->bootstrap_servers);
	connection->user = first(settings->sasl_user, binding->user);
	connection->password = connection->password_text ? connection->password_text : first(settings->sasl_password, binding->password);
	connection->certificate = first(settings->tls_certificate, binding->certificate);
	connection->key = first(settings->tls_key, binding->key);
	connection->ca = first(settings->tls_ca, binding->ca);
	const char *mechanism = first(settings->sasl_type, binding->sasl_mechanism);
	if (mechanism && read_mechanism(mechanism, &connection->mechanism, error) < 0)
		return -1;
	if (read_protocol(connection, error) < 0)
		return -1;
	if (!connection->bootstrap_servers)
		return ump_fail(error, UMP_REJECT,
				"no Kafka given: expected --bootstrap-servers HOST:PORT (KAFKA_BOOTSTRAP_SERVERS), or a service "
				"binding of type kafka below SERVICE_BINDING_ROOT");
	if (check_servers(connection->bootstrap_servers, error) < 0 || check_tls(connection, error) < 0)
		return -1;
	return check_sasl(connection, settings, error);
}

int ump_kafka_connection_read(const struct ump_kafka_settings *settings, struct ump_kafka_connection *ret_connection,
			      struct ump_error *error)
{
	struct ump_kafka_connection connection = {0};
	if (fill(&connection, settings, error) < 0) {
		ump_kafka_connection_release(&connection);
		return -1;
	}
	*ret_connection = connection;
	return 0;
}
