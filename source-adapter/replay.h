/* source-adapter/replay.h: a run with a beginning and an end: which offsets of which partitions it is about.
 *
 * Both ends are resolved to offsets once, before the run: what is written meanwhile is not part of it. A partition is at its end by its
 * position, so that neither compaction nor the markers of transactions leave it waiting for a record that does not exist. */
#pragma once
#include "common/config/options.h"
#include "common/error.h"
#include <librdkafka/rdkafka.h>

struct replay_start {
	char *topic;
	int32_t partition;
	int64_t offset;
};

/* What was asked for. */
struct replay_bounds {
	enum { REPLAY_EARLIEST, REPLAY_TIME, REPLAY_OFFSETS, REPLAY_COMMITTED } from;
	int64_t from_ms;             /* since 1970 */
	struct replay_start *starts; /* partitions that are not named take no part */
	size_t start_count;
	enum { REPLAY_UNTIL_END, REPLAY_UNTIL_TIME } until;
	int64_t until_ms;
};

/* Each sets its end of the bounds. From: "earliest", an RFC 3339 time, or "<topic>:<partition>:<offset>[,…]" with topics of `topics`.
 * Until: "end" or a time. */
int replay_parse_from(const char *text, const struct ump_list *topics, struct replay_bounds *bounds, struct ump_error *error);
int replay_parse_until(const char *text, struct replay_bounds *bounds, struct ump_error *error);
void replay_bounds_release(struct replay_bounds *bounds);
bool replay_needs_times(const struct replay_bounds *bounds);

/* A partition's part. */
struct replay_part {
	char *topic;
	int32_t partition, partitions; /* its number, and how many the topic has */
	int64_t from, end;             /* offsets; from >= end: there is nothing to do */
	int64_t expired;               /* offsets that were asked for and that the broker has deleted */
};

struct replay_plan {
	struct replay_part *parts;
	size_t count;
};

/* Resolves the bounds for all partitions of `topics` that take part, by questions that block for `timeout_ms` at most each. With
 * REPLAY_COMMITTED, `client` has the group; a partition without a committed offset starts at its first one. UMP_REJECT: there is no such
 * partition or offset.
 */
int replay_plan_make(rd_kafka_t *client, const struct ump_list *topics, const struct replay_bounds *bounds, int timeout_ms,
		     struct replay_plan *ret_plan, struct ump_error *error);
void replay_plan_release(struct replay_plan *plan);
