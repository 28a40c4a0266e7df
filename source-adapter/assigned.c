#include "source-adapter/assigned.h"
#include "common/memory.h"
#include <stdlib.h>

struct assigned *assigned_new(const struct position *position, enum order order, uint32_t capacity, uint64_t epoch)
{
	struct assigned *assigned = ump_allocate(1, sizeof *assigned);
	struct partition_options options = {order, capacity, position->offset, position->note.ahead, epoch};
	*assigned = (struct assigned){
		.topic = ump_copy_string(position->topic),
		.number = position->partition,
		.partitions_at_start = position->note.partitions,
		.ring = partition_new(&options),
		.committed = position->offset,
		.end = INT64_MAX,
	};
	assigned->last_due = &assigned->due;
	assigned->last_given = &assigned->given;
	return assigned;
}

void assigned_free(struct assigned *assigned)
{
	if (assigned->queue)
		assigned_close_queue(assigned);
	partition_free(assigned->ring);
	free(assigned->topic);
	free(assigned);
}

struct assigned *assigned_find(struct assigned *list, const char *topic, int32_t number)
{
	while (list && (list->number != number || strcmp(list->topic, topic) != 0))
		list = list->next;
	return list;
}

void assigned_open_queue(struct assigned *assigned, rd_kafka_t *consumer, int fd)
{
	static const uint64_t one = 1;
	assigned->queue = rd_kafka_queue_get_partition(consumer, assigned->topic, assigned->number);
	rd_kafka_queue_forward(assigned->queue, NULL);
	rd_kafka_queue_io_event_enable(assigned->queue, fd, &one, sizeof one);
}

void assigned_close_queue(struct assigned *assigned)
{
	rd_kafka_queue_io_event_enable(assigned->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(assigned->queue);
	assigned->queue = NULL;
}
