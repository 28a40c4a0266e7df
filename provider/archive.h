/* provider/archive.h: the latest records as they were read, for who wants to look at one closely.
 *
 * Keeps as many hits and verdicts as fit into its bounds; the oldest go first. Those that ended in a flag have room of their own, so that a
 * flood of fair ones does not wash them away. Copies what it keeps. Pure. */
#pragma once
#include "common/cloudevents/kafka.h"
#include <stdbool.h>
#include <stdint.h>

#define ARCHIVE_BUCKETS 8192

enum archive_kind { ARCHIVE_HIT, ARCHIVE_VERDICT, ARCHIVE_DEAD_LETTER };

struct archive_key {
	enum archive_kind kind;
	int32_t partition;
	int64_t offset;
};

struct archive_record {
	struct archive_key where, other; /* other: the verdict of a hit, the hit of a verdict; partition -1: not known */
	int64_t timestamp_ms;            /* in Kafka */
	int64_t read_ms;                 /* when this process had read it, by the wall's clock; -1: not for the board */
	struct ump_text key, value;
	const struct ump_kafka_field *headers;
	size_t header_count;
};

struct archive;

/* At most so many bytes for the latest, and as many again for those that ended in a flag. */
struct archive *archive_new(size_t max_bytes);
void archive_free(struct archive *archive); /* accepts NULL */

/* A copy of a record with all that it points to; free() releases it. */
struct archive_record *archive_copy(const struct archive_record *record);

/* Keeps a copy of the record; `other` counts not. One that is there already stays as it is. */
void archive_keep(struct archive *archive, const struct archive_record *record);

/* They belong together, whichever was first; `flagged`: both stay for longer. What is not there is passed over. */
void archive_pair(struct archive *archive, const struct archive_key *hit, const struct archive_key *verdict, bool flagged);

/* Valid until the next archive_keep() or archive_pair(); NULL where it is not kept. */
const struct archive_record *archive_find(const struct archive *archive, const struct archive_key *where);
