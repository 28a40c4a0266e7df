/* tests/support/kafka-faulty: three brokers of librdkafka's mock cluster that do wrong when they are told to.
 *
 *	kafka-faulty ADDRESS-FILE TOPIC:PARTITIONS...
 *
 * Writes the bootstrap addresses into the file, makes the topics, and takes commands from standard input, a line each, until its end:
 *	leader TOPIC PARTITION BROKER      another broker leads the partition; -1: nobody does
 *	coordinator GROUP BROKER           another broker coordinates the group
 *	errors REQUEST COUNT ERROR         the next so many requests of this kind (their numbers in Kafka's protocol) are answered with the
 *error down BROKER, up BROKER             it closes its connections and takes none; and takes them again Each is answered with a line "ok"
 *or "no", with the error. Topics and offsets die with it. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { BROKERS = 3, NAME = 200 };

_Noreturn static void fail(const char *what, const char *why)
{
	fprintf(stderr, "kafka-faulty: %s: %s\n", what, why);
	exit(EX_UNAVAILABLE);
}

static void make_topic(rd_kafka_mock_cluster_t *cluster, char *text)
{
	char *partitions = strchr(text, ':');
	if (!partitions)
		fail(text, "expected TOPIC:PARTITIONS");
	*partitions = '\0';
	rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(cluster, text, atoi(partitions + 1), BROKERS);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		fail(text, rd_kafka_err2str(code));
}

static rd_kafka_resp_err_t inject(rd_kafka_mock_cluster_t *cluster, int request, int count, int error)
{
	rd_kafka_resp_err_t *errors = calloc((size_t)count, sizeof *errors);
	for (int i = 0; errors && i < count; i++)
		errors[i] = (rd_kafka_resp_err_t)error;
	rd_kafka_mock_push_request_errors_array(cluster, (int16_t)request, (size_t)count, errors);
	free(errors);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t obey(rd_kafka_mock_cluster_t *cluster, const char *line)
{
	char name[NAME];
	int first, second, third;
	if (sscanf(line, "leader %199s %d %d", name, &first, &second) == 3)
		return rd_kafka_mock_partition_set_leader(cluster, name, first, second);
	if (sscanf(line, "coordinator %199s %d", name, &first) == 2)
		return rd_kafka_mock_coordinator_set(cluster, "group", name, first);
	if (sscanf(line, "errors %d %d %d", &first, &second, &third) == 3 && second > 0 && second < 1000)
		return inject(cluster, first, second, third);
	if (sscanf(line, "down %d", &first) == 1)
		return rd_kafka_mock_broker_set_down(cluster, first);
	if (sscanf(line, "up %d", &first) == 1)
		return rd_kafka_mock_broker_set_up(cluster, first);
	return RD_KAFKA_RESP_ERR__INVALID_ARG;
}

int main(int argc, char **argv)
{
	char text[256], line[512];
	if (argc < 3)
		fail("usage", "kafka-faulty ADDRESS-FILE TOPIC:PARTITIONS...");
	rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
	rd_kafka_mock_cluster_t *cluster = client ? rd_kafka_mock_cluster_new(client, BROKERS) : NULL;
	if (!cluster)
		fail("mock cluster", client ? "not made" : text);
	for (int i = 2; i < argc; i++)
		make_topic(cluster, argv[i]);

	snprintf(line, sizeof line, "%s.new", argv[1]);
	FILE *file = fopen(line, "w");
	if (!file || fprintf(file, "%s\n", rd_kafka_mock_cluster_bootstraps(cluster)) < 0 || fclose(file) != 0 || rename(line, argv[1]) < 0)
		fail(argv[1], "cannot be written");

	while (fgets(line, sizeof line, stdin)) {
		rd_kafka_resp_err_t code = obey(cluster, line);
		printf("%s %s\n", code == RD_KAFKA_RESP_ERR_NO_ERROR ? "ok" : "no", rd_kafka_err2str(code));
		fflush(stdout);
	}
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(client);
	return EX_OK;
}
