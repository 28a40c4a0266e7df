/* provider/reader_private.h: what the two threads of a reader share: reader.c (the loop's), reader_lookup.c (the helper's); and how a
 * record is read out of a message. */
#pragma once
#include "provider/reader.h"
#include <pthread.h>

/* What the helper found out about one partition. */
struct reader_found {
	size_t topic;
	int32_t partition;
	int64_t start; /* where to read from */
	int64_t end;   /* what was there at that moment */
	bool again;    /* read before: its position was no longer there */
};

#define READER_FOUND_MOST (READER_TOPICS * READER_PARTITIONS)

/* Guarded by `lock`, but for what is said to be constant. */
struct reader_lookup {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool started, stop;
	struct ump_wakeup wakeup; /* constant: tells the loop that there is something new here */

	rd_kafka_t *handle;                       /* constant while the thread runs */
	rd_kafka_topic_t *handles[READER_TOPICS]; /* likewise: make metadata requests ask for these topics */
	const struct reader_options *options;     /* constant */

	struct reader_found *found; /* taken by the loop */
	size_t found_count;
	int32_t partitions[READER_TOPICS];           /* found so far */
	bool lost[READER_TOPICS][READER_PARTITIONS]; /* set by the loop: look for another start */
	bool any_lost;
	int64_t committed[READER_PARTITIONS]; /* of topic 0 */
	bool opened;
	bool troubled;
	struct ump_error trouble;
};

/* What a message holds, as views into it and `fields`; its topic is not set. */
void reader_read(const rd_kafka_message_t *message, struct ump_kafka_field fields[READER_HEADERS], struct reader_record *ret_record);

/* Starts it with `handle`; after a stop it goes on where it was. Ends the thread alone: what it has left can still be taken. Ends it and
 * releases what it had. */
int reader_lookup_start(struct reader_lookup *lookup, struct ump_error *error);
void reader_lookup_end(struct reader_lookup *lookup);
void reader_lookup_stop(struct reader_lookup *lookup);
