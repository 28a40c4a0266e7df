/* source-adapter/status.h: how the adapter is, told once a second to a Kafka topic, so that a board can show it without asking.
 *
 * A record's key is the instance; its value is one JSON object:
 *   {"instance":"a-1","group":"audit","time":"2026-01-01T12:00:00.000Z","in_flight":3,"held_bytes":812,"partitions":3,"stalled":0,"lag":12,
 *    "last_status":200,"last_answer":"2026-01-01T11:59:59.998Z","first_answer_ms":412.5,"first_answer":"2026-01-01T11:59:30.120Z"}
 * lag: records behind the committed offsets, null while unknown. last_status: 0 when the latest try got no answer that could be understood,
 * null before the first. first_answer_ms: how long the sink took for the first event after a second of idleness, and when that was: what it
 * costs to wake a sleeping function. */
#pragma once
#include "common/kafka/producer.h"
#include "source-adapter/flow.h"

struct status;

struct status_facts {
	struct flow_facts flow;
	size_t partitions; /* assigned */
	size_t stalled;    /* of these, with a stalled record */
	int64_t lag;       /* -1: unknown */
};

struct status_options {
	struct ump_loop *loop;
	struct ump_producer *producer;
	const char *topic, *instance, *group;
	struct status_facts (*collect)(void *context);
	void *context;
};

struct status *status_new(const struct status_options *options);
void status_free(struct status *status); /* accepts NULL */

/* Appends the object. */
void status_write(struct ump_buffer *out, const char *instance, const char *group, int64_t wall_us, const struct status_facts *facts);
