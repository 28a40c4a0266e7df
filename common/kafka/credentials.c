/* common/kafka/credentials.c
 *
 * Contents are compared, by their hashes, and not times: a volume that Kubernetes writes again unchanged is no change. A dozen small files
 * a second cost 0.1 ms. */
#include "common/kafka/credentials.h"
#include "common/kafka/connection.h"
#include "common/kafka/small_file.h"
#include "common/kafka/trial.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_EVERY_S = 1, TRY_AGAIN_S = 30 };

/* What a look at the files found. */
struct prints {
	uint64_t sasl, tls;
};

struct ump_credentials {
	struct ump_loop *loop;
	struct ump_credentials_options options;
	struct ump_timer timer;
	struct prints used, seen; /* by the clients; by the last look */
	struct ump_trial *trial;
	uint64_t tried;           /* what the trial is about */
	int64_t next_trial;       /* not before */
	struct ump_error problem; /* told already */
};

/* FNV-1a, with the terminating zero, so that "ab", "c" and "a", "bc" differ. */
static uint64_t add_to_hash(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	while (*text++);
	return hash;
}

/* A folder of authorities is librdkafka's to read: its changes are not seen here. */
static bool is_file(const char *value)
{
	struct stat found;
	return value && *value && !ump_kafka_is_pem(value) && !(stat(value, &found) == 0 && S_ISDIR(found.st_mode));
}

static int add_pem(uint64_t *hash, const char *value, struct ump_error *error)
{
	ump_cleanup_free char *content = NULL;
	if (!value)
		value = "";
	else if (is_file(value) && ump_small_file_read(value, UMP_SMALL_PEM, &content, error) < 0)
		return -1;
	*hash = add_to_hash(*hash, content ? content : value);
	return 0;
}

static int take_prints(const struct ump_kafka_connection *connection, struct prints *ret_prints, struct ump_error *error)
{
	struct prints prints = {.sasl = UINT64_C(0xcbf29ce484222325), .tls = UINT64_C(0xcbf29ce484222325)};
	prints.sasl = add_to_hash(prints.sasl, connection->user ? connection->user : "");
	prints.sasl = add_to_hash(prints.sasl, connection->password ? connection->password : "");
	if (add_pem(&prints.tls, connection->certificate, error) < 0 || add_pem(&prints.tls, connection->key, error) < 0 ||
	    add_pem(&prints.tls, connection->ca, error) < 0)
		return -1;
	*ret_prints = prints;
	return 0;
}

static bool has_files(const struct ump_kafka_settings *settings)
{
	return is_file(settings->sasl_password_file) || settings->service_binding_root || is_file(settings->tls_certificate) ||
	       is_file(settings->tls_key) || is_file(settings->tls_ca);
}

/* Once for each problem: the files are looked at again and again. */
static void tell(struct ump_credentials *credentials, const struct ump_error *error)
{
	if (strcmp(credentials->problem.text, error->text) == 0)
		return;
	credentials->problem = *error;
	ump_log(UMP_LOG_ERROR, "new credentials for Kafka are not used", UMP_LOG_S("reason", error->text));
	if (credentials->options.refused)
		credentials->options.refused(credentials->options.context, error);
}

static void on_trial(void *context, const struct ump_error *error)
{
	struct ump_credentials *credentials = context;
	ump_trial_free(ump_steal(credentials->trial));
	if (error) {
		credentials->next_trial = ump_loop_now(credentials->loop) + TRY_AGAIN_S * UMP_SECOND;
		tell(credentials, error);
		return;
	}
	credentials->used.tls = credentials->tried;
	credentials->problem.text[0] = 0;
	ump_log(UMP_LOG_INFO, "new certificates for Kafka");
	credentials->options.tls_changed(credentials->options.context);
}

static void try_tls(struct ump_credentials *credentials, uint64_t print)
{
	struct ump_error error;
	bool is_new = print != credentials->tried;
	if (credentials->trial && !is_new)
		return;
	if (!is_new && ump_loop_now(credentials->loop) < credentials->next_trial)
		return;
	ump_trial_free(ump_steal(credentials->trial));
	credentials->tried = print;
	credentials->next_trial = ump_loop_now(credentials->loop) + TRY_AGAIN_S * UMP_SECOND;
	if (ump_trial_new(&credentials->trial, credentials->loop, credentials->options.settings, on_trial, credentials, &error) < 0)
		tell(credentials, &error);
}

static void compare(struct ump_credentials *credentials, const struct ump_kafka_connection *connection, struct prints found)
{
	struct prints before = credentials->seen;
	credentials->seen = found;
	if (found.sasl == before.sasl && found.sasl != credentials->used.sasl && connection->user && connection->password) {
		credentials->used.sasl = found.sasl;
		ump_log(UMP_LOG_INFO, "new user or password for Kafka");
		credentials->options.sasl_changed(credentials->options.context, connection->user, connection->password);
	}
	if (found.tls == credentials->used.tls)
		ump_trial_free(ump_steal(credentials->trial));
	else if (found.tls == before.tls)
		try_tls(credentials, found.tls);
}

static int look(struct ump_credentials *credentials, struct ump_error *error)
{
	struct ump_kafka_connection connection;
	struct prints found;
	if (ump_kafka_connection_read(credentials->options.settings, &connection, error) < 0)
		return -1;
	int result = take_prints(&connection, &found, error);
	if (result == 0)
		compare(credentials, &connection, found);
	ump_kafka_connection_release(&connection);
	return result;
}

static void on_timer(void *context)
{
	struct ump_credentials *credentials = context;
	struct ump_error error;
	ump_timer_set(credentials->loop, &credentials->timer, ump_loop_now(credentials->loop) + LOOK_EVERY_S * UMP_SECOND, on_timer,
		      credentials);
	if (look(credentials, &error) < 0)
		tell(credentials, &error);
}

int ump_credentials_new(struct ump_credentials **ret_credentials, struct ump_loop *loop, const struct ump_credentials_options *options,
			struct ump_error *error)
{
	struct ump_kafka_connection connection;
	struct ump_credentials *credentials = ump_allocate(1, sizeof *credentials);
	*credentials = (struct ump_credentials){.loop = loop, .options = *options};
	if (has_files(options->settings)) {
		int result = ump_kafka_connection_read(options->settings, &connection, error);
		if (result == 0) {
			result = take_prints(&connection, &credentials->used, error);
			ump_kafka_connection_release(&connection);
		}
		if (result < 0) {
			free(credentials);
			return -1;
		}
		credentials->seen = credentials->used;
		on_timer(credentials);
	}
	*ret_credentials = credentials;
	return 0;
}

void ump_credentials_free(struct ump_credentials *credentials)
{
	if (!credentials)
		return;
	ump_timer_cancel(credentials->loop, &credentials->timer);
	ump_trial_free(credentials->trial);
	free(credentials);
}

int ump_kafka_set_credentials(rd_kafka_t *handle, const char *user, const char *password, struct ump_error *error)
{
	rd_kafka_error_t *problem = rd_kafka_sasl_set_credentials(handle, user, password);
	if (!problem)
		return 0;
	ump_fail(error, UMP_RETRY, "librdkafka: %s", rd_kafka_error_string(problem));
	rd_kafka_error_destroy(problem);
	return -1;
}
