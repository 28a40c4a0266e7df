/* source-adapter/outbox.h: records on their way into Kafka, each kept until Kafka has said what becomes of it.
 *
 * A full queue is no failure: what does not fit waits in its order, and is sent when the producer says that there is room. Nor is one bad
 * record the failure of others: Kafka refuses all that travelled together for it (one that is too large for the topic), so each of them is
 * sent once more, alone, and only what is refused then is told of as refused. How much is kept is bounded by what is in flight. */
#pragma once
#include "common/kafka/producer.h"

struct outbox;

/* `delivered` is what the producer's completions go to: it is told of a kept record that is refused when its turn comes. */
struct outbox *outbox_new(void (*delivered)(void *context, const struct ump_delivery *delivery), void *context);
void outbox_free(struct outbox *outbox); /* accepts NULL; gives up what is kept, without completions */

void outbox_set_producer(struct outbox *outbox, struct ump_producer *producer);

/* As ump_producer_send(), but a full queue does not fail. */
int outbox_send(struct outbox *outbox, const struct ump_record *record, void *opaque, struct ump_error *error);

/* For the producer's `delivered`: what became of a record of ours. */
void outbox_delivered(struct outbox *outbox, const struct ump_delivery *delivery);

/* The producer has room again. */
void outbox_flush(struct outbox *outbox);
