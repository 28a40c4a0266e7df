/* tests/support/kafka-heartbeat: sends a record every 100 ms with common/kafka's settings, producer and credentials; for tests of those.
 *
 *	kafka-heartbeat --topic TOPIC --bootstrap-servers … (all options of the programs)
 *
 * Logs "delivered" with the offset for each, "failed" with the reason, "renewed" after new certificates; SIGTERM ends it. */
#include "common/kafka/credentials.h"
#include "common/kafka/producer.h"
#include "common/telemetry/log.h"
#include <stddef.h>
#include <sysexits.h>

extern char **environ;

struct config {
	char *topic;
	struct ump_kafka_settings kafka;
};

struct heartbeat {
	struct config config;
	struct ump_loop *loop;
	struct ump_producer *producer;
	struct ump_credentials *credentials;
	struct ump_timer timer;
};

static const struct ump_option options[] = {
	{.name = "topic", .type = UMP_OPTION_STRING, .offset = offsetof(struct config, topic), .value = "TOPIC", .help = "where to"},
};

static int check(void *context, struct ump_error *error)
{
	const struct config *config = context;
	return ump_kafka_check(&config->kafka, NULL, error);
}

static void on_delivered(void *context, const struct ump_delivery *delivery)
{
	(void)context;
	if (delivery->error)
		ump_log(UMP_LOG_ERROR, "failed", UMP_LOG_S("reason", delivery->error->text));
	else
		ump_log(UMP_LOG_INFO, "delivered", UMP_LOG_I("offset", delivery->offset));
}

static void on_sasl(void *context, const char *user, const char *password)
{
	struct heartbeat *heartbeat = context;
	struct ump_error error;
	if (ump_kafka_set_credentials(ump_producer_handle(heartbeat->producer), user, password, &error) < 0)
		ump_log(UMP_LOG_ERROR, "failed", UMP_LOG_S("reason", error.text));
}

static void on_tls(void *context)
{
	struct heartbeat *heartbeat = context;
	ump_log(UMP_LOG_INFO, "renewed");
	ump_producer_renew(heartbeat->producer);
}

static void beat(void *context)
{
	struct heartbeat *heartbeat = context;
	struct ump_error error;
	struct ump_record record = {.topic = heartbeat->config.topic, .partition = 0, .value = UMP_TEXT("beat")};
	ump_timer_set(heartbeat->loop, &heartbeat->timer, ump_loop_now(heartbeat->loop) + 100 * UMP_MILLISECOND, beat, heartbeat);
	if (ump_producer_pending(heartbeat->producer) == 0 && ump_producer_send(heartbeat->producer, &record, NULL, &error) < 0)
		ump_log(UMP_LOG_WARNING, "held back", UMP_LOG_S("reason", error.text));
}

static void stop(void *context)
{
	struct heartbeat *heartbeat = context;
	ump_loop_stop(heartbeat->loop, EX_OK);
}

static int run(struct heartbeat *heartbeat, struct ump_error *error)
{
	struct ump_drain drain = {.begin = stop, .expired = stop, .context = heartbeat};
	struct ump_producer_options producer = {
		.settings = &heartbeat->config.kafka, .client_id = "heartbeat", .delivered = on_delivered, .context = heartbeat};
	struct ump_credentials_options credentials = {
		.settings = &heartbeat->config.kafka, .sasl_changed = on_sasl, .tls_changed = on_tls, .context = heartbeat};
	if (ump_loop_new(&heartbeat->loop, error) < 0 || ump_loop_drain_on_signals(heartbeat->loop, &drain, error) < 0 ||
	    ump_producer_new(&heartbeat->producer, heartbeat->loop, &producer, error) < 0 ||
	    ump_credentials_new(&heartbeat->credentials, heartbeat->loop, &credentials, error) < 0)
		return -1;
	beat(heartbeat);
	return ump_loop_run(heartbeat->loop);
}

int main(int argc, char **argv)
{
	const struct ump_option_group groups[] = {
		{"Heartbeat", options, 1, 0},
		{"Kafka", ump_kafka_options, ump_kafka_option_count, offsetof(struct config, kafka)},
	};
	const struct ump_program program = {.name = "kafka-heartbeat",
					    .prefix = "HEARTBEAT",
					    .summary = "A record every 100 ms",
					    .groups = groups,
					    .group_count = 2,
					    .check = check};
	struct heartbeat heartbeat = {0};
	struct ump_error error;
	int command, status = ump_config_load(&program, argc, argv, environ, &heartbeat.config, &command, stdout, stderr);
	if (status == UMP_CONFIG_RUN) {
		ump_log_setup("kafka-heartbeat", UMP_LOG_INFO, UMP_LOG_JSON);
		status = run(&heartbeat, &error);
		if (status < 0)
			ump_log(UMP_LOG_ERROR, "failed", UMP_LOG_S("reason", error.text));
		ump_credentials_free(heartbeat.credentials);
		ump_producer_free(heartbeat.producer);
		if (heartbeat.loop)
			ump_timer_cancel(heartbeat.loop, &heartbeat.timer);
		ump_loop_free(heartbeat.loop);
	}
	ump_config_release(&program, &heartbeat.config);
	return status < 0 ? EX_UNAVAILABLE : status;
}
