/* audit-fn/case.h: what a case consists of: between audit.c, which fills and decides it, and reply.c, which answers. */
#pragma once
#include "audit-fn/audit.h"
#include "audit-fn/verdict.h"

enum outcome { FAIR, CHEATING, LATE };

/* An event that may be answered. */
struct item {
	struct ump_buffer text; /* what `cause` views */
	struct verdict_cause cause;
	size_t first_finding, finding_count;
};

/* What a rule found in it; a windowed one has updates, the earliest window first. */
struct judged {
	struct finding finding;
	size_t first_update, update_count;
};

/* Beside each update: which window it is about, and where its latch stands in `latches`. */
struct place {
	int64_t start_us;
	size_t latch_begin, latch_size;
};

struct audit_case {
	struct audit *audit;
	struct audit_case *next_spare;
	struct item *items;
	size_t item_count, item_capacity;
	struct judged *judged;
	size_t judged_count, judged_capacity;
	struct store_update *updates;
	struct place *places;
	size_t update_count, update_capacity;
	struct ump_buffer latches;
	struct ump_buffer data; /* of the present reply */
	struct ump_event reply;
	size_t next_item;
	size_t event_count, no_rule, fair; /* events: all that were added; without a rule; fair at first sight, of which there is no item */
	size_t *fair_by_rule;              /* beside the rules: the last of these, by rule */
	int64_t asked_us;                  /* when the store was */
	audit_done_fn *done;
	void *context;
};

struct rule_series {
	struct ump_series *outcomes[LATE + 1];
};

struct audit {
	struct audit_settings settings;
	struct rule_series *rules; /* beside settings.rules->list */
	struct ump_series *events[LATE + 1];
	struct ump_series *no_rule, *failed, *rule_seconds, *store_seconds;
	struct audit_case *spare;
	size_t spare_count;
	size_t open;
};

/* Counts what a rule said of one event. */
static inline void audit_count_rule(const struct audit *audit, const struct rule *rule, enum outcome outcome)
{
	audit->rules[rule - audit->settings.rules->list].outcomes[outcome]->value++;
}
