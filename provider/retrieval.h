/* provider/retrieval.h: single records, read back from Kafka by their places.
 *
 * For who looks closely at something that is no longer in memory. One helper thread, made with the first question, asks for one record at a
 * time, with a client of its own made of the settings and files as they are then; at most RETRIEVAL_MOST questions wait, and each is
 * answered, on the loop's thread, within some seconds of its turn. */
#pragma once
#include "common/kafka/settings.h"
#include "common/loop/loop.h"
#include "provider/archive.h"

#define RETRIEVAL_MOST 4

enum retrieval_result {
	RETRIEVAL_FOUND,
	RETRIEVAL_GONE,  /* retention or compaction has taken it, or no record ever stood there */
	RETRIEVAL_AHEAD, /* there is no such place yet */
	RETRIEVAL_SILENT /* Kafka has not answered in time */
};

struct retrieval;

struct retrieval_options {
	const struct ump_kafka_settings *settings;
	bool embedded; /* librdkafka's mock cluster, which has no transactions */
};

/* `record` is that of RETRIEVAL_FOUND, for as long as the call lasts. */
typedef void retrieval_fn(void *context, enum retrieval_result result, const struct archive_record *record);

int retrieval_new(struct retrieval **ret_retrieval, struct ump_loop *loop, const struct retrieval_options *options,
		  struct ump_error *error);
void retrieval_free(struct retrieval *retrieval); /* accepts NULL; waits for the helper; what has no answer gets none */

/* False where too many wait, or no thread can be made. */
bool retrieval_ask(struct retrieval *retrieval, const char *topic, const struct archive_key *where, retrieval_fn *done, void *context);
