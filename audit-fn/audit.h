/* audit-fn/audit.h: events in, verdicts out.
 *
 * A case is what is decided together: the event of one request, or the batch of one. Events are added, then the case is decided, perhaps
 * after the store has answered, and its replies are taken. Used by the loop's thread only. */
#pragma once
#include "audit-fn/rules.h"
#include "audit-fn/store.h"
#include "common/cloudevents/event.h"
#include "common/telemetry/metrics.h"

enum audit_replies { AUDIT_REPLY_FAIL, AUDIT_REPLY_ALWAYS, AUDIT_REPLY_NEVER };

struct audit_settings { /* all borrowed, to outlive the audit */
	const struct rules *rules;
	enum audit_replies replies;
	const char *revision;
	struct store *store; /* may be NULL where no rule is about a window */
	struct ump_metrics *metrics;
};

struct audit;
struct audit_case;

struct audit *audit_new(const struct audit_settings *settings);
void audit_free(struct audit *audit); /* only when no case is open; accepts NULL */

struct audit_case *audit_open(struct audit *audit);
void audit_close(struct audit_case *the_case);

/* Adds an event, judging it as far as the store is not needed. What is needed later is copied. `traceparent` and `tracestate` are those of
 * the request, for an event without its own. Fails (UMP_REJECT) where a rule does not find what it needs: the case can only be closed. */
int audit_add(struct audit_case *the_case, const struct ump_event *event, struct ump_text traceparent, struct ump_text tracestate,
	      struct ump_error *error);

/* Decides the case; nothing can be added any more. `done` is called exactly once, perhaps before this returns; with an error where the
 * store did not take the case. Inside `done` replies can be taken, and the case be closed. */
typedef void audit_done_fn(void *context, struct audit_case *the_case, const struct ump_error *error);
void audit_decide(struct audit_case *the_case, audit_done_fn *done, void *context);

/* The next reply, in the order of the events, valid until the next call; NULL at the end. A failure is one of ours (or of the store): the
 * request cannot be answered with success. */
int audit_next_reply(struct audit_case *the_case, const struct ump_event **ret_reply, struct ump_error *error);
