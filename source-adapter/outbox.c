#include "source-adapter/outbox.h"
#include "common/memory.h"
#include <stdlib.h>

struct kept {
	struct kept *next;
	struct ump_record record; /* its views lead into `memory` */
	void *opaque;
	struct ump_buffer memory;
	struct ump_kafka_field headers[];
};

struct outbox {
	void (*delivered)(void *context, const struct ump_delivery *delivery);
	void *context;
	struct ump_producer *producer;
	struct kept *first, **last;
};

struct outbox *outbox_new(void (*delivered)(void *context, const struct ump_delivery *delivery), void *context)
{
	struct outbox *outbox = ump_allocate(1, sizeof *outbox);
	*outbox = (struct outbox){.delivered = delivered, .context = context, .last = &outbox->first};
	return outbox;
}

static void forget(struct kept *kept)
{
	ump_buffer_release(&kept->memory);
	free(kept);
}

static struct kept *pop(struct outbox *outbox)
{
	struct kept *kept = outbox->first;
	outbox->first = kept->next;
	if (!outbox->first)
		outbox->last = &outbox->first;
	return kept;
}

void outbox_free(struct outbox *outbox)
{
	if (!outbox)
		return;
	while (outbox->first)
		forget(pop(outbox));
	free(outbox);
}

void outbox_set_producer(struct outbox *outbox, struct ump_producer *producer)
{
	outbox->producer = producer;
}

static struct ump_text copy_text(struct ump_buffer *memory, struct ump_text text)
{
	if (!text.start)
		return text;
	size_t before = memory->size;
	ump_buffer_add_text(memory, text);
	return (struct ump_text){memory->start + before, text.size};
}

static void keep(struct outbox *outbox, const struct ump_record *record, void *opaque)
{
	size_t topic_size = strlen(record->topic) + 1;
	size_t size = topic_size + record->key.size + record->value.size + 1;
	struct kept *kept = ump_allocate(1, sizeof *kept + record->header_count * sizeof *kept->headers);
	for (size_t i = 0; i < record->header_count; i++)
		size += record->headers[i].name.size + record->headers[i].value.size;
	ump_buffer_reserve(&kept->memory, size); /* at once, so that views hold while it fills */

	kept->record = *record;
	kept->record.topic = copy_text(&kept->memory, (struct ump_text){record->topic, topic_size}).start;
	kept->record.key = copy_text(&kept->memory, record->key);
	kept->record.value = copy_text(&kept->memory, record->value);
	for (size_t i = 0; i < record->header_count; i++)
		kept->headers[i] = (struct ump_kafka_field){copy_text(&kept->memory, record->headers[i].name),
							    copy_text(&kept->memory, record->headers[i].value)};
	kept->record.headers = kept->headers;
	kept->opaque = opaque;
	*outbox->last = kept;
	outbox->last = &kept->next;
}

int outbox_send(struct outbox *outbox, const struct ump_record *record, void *opaque, struct ump_error *error)
{
	if (!outbox->first && ump_producer_send(outbox->producer, record, opaque, error) == 0)
		return 0;
	if (!outbox->first && !ump_producer_is_full(outbox->producer))
		return -1;
	keep(outbox, record, opaque);
	return 0;
}

void outbox_flush(struct outbox *outbox)
{
	struct ump_error error;
	while (outbox->first) {
		bool sent = ump_producer_send(outbox->producer, &outbox->first->record, outbox->first->opaque, &error) == 0;
		if (!sent && ump_producer_is_full(outbox->producer))
			return;
		struct kept *kept = pop(outbox);
		if (!sent)
			outbox->delivered(outbox->context, &(struct ump_delivery){.opaque = kept->opaque, .error = &error});
		forget(kept);
	}
}
