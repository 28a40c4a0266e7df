#include "source-adapter/replay.h"
#include "common/memory.h"
#include "common/text.h"
#include "source-adapter/asking.h"
#include "source-adapter/positions.h"
#include <stdlib.h>

/* ---- What was asked for ---- */

static bool is_topic(const struct ump_list *topics, struct ump_text name)
{
	for (size_t i = 0; i < topics->count; i++) {
		if (ump_text_equals(name, ump_text(topics->items[i])))
			return true;
	}
	return false;
}

/* <topic>:<partition>:<offset>; names of topics have no colons. */
static int parse_start(struct ump_text text, const struct ump_list *topics, struct replay_start *ret_start, struct ump_error *error)
{
	const char *end = text.start + text.size, *first = memchr(text.start, ':', text.size);
	const char *second = first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
	uint64_t partition, offset;
	if (!second || !ump_text_to_number((struct ump_text){first + 1, (size_t)(second - first - 1)}, INT32_MAX, &partition) ||
	    !ump_text_to_number((struct ump_text){second + 1, (size_t)(end - second - 1)}, INT64_MAX, &offset))
		return ump_fail(error, UMP_REJECT, "expected <topic>:<partition>:<offset>, found \"%.*s\"", UMP_TEXT_ARGUMENTS(text));
	struct ump_text topic = {text.start, (size_t)(first - text.start)};
	if (!is_topic(topics, topic))
		return ump_fail(error, UMP_REJECT, "%.*s is not among the topics that are read", UMP_TEXT_ARGUMENTS(topic));
	*ret_start = (struct replay_start){ump_copy_bytes(topic.start, topic.size), (int32_t)partition, (int64_t)offset};
	return 0;
}

static int parse_starts(const char *text, const struct ump_list *topics, struct replay_bounds *bounds, struct ump_error *error)
{
	bounds->from = REPLAY_OFFSETS;
	for (const char *at = text;; at++) {
		size_t size = strcspn(at, ",");
		struct replay_start start;
		if (parse_start((struct ump_text){at, size}, topics, &start, error) < 0)
			return -1;
		bounds->starts = ump_reallocate(bounds->starts, bounds->start_count + 1, sizeof *bounds->starts);
		bounds->starts[bounds->start_count++] = start;
		at += size;
		if (!*at)
			return 0;
	}
}

int replay_parse_from(const char *text, const struct ump_list *topics, struct replay_bounds *bounds, struct ump_error *error)
{
	if (ump_text_equals_ignoring_case(ump_text(text), UMP_TEXT("earliest")))
		return 0;
	if (position_time(ump_text(text), &bounds->from_ms)) {
		bounds->from = REPLAY_TIME;
		return 0;
	}
	/* A time has colons as well: only what has neither its form nor a comma's is told what all three look like. */
	if (!strchr(text, ':') || (*text >= '0' && *text <= '9' && strchr(text, 'T')))
		return ump_fail(error, UMP_REJECT,
				"expected earliest, an RFC 3339 time or <topic>:<partition>:<offset>[,...] for a replay, found \"%s\"",
				text);
	return parse_starts(text, topics, bounds, error);
}

int replay_parse_until(const char *text, struct replay_bounds *bounds, struct ump_error *error)
{
	if (position_time(ump_text(text), &bounds->until_ms))
		bounds->until = REPLAY_UNTIL_TIME;
	else if (!ump_text_equals_ignoring_case(ump_text(text), UMP_TEXT("end")))
		return ump_fail(error, UMP_REJECT, "expected end or an RFC 3339 time such as 2026-01-31T12:00:00Z, found \"%s\"", text);
	return 0;
}

void replay_bounds_release(struct replay_bounds *bounds)
{
	for (size_t i = 0; i < bounds->start_count; i++)
		free(bounds->starts[i].topic);
	free(bounds->starts);
	*bounds = (struct replay_bounds){0};
}

bool replay_needs_times(const struct replay_bounds *bounds)
{
	return bounds->from == REPLAY_TIME || bounds->until == REPLAY_UNTIL_TIME;
}

/* ---- What it comes to ---- */

/* Where a named offset leads: what was deleted is passed over and counted; what does not exist yet is a mistake. */
static int begin_at(const struct replay_start *start, int64_t first, int64_t end, struct replay_part *part, struct ump_error *error)
{
	if (start->offset > end)
		return ump_fail(error, UMP_REJECT, "%s:%d:%lld: the partition ends at %lld", start->topic, start->partition,
				(long long)start->offset, (long long)end);
	part->expired = start->offset < first ? first - start->offset : 0;
	part->from = start->offset + part->expired;
	return 0;
}

static const struct replay_start *find_start(const struct replay_bounds *bounds, const char *topic, int32_t partition)
{
	for (size_t i = 0; i < bounds->start_count; i++) {
		if (bounds->starts[i].partition == partition && strcmp(bounds->starts[i].topic, topic) == 0)
			return &bounds->starts[i];
	}
	return NULL;
}

static int resolve_from(rd_kafka_t *client, const struct replay_bounds *bounds, const rd_kafka_topic_partition_t *partition, int64_t first,
			int64_t end, int timeout_ms, struct replay_part *part, struct ump_error *error)
{
	switch (bounds->from) {
	case REPLAY_EARLIEST:
		part->from = first;
		return 0;
	case REPLAY_TIME:
		return asking_time(client, part->topic, part->partition, bounds->from_ms, end, timeout_ms, &part->from, error);
	case REPLAY_OFFSETS:
		return begin_at(find_start(bounds, part->topic, part->partition), first, end, part, error);
	case REPLAY_COMMITTED:
		part->from = partition->offset >= first ? partition->offset : first;
		part->expired = partition->offset >= 0 ? part->from - partition->offset : 0;
		return 0;
	}
	__builtin_unreachable();
}

static int resolve(rd_kafka_t *client, const struct replay_bounds *bounds, const rd_kafka_topic_partition_t *partition, int timeout_ms,
		   struct replay_part *part, struct ump_error *error)
{
	int64_t first, end;
	if (asking_bounds(client, part->topic, part->partition, timeout_ms, &first, &end, error) < 0 ||
	    resolve_from(client, bounds, partition, first, end, timeout_ms, part, error) < 0)
		return -1;
	part->end = end;
	if (bounds->until == REPLAY_UNTIL_END)
		return 0;
	return asking_time(client, part->topic, part->partition, bounds->until_ms, end, timeout_ms, &part->end, error);
}

/* Each start must be about a partition that there is. */
static int check_starts(const struct replay_bounds *bounds, rd_kafka_topic_partition_list_t *list, struct ump_error *error)
{
	for (size_t i = 0; i < bounds->start_count; i++) {
		const struct replay_start *start = &bounds->starts[i];
		if (!rd_kafka_topic_partition_list_find(list, start->topic, start->partition))
			return ump_fail(error, UMP_REJECT, "topic %s has no partition %d", start->topic, start->partition);
	}
	return 0;
}

static int32_t count_partitions(const rd_kafka_topic_partition_list_t *list, const char *topic)
{
	int32_t count = 0;
	for (int i = 0; i < list->cnt; i++)
		count += strcmp(list->elems[i].topic, topic) == 0;
	return count;
}

int replay_plan_make(rd_kafka_t *client, const struct ump_list *topics, const struct replay_bounds *bounds, int timeout_ms,
		     struct replay_plan *ret_plan, struct ump_error *error)
{
	ump_cleanup(asking_free_list) rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
	for (size_t i = 0; i < topics->count; i++) {
		if (asking_partitions(client, topics->items[i], timeout_ms, list, error) < 0)
			return -1;
	}
	if (check_starts(bounds, list, error) < 0 ||
	    (bounds->from == REPLAY_COMMITTED && asking_committed(client, list, timeout_ms, error) < 0))
		return -1;
	struct replay_plan plan = {.parts = ump_allocate((size_t)list->cnt + 1, sizeof *plan.parts)};
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *partition = &list->elems[i];
		if (bounds->from == REPLAY_OFFSETS && !find_start(bounds, partition->topic, partition->partition))
			continue;
		struct replay_part *part = &plan.parts[plan.count++];
		part->topic = ump_copy_string(partition->topic);
		part->partition = partition->partition;
		part->partitions = count_partitions(list, partition->topic);
		if (resolve(client, bounds, partition, timeout_ms, part, error) < 0) {
			replay_plan_release(&plan);
			return -1;
		}
	}
	*ret_plan = plan;
	return 0;
}

void replay_plan_release(struct replay_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		free(plan->parts[i].topic);
	free(plan->parts);
	*plan = (struct replay_plan){0};
}
