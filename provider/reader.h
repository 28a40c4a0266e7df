/* provider/reader.h: reads topics from a chosen place on, without being a member of any group.
 *
 * Every partition of the topics is read, also those that appear later; nothing is ever committed. Records come on the loop's thread, those
 * of a partition in their order. Beside that the reader knows how far a group of others has come. What blocks in librdkafka (metadata,
 * look-ups by time, committed offsets) is done by one helper thread. */
#pragma once
#include "common/cloudevents/kafka.h"
#include "common/kafka/settings.h"
#include "common/loop/loop.h"

#define READER_TOPICS     8
#define READER_PARTITIONS 256 /* of a topic; further ones are refused */
#define READER_HEADERS    128 /* of a record; further ones are not shown */
#define READER_BEGINNING  INT64_C(0)

struct reader;

struct reader_record {
	size_t topic; /* index in the options */
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms;
	struct ump_text key, value;
	const struct ump_kafka_field *headers;
	size_t header_count;
};

struct reader_options {
	const struct ump_kafka_settings *settings;
	const char *client_id;
	const char *group; /* whose committed offsets in topic 0 are looked up; not joined */
	bool embedded;     /* librdkafka's mock cluster: no look-up by time, no transactions, and a fetch that nothing wakes */
	const char *topics[READER_TOPICS];
	int64_t from_ms[READER_TOPICS]; /* of the wall's clock, or READER_BEGINNING */
	size_t topic_count;
	size_t required; /* the first so many topics have to exist before the reader is open */
	size_t first;    /* the topic of this number, from 1 on, is read to its end before the others are begun, if it is there; 0: none */

	void (*record)(void *context, const struct reader_record *record);
	void (*opened)(void *context);                                 /* once: Kafka has answered, the required topics are there */
	void (*caught_up)(void *context);                              /* once: all that was there at the start has been read */
	void (*trouble)(void *context, const struct ump_error *error); /* Kafka does not answer, a topic is missing: goes on trying */
	void *context;
};

int reader_new(struct reader **ret_reader, struct ump_loop *loop, const struct reader_options *options, struct ump_error *error);
void reader_free(struct reader *reader); /* accepts NULL; waits for the helper thread, at most for its present request */

/* For the connections that it makes from now on. */
int reader_set_credentials(struct reader *reader, const char *user, const char *password, struct ump_error *error);

/* Goes on with a new client, made of the settings and files as they are now, where the old one was: no record is skipped or repeated. When
 * it cannot be made, the old one stays and -1 is returned (UMP_FATAL: neither can go on). Waits for the helper thread's present request. */
int reader_renew(struct reader *reader, struct ump_error *error);

size_t reader_partitions(const struct reader *reader, size_t topic);                   /* known so far */
int64_t reader_position(const struct reader *reader, size_t topic, int32_t partition); /* of the next record; -1: not known yet */
int64_t reader_end(const struct reader *reader, size_t topic, int32_t partition);      /* as the latest answer said; -1: not known yet */

/* Everything that was there by the latest answers has been read. */
bool reader_is_at_end(const struct reader *reader);

/* Of the group in topic 0: the next offset that it has not committed; where it has committed none, the partition's beginning. -1: not known
 * yet. */
int64_t reader_committed(const struct reader *reader, int32_t partition);
