#include "source-adapter/access.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/counts.h"
#include <stdlib.h>

struct access {
	struct access_options options;
	struct ump_credentials *credentials;
};

static int give(struct ump_producer *producer, const char *user, const char *password, struct ump_error *error)
{
	return producer ? ump_kafka_set_credentials(ump_producer_handle(producer), user, password, error) : 0;
}

static void sasl_changed(void *context, const char *user, const char *password)
{
	struct access *access = context;
	struct ump_error error;
	struct transaction *transaction = *access->options.transaction;
	if (consumer_set_credentials(*access->options.consumer, user, password, &error) < 0 ||
	    give(*access->options.producer, user, password, &error) < 0 ||
	    give(transaction ? transaction_producer(transaction) : NULL, user, password, &error) < 0)
		ump_log(UMP_LOG_ERROR, "new credentials not taken", UMP_LOG_S("error", error.text));
}

static void tls_changed(void *context)
{
	struct access *access = context;
	access->options.tls_changed(access->options.context);
}

static void refused(void *context, const struct ump_error *error)
{
	struct access *access = context;
	(void)error; /* logged already */
	ump_metrics_add(access->options.metrics, COUNT_CREDENTIALS_REFUSED, 1);
}

int access_new(struct access **ret_access, struct ump_loop *loop, const struct access_options *options, struct ump_error *error)
{
	struct access *access = ump_allocate(1, sizeof *access);
	struct ump_credentials_options credentials = {options->settings, sasl_changed, tls_changed, refused, access};
	access->options = *options;
	if (ump_credentials_new(&access->credentials, loop, &credentials, error) < 0) {
		free(access);
		return -1;
	}
	*ret_access = access;
	return 0;
}

void access_free(struct access *access)
{
	if (!access)
		return;
	ump_credentials_free(access->credentials);
	free(access);
}
