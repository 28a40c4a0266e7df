/* tests/support/kafka-records: records of Kafka as lines of JSON, with all that kcat cannot say: null values, null headers, bytes.
 *
 *	kafka-records produce BOOTSTRAP TOPIC [-X name=value]... [--transaction ID [--abort]]   lines from standard input
 *	kafka-records consume BOOTSTRAP TOPIC [-X name=value]... [--count N]                    all up to the present end, or N and no less
 *
 * {"partition":0,"offset":7,"timestamp":1700000000000,"key":"p-1","value":null,"headers":[["ce_id","7"],["empty",null],["b",{"base64":"/w=="}]]}
 *
 * Texts that are no UTF-8 are {"base64":…}. Nothing but value is needed to produce. With --abort the records are written and then given up,
 * which leaves a gap in the offsets that a reader with isolation.level=read_committed sees. */
#include "common/buffer.h"
#include "common/cloudevents/base64.h"
#include "common/memory.h"
#include "common/text.h"
#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { PATIENCE_MS = 30 * 1000 };

struct arguments {
	const char *topic, *transaction;
	rd_kafka_conf_t *configuration;
	bool abort;
	long count; /* -1: to the end */
};

_Noreturn static void fail(const char *what, const char *why)
{
	fprintf(stderr, "kafka-records: %s: %s\n", what, why);
	exit(EX_UNAVAILABLE);
}

static void must(const char *what, rd_kafka_resp_err_t code)
{
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		fail(what, rd_kafka_err2str(code));
}

static void must_not_fail(const char *what, rd_kafka_error_t *error)
{
	if (error)
		fail(what, rd_kafka_error_string(error));
}

static void set(rd_kafka_conf_t *configuration, const char *name, const char *value)
{
	char text[256];
	if (rd_kafka_conf_set(configuration, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
		fail(name, text);
}

/* ---- JSON ---- */

static json_t *to_json(const void *bytes, size_t size)
{
	if (!bytes)
		return json_null();
	json_t *text = json_stringn(bytes, size);
	if (text)
		return text;
	struct ump_buffer encoded = {0};
	ump_base64_encode(&encoded, (struct ump_text){bytes, size});
	json_t *object = json_pack("{ss#}", "base64", encoded.start, encoded.size);
	ump_buffer_release(&encoded);
	return object;
}

/* A view into `value`, where the decoded bytes are put beside the base64. */
static struct ump_text from_json(json_t *value)
{
	if (json_is_string(value))
		return (struct ump_text){json_string_value(value), json_string_length(value)};
	json_t *encoded = json_object_get(value, "base64");
	if (!encoded)
		return UMP_TEXT_NONE;
	struct ump_text text = {json_string_value(encoded), json_string_length(encoded)};
	if (!ump_base64_is_valid(text))
		fail("input", "base64 that is not valid");
	ump_cleanup_free char *bytes = ump_allocate(text.size + 1, 1);
	json_t *decoded = json_stringn_nocheck(bytes, ump_base64_decode(text, bytes));
	json_object_set_new(value, "bytes", decoded);
	return (struct ump_text){json_string_value(decoded), json_string_length(decoded)};
}

/* ---- produce ---- */

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
	const struct arguments *arguments = opaque;
	(void)handle;
	if (!arguments->abort)
		must("delivery", message->err);
}

static rd_kafka_headers_t *read_headers(const json_t *list)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(json_array_size(list));
	size_t index;
	json_t *pair;
	json_array_foreach(list, index, pair)
	{
		struct ump_text name = from_json(json_array_get(pair, 0)), value = from_json(json_array_get(pair, 1));
		rd_kafka_header_add(headers, name.start, (ssize_t)name.size, value.start, (ssize_t)value.size);
	}
	return headers;
}

static void produce_line(rd_kafka_t *handle, const char *topic, const char *line)
{
	json_error_t problem;
	json_t *record = json_loads(line, JSON_ALLOW_NUL, &problem);
	if (!record)
		fail("input", problem.text);
	json_t *wanted = json_object_get(record, "partition");
	int32_t partition = wanted ? (int32_t)json_integer_value(wanted) : -1;
	struct ump_text key = from_json(json_object_get(record, "key")), value = from_json(json_object_get(record, "value"));
	rd_kafka_resp_err_t code;
	do {
		code = rd_kafka_producev(handle, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
					 RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key.start, key.size),
					 RD_KAFKA_V_VALUE((void *)(uintptr_t)value.start, value.size),
					 RD_KAFKA_V_TIMESTAMP(json_integer_value(json_object_get(record, "timestamp"))),
					 RD_KAFKA_V_HEADERS(read_headers(json_object_get(record, "headers"))), RD_KAFKA_V_END);
		rd_kafka_poll(handle, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 100 : 0);
	} while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
	must("produce", code);
	json_decref(record);
}

static void produce(struct arguments *arguments)
{
	char text[256];
	size_t capacity = 0;
	char *line = NULL;
	set(arguments->configuration, "enable.idempotence", "true");
	set(arguments->configuration, "partitioner", "murmur2_random");
	set(arguments->configuration, "message.max.bytes", "20000000");
	if (arguments->transaction)
		set(arguments->configuration, "transactional.id", arguments->transaction);
	rd_kafka_conf_set_opaque(arguments->configuration, arguments);
	rd_kafka_conf_set_dr_msg_cb(arguments->configuration, on_delivery);
	rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, arguments->configuration, text, sizeof text);
	if (!handle)
		fail("librdkafka", text);
	if (arguments->transaction) {
		must_not_fail("transaction", rd_kafka_init_transactions(handle, PATIENCE_MS));
		must_not_fail("transaction", rd_kafka_begin_transaction(handle));
	}
	while (getline(&line, &capacity, stdin) > 0)
		produce_line(handle, arguments->topic, line);
	free(line);
	must("flush", rd_kafka_flush(handle, PATIENCE_MS));
	if (arguments->transaction)
		must_not_fail("transaction", arguments->abort ? rd_kafka_abort_transaction(handle, PATIENCE_MS)
							      : rd_kafka_commit_transaction(handle, PATIENCE_MS));
	rd_kafka_destroy(handle);
}

/* ---- consume ---- */

static void print_record(const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *headers = NULL;
	json_t *list = json_array();
	const char *name;
	const void *value;
	size_t size;
	if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
		for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
			json_array_append_new(list, json_pack("[so]", name, to_json(value, size)));
	json_t *record =
		json_pack("{sssisIsIsososo}", "topic", rd_kafka_topic_name(message->rkt), "partition", message->partition, "offset",
			  (json_int_t)message->offset, "timestamp", (json_int_t)rd_kafka_message_timestamp(message, NULL), "key",
			  to_json(message->key, message->key_len), "value", to_json(message->payload, message->len), "headers", list);
	if (json_dumpf(record, stdout, JSON_COMPACT) < 0 || putchar('\n') == EOF)
		fail("standard output", "cannot be written");
	json_decref(record);
}

/* All partitions from their beginning. Returns how many have something to read up to their present end. */
static int assign_all(rd_kafka_t *handle, const char *topic)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_topic_t *one = rd_kafka_topic_new(handle, topic, NULL);
	must("metadata", rd_kafka_metadata(handle, 0, one, &metadata, PATIENCE_MS));
	if (metadata->topic_cnt != 1 || metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR)
		fail(topic, metadata->topic_cnt == 1 ? rd_kafka_err2str(metadata->topics[0].err) : "unknown");
	int count = metadata->topics[0].partition_cnt;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
	for (int i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
	must("assign", rd_kafka_assign(handle, list));
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(one);
	return count;
}

static void consume(struct arguments *arguments)
{
	char text[256];
	set(arguments->configuration, "group.id", "kafka-records");
	set(arguments->configuration, "enable.auto.commit", "false");
	set(arguments->configuration, "enable.partition.eof", "true");
	set(arguments->configuration, "fetch.wait.max.ms", "10");
	set(arguments->configuration, "fetch.message.max.bytes", "20000000");
	rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_CONSUMER, arguments->configuration, text, sizeof text);
	if (!handle)
		fail("librdkafka", text);
	rd_kafka_poll_set_consumer(handle);
	int partitions = assign_all(handle, arguments->topic), ended = 0;
	long seen = 0;
	while (arguments->count < 0 ? ended < partitions : seen < arguments->count) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(handle, PATIENCE_MS);
		if (!message)
			fail(arguments->topic, "nothing arrived for 30 s");
		if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
			ended++;
		} else {
			must("consume", message->err);
			print_record(message);
			seen++;
		}
		rd_kafka_message_destroy(message);
	}
	rd_kafka_consumer_close(handle);
	rd_kafka_destroy(handle);
}

/* ---- the command line ---- */

_Noreturn static void usage(void)
{
	fputs("usage: kafka-records produce|consume BOOTSTRAP TOPIC [-X name=value]... [--count N] [--transaction ID [--abort]]\n", stderr);
	exit(EX_USAGE);
}

static void read_option(struct arguments *arguments, char ***argument)
{
	const char *name = *(*argument)++;
	if (strcmp(name, "--abort") == 0) {
		arguments->abort = true;
		return;
	}
	char *value = **argument ? *(*argument)++ : NULL;
	if (!value)
		usage();
	if (strcmp(name, "--transaction") == 0) {
		arguments->transaction = value;
	} else if (strcmp(name, "--count") == 0) {
		arguments->count = atol(value);
	} else if (strcmp(name, "-X") == 0 && strchr(value, '=')) {
		char *equals = strchr(value, '=');
		*equals = 0;
		set(arguments->configuration, value, equals + 1);
	} else {
		usage();
	}
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.count = -1};
	if (argc < 4)
		usage();
	arguments.topic = argv[3];
	arguments.configuration = rd_kafka_conf_new();
	set(arguments.configuration, "bootstrap.servers", argv[2]);
	for (char **argument = argv + 4; *argument;)
		read_option(&arguments, &argument);
	if (strcmp(argv[1], "produce") == 0)
		produce(&arguments);
	else if (strcmp(argv[1], "consume") == 0)
		consume(&arguments);
	else
		usage();
	return EX_OK;
}
