/* source-adapter/positions.h: where an assigned partition starts, and what a commit says beside its offset.
 *
 * A committed offset counts, always. Where there is none, it matters why. At the group's first assignment --from decides. A partition that
 * appeared since starts at its beginning, for nothing of it has been seen. To tell them apart, each commit notes in its metadata how many
 * partitions the topic had when the group began. What is decided is committed before the first event, so that a restart decides the same.
 *
 * The metadata is "umpire1;n=<partitions>;a=<offsets finished ahead>" (see ahead.h); that of others is ignored. */
#pragma once
#include "common/buffer.h"
#include "common/error.h"
#include <librdkafka/rdkafka.h>

/* ---- --from ---- */

struct position_policy {
	enum { POSITION_EARLIEST, POSITION_LATEST, POSITION_TIME } kind;
	int64_t time_ms; /* since 1970 */
};

/* An RFC 3339 time, as milliseconds since 1970. */
bool position_time(struct ump_text text, int64_t *ret_ms);

/* "earliest", "latest" (in any case of letters) or an RFC 3339 time. */
int position_policy_parse(const char *text, struct position_policy *ret_policy, struct ump_error *error);

/* ---- Metadata of commits ---- */

#define POSITION_METADATA 4000 /* bytes at most: brokers refuse more than 4,096 by default */

struct position_note {
	int32_t partitions;    /* of the topic when the group began; 0: unknown */
	struct ump_text ahead; /* a view of the metadata */
};

/* Foreign metadata gives an empty note. */
struct position_note position_note_read(struct ump_text metadata);

/* Appends the part before the offsets. */
void position_note_begin(struct ump_buffer *out, int32_t partitions);

/* ---- Resolving. Blocks for as long as the broker takes, at most `timeout_ms` for each of at most four questions. ---- */

struct position {
	const char *topic; /* the list's */
	int32_t partition;
	int64_t offset;
	struct position_note note; /* views of `metadata` */
	char *metadata;            /* as it was committed; NULL: none */
};

/* Resolves all partitions of `list` into `ret_positions` (list->cnt of them, in its order), and commits those that had no offset. */
int positions_resolve(rd_kafka_t *consumer, const rd_kafka_topic_partition_list_t *list, const struct position_policy *policy,
		      int timeout_ms, struct position *ret_positions, struct ump_error *error);
void positions_release(struct position *positions, size_t count);
