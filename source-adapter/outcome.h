/* source-adapter/outcome.h: what an answer of the sink means: Knative's table, in one place.
 *
 * Pure. */
#pragma once
#include "common/http/header.h"

enum outcome_kind {
	OUTCOME_DELIVERED, /* 2xx */
	OUTCOME_RETRY,     /* 404, 408, 409, 429, 5xx, no answer, a broken one, a timeout */
	OUTCOME_FAILED     /* everything else, 1xx and 3xx included: trying again would not help */
};

/* `status` 0 stands for "no answer that could be understood". */
enum outcome_kind outcome_of_status(int status);

/* Whether a final failure may be about one event of a batch, and not about the request: 400, 413, 415 and 422. */
bool outcome_may_be_of_one(int status);

/* Whether an answer with this status may carry an event: 2xx, but neither 202 ("not yet") nor 204 and 205 ("nothing"). */
bool outcome_may_reply(int status);

/* Whether Retry-After is honoured: 429 and 503. */
bool outcome_heeds_retry_after(int status);

/* The pause that an answer asks for, where it is honoured; -1: none. */
int64_t outcome_wish(int status, const struct ump_header *headers, size_t count, int64_t wall_us);

/* The pause in microseconds that a Retry-After field asks for: whole seconds, or a date (RFC 9110, 5.6.7: IMF-fixdate and the two obsolete
 * forms), counted from `wall_us` and 0 where it is past. -1 for anything else; very long ones are cut to a year. */
int64_t outcome_retry_after(struct ump_text field, int64_t wall_us);
