#include "source-adapter/outbox.h"
#include "common/memory.h"
#include "source-adapter/parcel.h"
#include <stdlib.h>

struct kept {
	struct kept *next;
	struct parcel *parcel;
	void *opaque;
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
	parcel_free(kept->parcel);
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

static void keep(struct outbox *outbox, const struct ump_record *record, void *opaque)
{
	struct kept *kept = ump_allocate(1, sizeof *kept);
	kept->parcel = parcel_new(record);
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
		bool sent = ump_producer_send(outbox->producer, &outbox->first->parcel->record, outbox->first->opaque, &error) == 0;
		if (!sent && ump_producer_is_full(outbox->producer))
			return;
		struct kept *kept = pop(outbox);
		if (!sent)
			outbox->delivered(outbox->context, &(struct ump_delivery){.opaque = kept->opaque, .error = &error});
		forget(kept);
	}
}
