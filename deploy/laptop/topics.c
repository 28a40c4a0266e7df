/* deploy/laptop/topics: makes the demo's topics where they are missing, with the partitions and the cleanup that docs/INTERFACES.md gives.
 *
 *	topics --bootstrap-servers HOST:PORT[,…]
 *
 * A topic that is there stays as it is; other partitions than ours are said and are no error. Ends with 0, or 69 when no broker answers. */
#include "common/config/options.h"
#include "common/kafka/settings.h"
#include "common/telemetry/log.h"
#include "deploy/laptop/demo_topics.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

extern char **environ;

struct config {
	int64_t timeout_us;
	struct ump_kafka_settings kafka;
};

static const struct ump_option own_options[] = {
	{.name = "timeout",
	 .type = UMP_OPTION_DURATION,
	 .offset = offsetof(struct config, timeout_us),
	 .fallback = "5s",
	 .minimum = 100 * 1000,
	 .maximum = INT64_C(600) * 1000 * 1000,
	 .value = "TIME",
	 .help = "how long a broker may take to answer"},
};

static int check(void *context, struct ump_error *error)
{
	const struct config *config = context;
	return ump_kafka_check(&config->kafka, NULL, error);
}

/* Which of ours are missing. */
static int look(rd_kafka_t *client, int timeout_ms, bool missing[DEMO_TOPICS], struct ump_error *error)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t result = rd_kafka_metadata(client, 1, NULL, &metadata, timeout_ms);
	if (result != RD_KAFKA_RESP_ERR_NO_ERROR)
		return ump_fail(error, UMP_RETRY, "no Kafka broker answers: %s", rd_kafka_err2str(result));
	for (size_t i = 0; i < DEMO_TOPICS; i++) {
		missing[i] = true;
		for (int j = 0; j < metadata->topic_cnt; j++) {
			const struct rd_kafka_metadata_topic *found = &metadata->topics[j];
			if (strcmp(found->topic, demo_topics[i].name) != 0)
				continue;
			missing[i] = false;
			if (found->partition_cnt != demo_topics[i].partitions)
				ump_log(UMP_LOG_WARNING, "topic has other partitions than the demo makes", UMP_LOG_S("topic", found->topic),
					UMP_LOG_I("partitions", found->partition_cnt), UMP_LOG_I("expected", demo_topics[i].partitions));
		}
	}
	rd_kafka_metadata_destroy(metadata);
	return 0;
}

static rd_kafka_NewTopic_t *describe(const struct demo_topic *topic)
{
	char text[256];
	enum { BROKERS_DEFAULT = -1 };
	rd_kafka_NewTopic_t *new = rd_kafka_NewTopic_new(topic->name, topic->partitions, BROKERS_DEFAULT, text, sizeof text);
	for (const char *const *setting = topic->settings; new &&*setting; setting += 2)
		rd_kafka_NewTopic_set_config(new, setting[0], setting[1]);
	return new;
}

/* Somebody else may make the same topic at the same time: as good. */
static int read_results(rd_kafka_event_t *event, struct ump_error *error)
{
	size_t count = 0;
	if (rd_kafka_event_error(event))
		return ump_fail(error, UMP_RETRY, "the topics could not be made: %s", rd_kafka_event_error_string(event));
	const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
	for (size_t i = 0; i < count; i++) {
		rd_kafka_resp_err_t result = rd_kafka_topic_result_error(results[i]);
		if (result == RD_KAFKA_RESP_ERR_NO_ERROR)
			ump_log(UMP_LOG_INFO, "topic made", UMP_LOG_S("topic", rd_kafka_topic_result_name(results[i])));
		else if (result != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			return ump_fail(error, UMP_FATAL, "topic %s could not be made: %s", rd_kafka_topic_result_name(results[i]),
					rd_kafka_topic_result_error_string(results[i]));
	}
	return 0;
}

static int make(rd_kafka_t *client, int timeout_ms, const bool missing[DEMO_TOPICS], struct ump_error *error)
{
	char text[256];
	rd_kafka_NewTopic_t *wanted[DEMO_TOPICS];
	size_t count = 0;
	for (size_t i = 0; i < DEMO_TOPICS; i++) {
		if (missing[i])
			wanted[count++] = describe(&demo_topics[i]);
	}
	if (count == 0)
		return 0;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, text, sizeof text);
	rd_kafka_AdminOptions_set_operation_timeout(options, timeout_ms, text, sizeof text);
	rd_kafka_CreateTopics(client, wanted, count, options, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, -1);
	int result = read_results(event, error);
	rd_kafka_event_destroy(event);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewTopic_destroy_array(wanted, count);
	return result;
}

static int run(const struct config *config, struct ump_error *error)
{
	rd_kafka_conf_t *configuration;
	rd_kafka_t *client;
	bool missing[DEMO_TOPICS];
	int timeout_ms = (int)(config->timeout_us / 1000);
	if (ump_kafka_configure(&config->kafka, "umpire-topics", NULL, &configuration, error) < 0 ||
	    ump_kafka_open(RD_KAFKA_PRODUCER, configuration, &client, error) < 0)
		return -1;
	int result = look(client, timeout_ms, missing, error);
	if (result == 0)
		result = make(client, timeout_ms, missing, error);
	rd_kafka_destroy(client);
	return result;
}

int main(int argc, char **argv)
{
	const struct ump_option_group groups[] = {
		{"Options", own_options, sizeof own_options / sizeof *own_options, 0},
		{"Kafka", ump_kafka_options, ump_kafka_option_count, offsetof(struct config, kafka)},
	};
	const struct ump_program program = {
		.name = "topics",
		.prefix = "TOPICS",
		.summary = "Makes the demo's topics where they are missing.",
		.groups = groups,
		.group_count = sizeof groups / sizeof *groups,
		.check = check,
	};
	struct config config = {0};
	struct ump_error error;
	int command;
	int status = ump_config_load(&program, argc, argv, environ, &config, &command, stdout, stderr);
	if (status == UMP_CONFIG_RUN) {
		ump_log_setup("topics", UMP_LOG_INFO, UMP_LOG_AUTOMATIC);
		status = EX_OK;
		if (run(&config, &error) < 0) {
			fprintf(stderr, "topics: %s (%s)\n", error.text, config.kafka.bootstrap_servers);
			status = EX_UNAVAILABLE;
		}
	}
	ump_config_release(&program, &config);
	return status;
}
