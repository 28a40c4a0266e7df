/* deploy/laptop/embedded-kafka: librdkafka's mock cluster in a process of its own, with the demo's topics.
 *
 * It is up in milliseconds and needs no JVM; its log is in memory, so topics, offsets and groups end with it. What it is not:
 *
 * - It keeps 5 MiB or 100,000 record sets of a partition, then drops the oldest without a word: whoever produces has to hold back before.
 * - It does not wake a waiting fetch when records arrive: consumers set `fetch.wait.max.ms` to 10.
 * - The first member of a group waits 3.1 s for others (before librdkafka 2.6.0 that is fixed inside; newer ones are told not to wait).
 * - It has no SASL, no TLS, no admin requests, no look-up of offsets by time, and readers see what transactions did not commit.
 * - It creates every topic that a client asks for. That is not wanted here, where a mistyped name should be an error. It says so in its
 * debug log, which is the only sign of it; the log callback, on the mock's thread, passes the name to the loop through a pipe, and the loop
 * puts the error "unknown topic" on it and takes its leaders away. The mock's thread waits until the loop is at it before it answers the
 * client, which would produce at once. */
#include "common/loop/loop.h"
#include "common/loop/notify.h"
#include "common/memory.h"
#include "common/text.h"
#include "deploy/laptop/demo_topics.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define REFUSAL_LIMIT 2        /* s: the loop is never that late */
#define REFUSAL_PAUSE 20000000 /* ns */

struct topic {
	char name[250]; /* Kafka's limit is 249 bytes */
	int partitions;
};

struct options {
	const char *address_file;
	bool with_parent;
	struct topic *more;
	size_t more_count;
};

struct broker {
	struct ump_loop *loop;
	rd_kafka_t *handle;
	rd_kafka_mock_cluster_t *cluster;
	struct ump_watch created;
	int created_pipe[2]; /* names of topics that clients made; written by the mock's thread, one struct topic a write */
	sem_t refusing;      /* the loop has one of them in hand */
	_Atomic bool serving;
};

static int parse_topic(const char *text, struct topic *ret_topic)
{
	const char *colon = strrchr(text, ':');
	uint64_t partitions;
	size_t length = colon ? (size_t)(colon - text) : 0;
	if (length == 0 || length >= sizeof ret_topic->name || !ump_text_to_number(ump_text(colon + 1), 1000, &partitions) ||
	    partitions == 0)
		return -1;
	*ret_topic = (struct topic){.partitions = (int)partitions};
	memcpy(ret_topic->name, text, length);
	return 0;
}

static void usage(FILE *out)
{
	fputs("Usage: embedded-kafka [OPTION]...\n"
	      "An in-memory Kafka for one machine and small loads, on a free port of 127.0.0.1, with the demo's topics.\n\n"
	      "  --address-file FILE        writes the bootstrap servers there, when they accept clients; removed at the end\n"
	      "  --topic NAME:PARTITIONS    one more topic; may be given again\n"
	      "  --with-parent              ends when the process that started it ends\n"
	      "  --help\n",
	      out);
}

/* -1: go on, else the status to exit with. */
static int parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {{"address-file", required_argument, NULL, 'a'},
					      {"topic", required_argument, NULL, 't'},
					      {"with-parent", no_argument, NULL, 'p'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (option) {
		case 'a':
			options->address_file = optarg;
			break;
		case 't':
			options->more = ump_reallocate(options->more, options->more_count + 1, sizeof *options->more);
			if (parse_topic(optarg, &options->more[options->more_count++]) < 0) {
				fprintf(stderr, "embedded-kafka: --topic %s: expected NAME:PARTITIONS, 1 to 1000\n", optarg);
				return EX_USAGE;
			}
			break;
		case 'p':
			options->with_parent = true;
			break;
		case 'h':
			usage(stdout);
			return EX_OK;
		default:
			usage(stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "embedded-kafka: %s: unexpected\n", argv[optind]);
		return EX_USAGE;
	}
	return -1;
}

/* On the mock's thread. */
static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
	struct broker *broker = rd_kafka_opaque(handle);
	struct topic topic = {0};
	const char *created = strcmp(facility, "MOCK") == 0 ? strstr(text, "Created topic \"") : NULL;
	if (level <= 4)
		fprintf(stderr, "embedded-kafka: %s: %s\n", facility, text);
	if (!created || !broker->serving ||
	    sscanf(created, "Created topic \"%249[^\"]\" with %d partition", topic.name, &topic.partitions) != 2)
		return;
	if (write(broker->created_pipe[1], &topic, sizeof topic) != sizeof topic) {
		fprintf(stderr, "embedded-kafka: could not refuse the unknown topic %s: %s\n", topic.name, strerror(errno));
		return;
	}
	struct timespec limit;
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += REFUSAL_LIMIT;
	sem_timedwait(&broker->refusing, &limit);
	/* The loop's next call waits for this thread, so only letting time pass lets it be made before the topic is told to anybody. */
	nanosleep(&(struct timespec){.tv_nsec = REFUSAL_PAUSE}, NULL);
}

/* On the loop's. */
static void on_created(void *context, uint32_t events)
{
	struct broker *broker = context;
	struct topic topic;
	(void)events;
	while (read(broker->created_pipe[0], &topic, sizeof topic) == sizeof topic) {
		fprintf(stderr, "embedded-kafka: refused the unknown topic %s\n", topic.name);
		sem_post(&broker->refusing); /* now, since what follows waits for the mock's thread */
		rd_kafka_mock_topic_set_error(broker->cluster, topic.name, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
		for (int partition = 0; partition < topic.partitions; partition++)
			rd_kafka_mock_partition_set_leader(broker->cluster, topic.name, partition, -1);
	}
}

static int create_topic(struct broker *broker, const char *name, int partitions, struct ump_error *error)
{
	rd_kafka_resp_err_t result = rd_kafka_mock_topic_create(broker->cluster, name, partitions, 1);
	return result == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : ump_fail(error, UMP_FATAL, "topic %s: %s", name, rd_kafka_err2str(result));
}

static int create_topics(struct broker *broker, const struct options *options, struct ump_error *error)
{
	for (size_t i = 0; i < DEMO_TOPICS; i++) {
		if (create_topic(broker, demo_topics[i].name, demo_topics[i].partitions, error) < 0)
			return -1;
	}
	for (size_t i = 0; i < options->more_count; i++) {
		if (create_topic(broker, options->more[i].name, options->more[i].partitions, error) < 0)
			return -1;
	}
	return 0;
}

static int open_cluster(struct broker *broker, const struct options *options, struct ump_error *error)
{
	char text[256];
	rd_kafka_conf_t *configuration = rd_kafka_conf_new();
	rd_kafka_conf_set_opaque(configuration, broker);
	rd_kafka_conf_set_log_cb(configuration, on_log);
	rd_kafka_conf_set(configuration, "debug", "mock", text, sizeof text);
	broker->handle = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, text, sizeof text);
	if (!broker->handle) {
		rd_kafka_conf_destroy(configuration);
		return ump_fail(error, UMP_FATAL, "librdkafka: %s", text);
	}
	broker->cluster = rd_kafka_mock_cluster_new(broker->handle, 1);
	if (!broker->cluster)
		return ump_fail(error, UMP_FATAL, "librdkafka could not make its mock cluster");
#if RD_KAFKA_VERSION >= 0x020600ff
	rd_kafka_mock_group_initial_rebalance_delay_ms(broker->cluster, 0);
#endif
	if (create_topics(broker, options, error) < 0)
		return -1;
	sem_init(&broker->refusing, 0, 0);
	if (pipe2(broker->created_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return ump_fail(error, UMP_FATAL, "pipe: %s", strerror(errno));
	broker->serving = true;
	return ump_watch_add(broker->loop, &broker->created, broker->created_pipe[0], EPOLLIN, on_created, broker, error);
}

/* Whole or not at all, for whoever waits for the file. */
static int write_address(const char *path, const char *address, struct ump_error *error)
{
	ump_cleanup_free char *beside = ump_format("%s.new", path);
	FILE *file = fopen(beside, "we");
	bool written = file && fprintf(file, "%s\n", address) > 0;
	if ((file && fclose(file) != 0) || !written || rename(beside, path) < 0)
		return ump_fail(error, UMP_FATAL, "%s: %s", path, strerror(errno));
	return 0;
}

static void stop(void *context)
{
	struct broker *broker = context;
	ump_loop_stop(broker->loop, EX_OK);
}

static int run(struct broker *broker, const struct options *options, struct ump_error *error)
{
	struct ump_drain drain = {.begin = stop, .expired = stop, .context = broker};
	if (ump_loop_new(&broker->loop, error) < 0 || ump_loop_drain_on_signals(broker->loop, &drain, error) < 0 ||
	    open_cluster(broker, options, error) < 0)
		return -1;
	const char *address = rd_kafka_mock_cluster_bootstraps(broker->cluster);
	if (options->address_file && write_address(options->address_file, address, error) < 0)
		return -1;
	printf("%s\n", address);
	fflush(stdout);
	ump_notify("READY=1");
	int status = ump_loop_run(broker->loop);
	if (options->address_file)
		unlink(options->address_file);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct broker broker = {.created_pipe = {-1, -1}};
	struct ump_error error;
	int status = parse(argc, argv, &options);
	if (status < 0 && options.with_parent && (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() == 1))
		status = EX_UNAVAILABLE;
	if (status < 0) {
		status = run(&broker, &options, &error);
		if (status < 0) {
			fprintf(stderr, "embedded-kafka: %s\n", error.text);
			status = EX_UNAVAILABLE;
		}
		if (broker.cluster)
			rd_kafka_mock_cluster_destroy(broker.cluster);
		if (broker.handle)
			rd_kafka_destroy(broker.handle);
		ump_watch_remove(broker.loop, &broker.created);
		ump_loop_free(broker.loop);
	}
	free(options.more);
	return status;
}
