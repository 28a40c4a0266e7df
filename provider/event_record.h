/* provider/event_record.h: events as the provider makes them, and as records of a topic. Pure. */
#pragma once
#include "common/cloudevents/kafka.h"
#include "common/kafka/producer.h"

/* What an event about a player consists of; all is borrowed. `data` is JSON. */
struct event_form {
	const char *source, *id, *type, *player, *time;
	struct ump_text data;
};

/* Makes `ret_event` this event; it holds as long as what the form borrows. */
int event_fill(const struct event_form *form, struct ump_event *ret_event, struct ump_error *error);

/* The record in binary mode, with the event's partitionkey as its key, else its subject, else none. Valid as long as the event, and until
 * `message` is used again. */
int event_to_record(const struct ump_event *event, const char *topic, struct ump_kafka_message *message, struct ump_record *ret_record,
		    struct ump_error *error);
