#include "source-adapter/positions.h"
#include "common/cloudevents/event.h"
#include "common/memory.h"
#include "source-adapter/asking.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- --from ---- */

bool position_time(struct ump_text text, int64_t *ret_ms)
{
	struct ump_attribute attribute = {UMP_TEXT("time"), text, UMP_ATTRIBUTE_TIMESTAMP};
	struct ump_error ignored;
	struct tm time = {0};
	int used = 0, hours = 0, minutes = 0;
	char terminated[64];
	if (text.size >= sizeof terminated || ump_attribute_check(&attribute, &ignored) < 0)
		return false;
	memcpy(terminated, text.start, text.size);
	terminated[text.size] = '\0';
	if (sscanf(terminated, "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d%n", &time.tm_year, &time.tm_mon, &time.tm_mday, &time.tm_hour, &time.tm_min,
		   &time.tm_sec, &used) != 6)
		return false;

	int64_t ms = 0, unit = 100;
	const char *rest = terminated + used;
	if (*rest == '.') {
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			ms += (*rest - '0') * unit;
	}
	if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2)
		return false;
	int64_t offset = (hours * 60 + minutes) * 60 * (*rest == '-' ? -1 : 1);
	time.tm_year -= 1900;
	time.tm_mon -= 1;
	*ret_ms = ((int64_t)timegm(&time) - offset) * 1000 + ms;
	return true;
}

int position_policy_parse(const char *text, struct position_policy *ret_policy, struct ump_error *error)
{
	struct position_policy policy = {0};
	if (ump_text_equals_ignoring_case(ump_text(text), UMP_TEXT("earliest")))
		policy.kind = POSITION_EARLIEST;
	else if (ump_text_equals_ignoring_case(ump_text(text), UMP_TEXT("latest")))
		policy.kind = POSITION_LATEST;
	else if (position_time(ump_text(text), &policy.time_ms))
		policy.kind = POSITION_TIME;
	else
		return ump_fail(error, UMP_REJECT,
				"expected earliest, latest or an RFC 3339 time such as 2026-01-31T12:00:00Z, found \"%s\"", text);
	*ret_policy = policy;
	return 0;
}

/* ---- Metadata of commits ---- */

#define NOTE_START "umpire1;n="

struct position_note position_note_read(struct ump_text metadata)
{
	struct position_note note = {0};
	uint64_t partitions;
	if (!ump_text_starts_with(metadata, UMP_TEXT(NOTE_START)))
		return note;
	const char *start = metadata.start + sizeof NOTE_START - 1, *end = metadata.start + metadata.size;
	const char *semicolon = memchr(start, ';', (size_t)(end - start));
	if (!semicolon || !ump_text_to_number((struct ump_text){start, (size_t)(semicolon - start)}, INT32_MAX, &partitions) ||
	    !ump_text_starts_with((struct ump_text){semicolon, (size_t)(end - semicolon)}, UMP_TEXT(";a=")))
		return note;
	note.partitions = (int32_t)partitions;
	note.ahead = (struct ump_text){semicolon + 3, (size_t)(end - semicolon - 3)};
	return note;
}

void position_note_begin(struct ump_buffer *out, int32_t partitions)
{
	ump_buffer_print(out, NOTE_START "%d;a=", partitions);
}

/* ---- Deciding ---- */

/* The committed offsets of all partitions of all topics in `assigned`. */
static int read_committed(rd_kafka_t *consumer, const rd_kafka_topic_partition_list_t *assigned, int timeout_ms,
			  rd_kafka_topic_partition_list_t *committed, struct ump_error *error)
{
	const char *topic = "";
	for (int i = 0; i < assigned->cnt; i++) { /* sorted by topic */
		if (strcmp(topic, assigned->elems[i].topic) == 0)
			continue;
		topic = assigned->elems[i].topic;
		if (asking_partitions(consumer, topic, timeout_ms, committed, error) < 0)
			return -1;
	}
	return asking_committed(consumer, committed, timeout_ms, error);
}

/* Where a partition starts that has no committed offset. */
static int begin(rd_kafka_t *consumer, const rd_kafka_topic_partition_t *partition, const struct position_policy *policy, int timeout_ms,
		 int64_t *ret_offset, struct ump_error *error)
{
	int64_t first, last;
	if (asking_bounds(consumer, partition->topic, partition->partition, timeout_ms, &first, &last, error) < 0)
		return -1;
	switch (policy->kind) {
	case POSITION_EARLIEST:
		*ret_offset = first;
		return 0;
	case POSITION_LATEST:
		*ret_offset = last;
		return 0;
	case POSITION_TIME:
		return asking_time(consumer, partition->topic, partition->partition, policy->time_ms, last, timeout_ms, ret_offset, error);
	}
	__builtin_unreachable();
}

/* How many partitions the topic had when the group began with it: as its commits note; all that it has now, where there is no commit yet;
 * 0 where there are commits that note nothing. */
static int32_t partitions_at_start(const rd_kafka_topic_partition_list_t *committed, const char *topic)
{
	int32_t all = 0;
	bool begun = false;
	for (int i = 0; i < committed->cnt; i++) {
		const rd_kafka_topic_partition_t *partition = &committed->elems[i];
		if (strcmp(partition->topic, topic) != 0)
			continue;
		all++;
		if (partition->offset < 0)
			continue;
		begun = true;
		struct position_note note = position_note_read((struct ump_text){partition->metadata, partition->metadata_size});
		if (note.partitions > 0)
			return note.partitions;
	}
	return begun ? 0 : all;
}

static int resolve_one(rd_kafka_t *consumer, const rd_kafka_topic_partition_t *partition, const rd_kafka_topic_partition_list_t *committed,
		       const struct position_policy *policy, int timeout_ms, struct position *position,
		       rd_kafka_topic_partition_list_t *fresh, struct ump_error *error)
{
	const rd_kafka_topic_partition_t *known =
		rd_kafka_topic_partition_list_find((rd_kafka_topic_partition_list_t *)committed, partition->topic, partition->partition);
	*position = (struct position){.topic = partition->topic, .partition = partition->partition};
	int32_t start = partitions_at_start(committed, partition->topic);
	if (known && known->offset >= 0) {
		position->offset = known->offset;
		if (known->metadata_size > 0)
			position->metadata = ump_copy_bytes(known->metadata, known->metadata_size);
		position->note = position_note_read((struct ump_text){position->metadata, known->metadata_size});
		position->note.partitions = start;
		return 0;
	}
	static const struct position_policy earliest = {.kind = POSITION_EARLIEST};
	if (begin(consumer, partition, partition->partition < start ? policy : &earliest, timeout_ms, &position->offset, error) < 0)
		return -1;
	position->note.partitions = start;

	rd_kafka_topic_partition_t *element = rd_kafka_topic_partition_list_add(fresh, partition->topic, partition->partition);
	ump_cleanup(ump_buffer_release) struct ump_buffer note = {0};
	position_note_begin(&note, start);
	element->offset = position->offset;
	element->metadata = ump_copy_bytes(note.start, note.size);
	element->metadata_size = note.size;
	return 0;
}

int positions_resolve(rd_kafka_t *consumer, const rd_kafka_topic_partition_list_t *list, const struct position_policy *policy,
		      int timeout_ms, struct position *ret_positions, struct ump_error *error)
{
	ump_cleanup(asking_free_list) rd_kafka_topic_partition_list_t *committed = rd_kafka_topic_partition_list_new(list->cnt);
	ump_cleanup(asking_free_list) rd_kafka_topic_partition_list_t *fresh = rd_kafka_topic_partition_list_new(list->cnt);
	if (read_committed(consumer, list, timeout_ms, committed, error) < 0)
		return -1;
	for (int i = 0; i < list->cnt; i++) {
		if (resolve_one(consumer, &list->elems[i], committed, policy, timeout_ms, &ret_positions[i], fresh, error) < 0) {
			positions_release(ret_positions, (size_t)i);
			return -1;
		}
	}
	if (fresh->cnt == 0)
		return 0;
	if (asking_to_commit(consumer, fresh, error) < 0) {
		positions_release(ret_positions, (size_t)list->cnt);
		return -1;
	}
	return 0;
}

void positions_release(struct position *positions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(positions[i].metadata);
}
