#include "source-adapter/outbox.h"
#include "common/memory.h"
#include "source-adapter/parcel.h"
#include <stdlib.h>

struct kept {
	struct kept *next;  /* in a queue, or among those that Kafka has; */
	struct kept **link; /* there, what leads to it */
	struct parcel *parcel;
	void *opaque;
	bool alone; /* nothing else was on its way with it */
};

struct queue {
	struct kept *first, **last;
};

struct outbox {
	void (*delivered)(void *context, const struct ump_delivery *delivery);
	void *context;
	struct ump_producer *producer;
	struct queue waiting;  /* for room */
	struct queue suspects; /* refused together: each is to be sent alone */
	struct kept *sent;     /* Kafka has them, and has not said what becomes of them */
};

struct outbox *outbox_new(void (*delivered)(void *context, const struct ump_delivery *delivery), void *context)
{
	struct outbox *outbox = ump_allocate(1, sizeof *outbox);
	*outbox = (struct outbox){.delivered = delivered, .context = context};
	outbox->waiting.last = &outbox->waiting.first;
	outbox->suspects.last = &outbox->suspects.first;
	return outbox;
}

static void forget(struct kept *kept)
{
	parcel_free(kept->parcel);
	free(kept);
}

/* ---- Where they are ---- */

static void push(struct queue *queue, struct kept *kept)
{
	kept->next = NULL;
	*queue->last = kept;
	queue->last = &kept->next;
}

static struct kept *pop(struct queue *queue)
{
	struct kept *kept = queue->first;
	queue->first = kept->next;
	if (!queue->first)
		queue->last = &queue->first;
	return kept;
}

static void enter_sent(struct outbox *outbox, struct kept *kept)
{
	kept->next = outbox->sent;
	kept->link = &outbox->sent;
	if (kept->next)
		kept->next->link = &kept->next;
	outbox->sent = kept;
}

static void leave_sent(struct kept *kept)
{
	*kept->link = kept->next;
	if (kept->next)
		kept->next->link = kept->link;
}

void outbox_free(struct outbox *outbox)
{
	if (!outbox)
		return;
	while (outbox->waiting.first)
		forget(pop(&outbox->waiting));
	while (outbox->suspects.first)
		forget(pop(&outbox->suspects));
	while (outbox->sent) {
		struct kept *kept = outbox->sent;
		leave_sent(kept);
		forget(kept);
	}
	free(outbox);
}

void outbox_set_producer(struct outbox *outbox, struct ump_producer *producer)
{
	outbox->producer = producer;
}

/* ---- Sending ---- */

static int hand_over(struct outbox *outbox, struct kept *kept, struct ump_error *error)
{
	if (ump_producer_send(outbox->producer, &kept->parcel->record, kept, error) < 0)
		return -1;
	enter_sent(outbox, kept);
	return 0;
}

int outbox_send(struct outbox *outbox, const struct ump_record *record, void *opaque, struct ump_error *error)
{
	struct kept *kept = ump_allocate(1, sizeof *kept);
	kept->parcel = parcel_new(record);
	kept->opaque = opaque;
	bool queued = outbox->waiting.first || outbox->suspects.first || (outbox->sent && outbox->sent->alone);
	if (!queued && hand_over(outbox, kept, error) == 0)
		return 0;
	if (!queued && !ump_producer_is_full(outbox->producer)) {
		forget(kept);
		return -1;
	}
	push(&outbox->waiting, kept);
	return 0;
}

static void tell(struct outbox *outbox, struct kept *kept, const struct ump_delivery *delivery)
{
	struct ump_delivery told = *delivery;
	told.opaque = kept->opaque;
	forget(kept);
	outbox->delivered(outbox->context, &told);
}

/* Sends the first of a queue. False: there is no room. */
static bool send_first(struct outbox *outbox, struct queue *queue, bool alone)
{
	struct ump_error error;
	struct kept *kept = queue->first;
	kept->alone = alone;
	if (ump_producer_send(outbox->producer, &kept->parcel->record, kept, &error) == 0)
		enter_sent(outbox, pop(queue));
	else if (ump_producer_is_full(outbox->producer))
		return false;
	else
		tell(outbox, pop(queue), &(struct ump_delivery){.error = &error});
	return true;
}

void outbox_flush(struct outbox *outbox)
{
	while (outbox->suspects.first) {
		if (outbox->sent || !send_first(outbox, &outbox->suspects, true))
			return;
	}
	if (outbox->sent && outbox->sent->alone)
		return;
	while (outbox->waiting.first && send_first(outbox, &outbox->waiting, false))
		;
}

void outbox_delivered(struct outbox *outbox, const struct ump_delivery *delivery)
{
	struct kept *kept = delivery->opaque;
	leave_sent(kept);
	if (delivery->error && delivery->error->kind == UMP_REJECT && !kept->alone)
		push(&outbox->suspects, kept);
	else
		tell(outbox, kept, delivery);
	outbox_flush(outbox);
}
