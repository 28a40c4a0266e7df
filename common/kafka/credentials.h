/* common/kafka/credentials.h: credentials that change while the program runs.
 *
 * Once a second the files that the settings and the service binding name are read; where none are named, nothing is done. Kubernetes swaps
 * links and people copy files one by one, so a change counts when it has stood still for a second.
 *
 * - Another user or password: `sasl_changed`, and the program gives both to its clients (ump_kafka_set_credentials), which use them for
 *   their next connections; those that exist stay.
 * - Other certificates or another key: first a client of our own has to get in with them. Then `tls_changed`, and the program replaces its
 *   clients, after a drain. Until then, and for as long as nobody lets us in, the old ones stay.
 *
 * The secret of OAUTHBEARER needs none of this: it is read for each token. */
#pragma once
#include "common/kafka/settings.h"
#include "common/loop/loop.h"

struct ump_credentials;

struct ump_credentials_options {
	const struct ump_kafka_settings *settings; /* borrowed */
	void (*sasl_changed)(void *context, const char *user, const char *password);
	void (*tls_changed)(void *context);
	void (*refused)(void *context,
			const struct ump_error *error); /* files that cannot be read or do not get in; logged already; NULL: none */
	void *context;
};

/* Takes what the files hold now as what the program's clients use. */
int ump_credentials_new(struct ump_credentials **ret_credentials, struct ump_loop *loop, const struct ump_credentials_options *options,
			struct ump_error *error);
void ump_credentials_free(struct ump_credentials *credentials); /* accepts NULL; not from inside a callback */

/* For `sasl_changed`: for the client's further connections. */
int ump_kafka_set_credentials(rd_kafka_t *handle, const char *user, const char *password, struct ump_error *error);
