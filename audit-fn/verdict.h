/* audit-fn/verdict.h: what a rule finds in an event, and the verdict about it as an event of its own.
 *
 * Pure: no clock, no socket, no state. The same rule, revision and event give the same bytes, so that a redelivery is no second verdict. */
#pragma once
#include "audit-fn/digest.h"
#include "audit-fn/rules.h"
#include "common/buffer.h"
#include "common/cloudevents/event.h"
#include "common/cloudevents/scan.h"

#define VERDICT_PLAYER_MAX 1024 /* bytes of a player's name */

/* The event's data, read once for all rules. */
struct verdict_data {
	bool is_json;
	struct ump_json json; /* a span of the event's data */
	char why[160];        /* what was found where it is no JSON */
};

void verdict_read_data(const struct ump_event *event, struct verdict_data *ret_data);

/* What a rule needs of one event. Owns copies, to outlive the event; zeroed memory is empty and can be filled again and again. */
struct finding {
	const struct rule *rule;
	uint64_t value;           /* of a count: 1 */
	int64_t time_us;          /* event time, of a windowed rule; else 0 */
	struct ump_buffer player; /* empty: the event names none, which only a rule of kind value puts up with */
	struct ump_buffer match;  /* JSON text of a string or number; empty: none */
};

void finding_release(struct finding *finding);

/* Fills `finding`. An error names rule, pointer, what was found and what was expected; its kind is UMP_REJECT. */
int verdict_find(const struct rule *rule, const struct ump_event *event, const struct verdict_data *data, struct finding *finding,
		 struct ump_error *error);

/* Adds what only a reply shows. */
void verdict_find_match(const struct verdict_data *data, struct finding *finding);

/* Identities; docs/AUDIT.md lists their fields. Of an event; of a rule's player (its watermark); of a verdict about one event; of a verdict
 * about a window, which is also that of the window's state. */
struct digest verdict_event_id(struct ump_text source, struct ump_text id);
struct digest verdict_player_id(const struct rule *rule, struct ump_text player);
struct digest verdict_id(const struct rule *rule, struct ump_text source, struct ump_text id);
struct digest verdict_window_id(const struct rule *rule, struct ump_text player, int64_t start_us);

/* The event that a verdict answers. */
struct verdict_cause {
	struct ump_text source, id;
	struct ump_text traceparent, tracestate; /* UMP_TEXT_NONE: none */
};

struct verdict {
	const struct finding *finding; /* what decided: its rule is the verdict's */
	bool cheating;
	bool about_window; /* a windowed rule's "cheating"; its "fair" is about the event */
	int64_t window_start_us;
	const struct verdict_cause *cause;
	const char *revision;
};

/* Makes the reply: audit.fail or audit.pass. Its views are of the verdict's parts, of `data` (to which the data is appended) and of its
 * own memory. */
int verdict_write(const struct verdict *verdict, struct ump_buffer *data, struct ump_event *ret_reply, struct ump_error *error);

/* The trace id of a W3C traceparent (32 hexadecimal digits); UMP_TEXT_NONE where it is none. */
struct ump_text verdict_trace_id(struct ump_text traceparent);
