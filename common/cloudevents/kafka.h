/* common/cloudevents/kafka.h: the Kafka protocol binding of CloudEvents 1.0 (binary and structured content mode).
 *
 * Needs no Kafka library: a record is what is described here. Pure. */
#pragma once
#include "common/buffer.h"
#include "common/cloudevents/event.h"

struct ump_kafka_field { /* a record's header; keys are compared with regard to case */
	struct ump_text name;
	struct ump_text value; /* start NULL: a null value */
};

enum ump_kafka_mode {
	UMP_KAFKA_NOT_CLOUDEVENT, /* no event's content-type, no ce_specversion: an ordinary record */
	UMP_KAFKA_BINARY,
	UMP_KAFKA_STRUCTURED
};

enum ump_kafka_mode ump_kafka_mode(const struct ump_kafka_field *headers, size_t count);

/* Reads a record that is a CloudEvent. Of repeated headers the last wins; a null-valued one counts as absent. Views point into the record.
 * The event is validated. Headers that are not the binding's are left alone. */
int ump_event_from_kafka(struct ump_event *ret_event, const struct ump_kafka_field *headers, size_t count, struct ump_text value,
			 struct ump_error *error);

struct ump_kafka_message {
	struct ump_kafka_field *headers; /* views into the event or `text` */
	size_t header_count;
	struct ump_text value;  /* start NULL: no data */
	struct ump_buffer text; /* private */
	size_t header_capacity; /* private */
};

void ump_kafka_message_reset(struct ump_kafka_message *message);
void ump_kafka_message_release(struct ump_kafka_message *message);

/* Writes an event that is valid, as it was read or as ump_event_validate() found it, binary or structured; an event whose data
 * is itself an event, by its datacontenttype, is written structured in any case. The key is the caller's decision. */
int ump_event_to_kafka(const struct ump_event *event, enum ump_kafka_mode mode, struct ump_kafka_message *ret_message,
		       struct ump_error *error);
