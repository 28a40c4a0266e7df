/* source-adapter/mapping.h: a Kafka record as the CloudEvent that is sent, exactly as Knative's KafkaSource maps it.
 *
 * A record that is a CloudEvent stays the one it is; of any other one is made:
 *   id       partition:<p>/offset:<o>                                 source  /apis/v1/namespaces/<namespace>/kafkasources/<name>#<topic>
 *   type     dev.knative.kafka.event                                  subject partition:<p>#<o>
 *   time     the record's timestamp, where it has one                 data    its value: none where that is null
 *   partitionkey, key    the record's key, unless it is empty         datacontenttype  the header content-type, where there is one
 *   kafkaheader<name>    each other header, its name in lower case without all but [a-z0-9]; the last one wins; a null value is none
 * Both get knativekafkapartition and knativekafkaoffset, and then the overrides.
 *
 * Text that no CloudEvents string can hold (control characters, bytes that are no UTF-8) is given in base64, so that no ordinary record is
 * undeliverable for its key or its headers. Pure. */
#pragma once
#include "common/cloudevents/event.h"
#include "common/cloudevents/kafka.h"

enum key_type { KEY_STRING, KEY_INT, KEY_FLOAT, KEY_BYTE_ARRAY }; /* int and float: big-endian, 4 or 8 bytes; else taken as a string */

struct mapping_override {
	struct ump_text name, value;
};

struct mapping {
	const char *namespace_name, *name; /* of the source */
	enum key_type key_type;
	const struct mapping_override *overrides;
	size_t override_count;
};

/* Attributes that a record's event may have of its own, and overrides that there may be: both, and what is added on the way, fit into one
 * event. */
#define MAPPING_ATTRIBUTES (UMP_EVENT_ATTRIBUTES / 2)
#define MAPPING_OVERRIDES  (UMP_EVENT_ATTRIBUTES / 4)

/* What is mapped. Of a dead letter, topic, partition, offset and timestamp are those of its origin. */
struct mapping_record {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms;       /* since 1970; -1: none */
	struct ump_text key, value; /* start NULL: none */
	const struct ump_kafka_field *headers;
	size_t header_count;
};

/* Fills `ret_event`, which is reset first. Its views hold as long as the record, the mapping and the event itself. Fails, with the
 * validator's text and UMP_REJECT, for a record that claims to be a CloudEvent and is not one. */
int mapping_event(const struct mapping *mapping, const struct mapping_record *record, struct ump_event *ret_event, struct ump_error *error);

/* The same, but as if the record did not claim to be a CloudEvent: of one that claims it wrongly, an event with its bytes and headers. */
int mapping_ordinary_event(const struct mapping *mapping, const struct mapping_record *record, struct ump_event *ret_event,
			   struct ump_error *error);
