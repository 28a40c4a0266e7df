/* provider/reading.h: what the records of the topics say, as the board and the check need it.
 *
 * Reads hits of every kind that the simulator writes, the game's, and those of Shipwars; verdicts; rows of the table of flagged players.
 * What does not have the expected form is no error here but "not one of these": the topics are open to others. Pure. */
#pragma once
#include "common/cloudevents/kafka.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Makes `event` what a record holds; false where that is no CloudEvent, or a broken one. It holds as long as the record. */
bool event_open(struct ump_event *event, const struct ump_kafka_field *headers, size_t count, struct ump_text value);

struct hit_reading {
	struct ump_text source, id, type;
	struct ump_text player, name, match; /* name and match: start NULL where there is none */
	double value;
	json_t *data; /* private: what the views point into */
};

/* True when it is a hit; then release it after use. The event must live as long. */
bool hit_read(const struct ump_event *event, struct hit_reading *ret_hit);
void hit_reading_release(struct hit_reading *hit);

struct verdict_reading {
	struct ump_text id;                     /* of the verdict */
	struct ump_text event_source, event_id; /* what it is about */
	struct ump_text player, rule;
	bool cheating; /* audit.fail; else audit.pass */
	double value, threshold;
	json_t *data; /* private */
};

bool verdict_read(const struct ump_event *event, struct verdict_reading *ret_verdict);
void verdict_reading_release(struct verdict_reading *verdict);
