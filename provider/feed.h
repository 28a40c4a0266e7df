/* provider/feed.h: from the topics onto the board, and from the board into the table of flagged players.
 *
 * Owns the reader, the board and the evidence; knows what each topic holds. The table is read first, the other topics when it has been
 * read: it says when rounds began, and which verdicts are counted already. Rows of the table are written only when everything that was
 * there at the start has been read, so that a restart does not write what is there already. */
#pragma once
#include "common/kafka/producer.h"
#include "common/telemetry/metrics.h"
#include "provider/archive.h"
#include "provider/board.h"
#include "provider/configuration.h"
#include "provider/reader.h"

struct feed;

struct feed_options {
	const struct provider_config *config;
	const char *run; /* what the board is about; NULL: all runs */
	struct ump_producer *producer;
	struct ump_metrics *metrics;
	void (*opened)(void *context);    /* once: Kafka has answered and has the topics */
	void (*caught_up)(void *context); /* once: the board shows all that was there */
	void (*trouble)(void *context, const struct ump_error *error);
	void (*hit)(void *context, const struct hit_reading *hit, int64_t timestamp_ms); /* one was read, again or not */
	void (*verdict)(void *context, const struct verdict_reading *verdict,
			double ms); /* one was taken; ms since its hit, -1: not known */
	void *context;
};

int feed_new(struct feed **ret_feed, struct ump_loop *loop, const struct feed_options *options, struct ump_error *error);
void feed_free(struct feed *feed); /* accepts NULL; before the producer */

/* What reads the topics; for whoever watches its credentials. */
struct reader *feed_reader(struct feed *feed);

struct board *feed_board(struct feed *feed);

/* Whether there is such a partition, as far as is known. */
bool feed_has_partition(const struct feed *feed, const struct archive_key *where);

/* For who looks closely: the record there, NULL where it is not kept; such a record, or one that was read back from Kafka, as JSON (NULL: a
 * hit that is none of the board's); the latest dead letters. free() releases what is JSON. */
const struct archive_record *feed_find(const struct feed *feed, const struct archive_key *where);
char *feed_inspect(struct feed *feed, const struct archive_record *record);
char *feed_dead_letters(const struct feed *feed);

/* An order into the table (board_order_…()): `done` is called once, when Kafka has it (error NULL) or will not. key and order are copied.
 */
int feed_order(struct feed *feed, const char *key, const char *order, void (*done)(void *context, const struct ump_error *error),
	       void *context, struct ump_error *error);

/* A record of the events' topic was acknowledged: its end is known before it is read. */
void feed_acknowledged(struct feed *feed, int32_t partition, int64_t offset);

/* True when this completion was that of a row or an order. */
bool feed_delivered(struct feed *feed, const struct ump_delivery *delivery);

/* Why no more events should be made now (`unacknowledged` more are on their way), or NULL: from --hold-back records on, until half of that
 * are left. Valid until the next call. */
const char *feed_is_full(struct feed *feed, uint64_t unacknowledged);

/* How far the group is behind, and what the board leaves out: into the metrics. */
void feed_measure(struct feed *feed);

/* Fills what the board's page shows of Kafka: broker, group, partitions, from_ms, rebuilding. */
void feed_facts(struct feed *feed, struct board_facts *facts);
