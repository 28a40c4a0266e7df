#include "provider/access.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "provider/metrics.h"
#include <stdlib.h>

struct access {
	struct access_options options;
	struct ump_credentials *credentials;
};

static void sasl_changed(void *context, const char *user, const char *password)
{
	const struct access_options *options = &((struct access *)context)->options;
	struct ump_error error;
	if (ump_kafka_set_credentials(ump_producer_handle(options->producer), user, password, &error) < 0 ||
	    (options->reader && reader_set_credentials(options->reader, user, password, &error) < 0))
		ump_log(UMP_LOG_ERROR, "new credentials not taken", UMP_LOG_S("error", error.text));
}

/* The producer sends what it has before; the reader reads on where it was. */
static void tls_changed(void *context)
{
	const struct access_options *options = &((struct access *)context)->options;
	struct ump_error error;
	ump_producer_renew(options->producer);
	if (options->reader && reader_renew(options->reader, &error) < 0)
		ump_log(UMP_LOG_ERROR, "the reader keeps its old connection", UMP_LOG_S("error", error.text));
}

static void refused(void *context, const struct ump_error *error)
{
	struct access *access = context;
	(void)error; /* logged already */
	ump_metrics_add(access->options.metrics, METRIC_CREDENTIALS_REFUSED, 1);
}

int access_new(struct access **ret_access, struct ump_loop *loop, const struct access_options *options, struct ump_error *error)
{
	struct access *access = ump_allocate(1, sizeof *access);
	const struct ump_credentials_options credentials = {options->settings, sasl_changed, tls_changed, refused, access};
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
