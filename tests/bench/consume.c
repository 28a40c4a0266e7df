/* tests/bench/consume.c: the other floor. librdkafka reading a topic from its beginning, and nothing done with what comes.
 *
 *   bench-consume --bootstrap HOST:PORT --topic NAME --events N [--set name=value]...
 *
 * Prints one line of JSON: events, seconds from the first to the last record, from the start to the first, processor time for each event,
 * and the largest resident memory. */
#include "tests/bench/measure.h"

#include <getopt.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

static void set(rd_kafka_conf_t *configuration, const char *name, const char *value)
{
	char text[256];
	if (rd_kafka_conf_set(configuration, name, value, text, sizeof text) != RD_KAFKA_CONF_OK) {
		fprintf(stderr, "bench-consume: %s\n", text);
		exit(EX_USAGE);
	}
}

static void set_pair(rd_kafka_conf_t *configuration, char *pair)
{
	char *equals = strchr(pair, '=');
	if (!equals) {
		fprintf(stderr, "--set: expected name=value, found \"%s\"\n", pair);
		exit(EX_USAGE);
	}
	*equals = '\0';
	set(configuration, pair, equals + 1);
}

static rd_kafka_t *open_consumer(rd_kafka_conf_t *configuration, const char *topic)
{
	char text[256];
	rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, text, sizeof text);
	if (!consumer) {
		fprintf(stderr, "bench-consume: %s\n", text);
		exit(EX_UNAVAILABLE);
	}
	rd_kafka_poll_set_consumer(consumer);
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
	rd_kafka_subscribe(consumer, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	return consumer;
}

static void consume(rd_kafka_t *consumer, int64_t events)
{
	int64_t started = measure_now(), first = 0, seen = 0;
	while (seen < events) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 1000);
		if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			if (seen++ == 0)
				first = measure_now();
		} else if (message) {
			fprintf(stderr, "bench-consume: %s\n", rd_kafka_message_errstr(message));
		}
		if (message)
			rd_kafka_message_destroy(message);
	}
	struct rusage usage;
	double seconds = (double)(measure_now() - first) / 1e6;
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"events\":%" PRId64 ",\"seconds\":%.6f,\"first_us\":%" PRId64
	       ",\"events_per_second\":%.0f,\"cpu_us_per_event\":%.3f,\"peak_rss_kib\":%ld}\n",
	       events, seconds, first - started, (double)events / seconds, (double)measure_cpu() / (double)events, usage.ru_maxrss);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"bootstrap", required_argument, NULL, 'b'},
						{"topic", required_argument, NULL, 't'},
						{"events", required_argument, NULL, 'e'},
						{"set", required_argument, NULL, 's'},
						{0}};
	static rd_kafka_conf_t *configuration; /* static: usage errors leave it behind */
	const char *topic = NULL;
	int64_t events = 0;
	int option;

	configuration = rd_kafka_conf_new();
	set(configuration, "group.id", "bench-consume");
	set(configuration, "auto.offset.reset", "earliest");
	set(configuration, "enable.auto.commit", "false");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'b')
			set(configuration, "bootstrap.servers", optarg);
		else if (option == 't')
			topic = optarg;
		else if (option == 'e')
			events = measure_number("events", optarg, INT64_MAX);
		else if (option == 's')
			set_pair(configuration, optarg);
		else
			return EX_USAGE;
	}
	if (!topic || events == 0) {
		fprintf(stderr, "bench-consume: expected --bootstrap, --topic and --events\n");
		return EX_USAGE;
	}
	rd_kafka_t *consumer = open_consumer(configuration, topic);
	consume(consumer, events);
	rd_kafka_consumer_close(consumer);
	rd_kafka_destroy(consumer);
	return 0;
}
