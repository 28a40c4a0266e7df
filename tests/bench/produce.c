/* tests/bench/produce.c: records for the measurements: binary CloudEvents with a key.
 *
 *   bench-produce --bootstrap HOST:PORT --topic NAME --events N [--partitions 4] [--size 200] [--keys 10000] [--rate EVENTS_PER_SECOND]
 *                 [--skew PERCENT] [--set PROPERTY=VALUE]...
 *
 * Makes the topic. Without --rate as fast as it goes; with it evenly paced, each record sent on its own, with the extension `sent`: the
 * monotonic clock in microseconds when it was handed to librdkafka, and `ack` tells how long acknowledgements took. --skew puts that share
 * of the records into the first partition and spreads the rest. Ends when all are acknowledged; prints one line of JSON. */
#include "tests/bench/measure.h"

#include <getopt.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

static struct {
	const char *topic;
	int64_t events, rate, keys, skew;
	int size, partitions;
	char *sets[16];
	int64_t acknowledged, failed;
	struct histogram ack; /* from handing over to acknowledgement, where paced */
} run = {.partitions = 4, .size = 200, .keys = 10000};

static void fail(const char *text)
{
	fprintf(stderr, "bench-produce: %s\n", text);
	exit(EX_UNAVAILABLE);
}

static void set(rd_kafka_conf_t *configuration, const char *name, const char *value)
{
	char text[256];
	if (rd_kafka_conf_set(configuration, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
		fail(text);
}

static void set_pair(rd_kafka_conf_t *configuration, char *pair)
{
	char *value = strchr(pair, '=');
	if (!value)
		fail("--set: expected PROPERTY=VALUE");
	*value++ = 0;
	set(configuration, pair, value);
}

static void delivered(rd_kafka_t *producer, const rd_kafka_message_t *message, void *context)
{
	(void)producer, (void)context;
	if (message->err)
		run.failed++;
	else
		run.acknowledged++;
	if (run.rate)
		histogram_add(&run.ack, measure_now() - (int64_t)(intptr_t)message->_private);
}

static void create_topic(rd_kafka_t *producer)
{
	char text[256];
	rd_kafka_queue_t *queue = rd_kafka_queue_new(producer);
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(run.topic, run.partitions, 1, text, sizeof text);
	if (!topic)
		fail(text);
	rd_kafka_CreateTopics(producer, &topic, 1, NULL, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 30000);
	if (!event || rd_kafka_event_error(event))
		fail(event ? rd_kafka_event_error_string(event) : "the topic was not made in 30 s");
	size_t count;
	const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
	rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[0]);
	if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		fail(rd_kafka_topic_result_error_string(results[0]));
	rd_kafka_event_destroy(event);
	rd_kafka_NewTopic_destroy(topic);
	rd_kafka_queue_destroy(queue);
}

/* Of one key always the same partition, as a partitioner would do. */
static int32_t partition_of(int64_t key)
{
	if (run.skew && key % 100 < run.skew)
		return 0;
	return (int32_t)(key % run.partitions);
}

static void produce_one(rd_kafka_t *producer, int64_t number)
{
	static char value[1 << 20];
	static const char *const fixed[][2] = {{"ce_specversion", "1.0"},
					       {"ce_source", "/umpire/bench"},
					       {"ce_type", "game.hits"},
					       {"ce_time", "2026-01-01T00:00:00Z"},
					       {"content-type", "application/json"}};
	char id[32], key[32], sent[32];
	int64_t player = number * 7919 % run.keys;
	rd_kafka_headers_t *headers = rd_kafka_headers_new(9);

	int length = snprintf(value, sizeof value, "{\"match\":\"m-0001\",\"player\":\"p-%06" PRId64 "\",\"hits\":%d,\"padding\":\"",
			      player, (int)(number % 16));
	if (length + 2 < run.size) {
		memset(value + length, 'x', (size_t)(run.size - length - 2));
		memcpy(value + run.size - 2, "\"}", 2);
	}
	snprintf(id, sizeof id, "%012" PRId64, number);
	snprintf(key, sizeof key, "p-%06" PRId64, player);
	int64_t now = measure_now();
	snprintf(sent, sizeof sent, "%" PRId64, now);
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		rd_kafka_header_add(headers, fixed[i][0], -1, fixed[i][1], -1);
	rd_kafka_header_add(headers, "ce_id", -1, id, -1);
	rd_kafka_header_add(headers, "ce_subject", -1, key, -1);
	rd_kafka_header_add(headers, "ce_partitionkey", -1, key, -1);
	if (run.rate)
		rd_kafka_header_add(headers, "ce_sent", -1, sent, -1);
	for (;;) {
		rd_kafka_resp_err_t error = rd_kafka_producev(
			producer, RD_KAFKA_V_TOPIC(run.topic), RD_KAFKA_V_PARTITION(partition_of(player)), RD_KAFKA_V_KEY(key, strlen(key)),
			RD_KAFKA_V_VALUE(value, (size_t)run.size), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_OPAQUE((void *)(intptr_t)now), RD_KAFKA_V_END);
		if (!error)
			return;
		if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			fail(rd_kafka_err2str(error));
		rd_kafka_poll(producer, 10);
	}
}

/* Waits until the producer knows the topic's partitions: it looks for those of a new topic once a second only, and the first records would
 * wait for it. */
static void learn_topic(rd_kafka_t *producer)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, run.topic, NULL);
	rd_kafka_resp_err_t error = rd_kafka_metadata(producer, 0, topic, &metadata, 10000);
	if (error)
		fail(rd_kafka_err2str(error));
	rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(topic);
}

static void wait_until(int64_t at)
{
	struct timespec until = {.tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
		;
}

static void produce_all(rd_kafka_t *producer)
{
	int64_t started = measure_now();
	for (int64_t i = 0; i < run.events; i++) {
		if (run.rate)
			wait_until(started + i * 1000000 / run.rate);
		produce_one(producer, i);
		rd_kafka_poll(producer, 0);
	}
	if (rd_kafka_flush(producer, 60000) || run.failed || run.acknowledged != run.events)
		fail("not all records were acknowledged");
	double seconds = (double)(measure_now() - started) / 1e6;
	printf("{\"events\":%" PRId64 ",\"seconds\":%.6f,\"events_per_second\":%.0f,\"cpu_us_per_event\":%.3f,\"ack\":", run.events,
	       seconds, (double)run.events / seconds, (double)measure_cpu() / (double)run.events);
	histogram_print(&run.ack, stdout);
	printf("}\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"bootstrap", required_argument, NULL, 'b'}, {"topic", required_argument, NULL, 't'},
						{"events", required_argument, NULL, 'e'},    {"partitions", required_argument, NULL, 'p'},
						{"size", required_argument, NULL, 's'},      {"keys", required_argument, NULL, 'k'},
						{"rate", required_argument, NULL, 'r'},      {"skew", required_argument, NULL, 'w'},
						{"set", required_argument, NULL, 'x'},       {0}};
	static rd_kafka_conf_t *configuration; /* static: usage errors leave it behind */
	char text[256];
	int option, sets = 0;

	configuration = rd_kafka_conf_new();
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'b')
			set(configuration, "bootstrap.servers", optarg);
		else if (option == 't')
			run.topic = optarg;
		else if (option == 'e')
			run.events = measure_number("events", optarg, INT64_MAX);
		else if (option == 'p')
			run.partitions = (int)measure_number("partitions", optarg, 1000);
		else if (option == 's')
			run.size = (int)measure_number("size", optarg, 1 << 20);
		else if (option == 'k')
			run.keys = measure_number("keys", optarg, 1000000);
		else if (option == 'r')
			run.rate = measure_number("rate", optarg, 1000000);
		else if (option == 'w')
			run.skew = measure_number("skew", optarg, 100);
		else if (option == 'x' && sets < (int)(sizeof run.sets / sizeof *run.sets))
			run.sets[sets++] = optarg;
		else
			return EX_USAGE;
	}
	if (!run.topic || run.events == 0 || run.keys == 0 || run.partitions == 0) {
		fprintf(stderr, "bench-produce: expected --bootstrap, --topic and --events\n");
		return EX_USAGE;
	}
	set(configuration, "acks", "all");
	set(configuration, "linger.ms", run.rate ? "0" : "20");
	set(configuration, "max.in.flight", "5"); /* what waits meanwhile goes together */
	set(configuration, "queue.buffering.max.messages", "200000");
	for (int i = 0; i < sets; i++)
		set_pair(configuration, run.sets[i]);
	rd_kafka_conf_set_dr_msg_cb(configuration, delivered);
	rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, text, sizeof text);
	if (!producer)
		fail(text);
	create_topic(producer);
	learn_topic(producer);
	produce_all(producer);
	rd_kafka_destroy(producer);
	return 0;
}
