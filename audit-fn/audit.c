/* audit-fn/audit.c: see audit.h.
 *
 * An event that only rules of kind value look at is judged while it is added; where nothing is to be answered nothing of it is kept, which
 * is the common case and costs no allocation. Else its findings wait, with copies of what a reply needs, for the store and for
 * audit_next_reply(). Cases are used again and again, with the memory that they have. */
#include "audit-fn/audit.h"
#include "audit-fn/case.h"
#include "audit-fn/metrics.h"
#include "common/cloudevents/json.h"
#include "common/memory.h"
#include <assert.h>
#include <stdlib.h>

#define UPDATES_MAX  100000 /* of one case: bounds what a batch and many overlapping windows can make of one another */
#define SPARE_MAX    64     /* closed cases kept for the next requests */
#define SPARE_MEMORY 65536  /* a case that has grown beyond is not kept */

static const char *const outcome_names[] = {"fair", "cheating", "late"};

/* ---- Making and keeping ---- */

static struct ump_series *series(const struct audit *audit, size_t metric, const char *first, const char *second)
{
	const char *const labels[UMP_METRIC_LABELS] = {first, second};

	return ump_metrics_series(audit->settings.metrics, metric, labels);
}

struct audit *audit_new(const struct audit_settings *settings)
{
	struct audit *audit = ump_allocate(1, sizeof(*audit));

	assert(settings->store || !settings->rules->windowed);
	audit->settings = *settings;
	audit->rules = ump_allocate(settings->rules->count, sizeof(*audit->rules));
	for (size_t outcome = FAIR; outcome <= LATE; outcome++) {
		audit->events[outcome] = series(audit, METRIC_EVENTS, outcome_names[outcome], NULL);
		for (size_t i = 0; i < settings->rules->count; i++)
			if (outcome != LATE || settings->rules->list[i].kind != RULE_VALUE)
				audit->rules[i].outcomes[outcome] =
					series(audit, METRIC_RULES, settings->rules->list[i].name, outcome_names[outcome]);
	}
	audit->no_rule = series(audit, METRIC_EVENTS, "none", NULL);
	audit->failed = series(audit, METRIC_EVENTS, "failed", NULL);
	audit->rule_seconds = series(audit, METRIC_RULE_SECONDS, NULL, NULL);
	audit->store_seconds = series(audit, METRIC_STORE_SECONDS, NULL, NULL);
	return audit;
}

static void case_free(struct audit_case *the_case)
{
	for (size_t i = 0; i < the_case->item_capacity; i++)
		ump_buffer_release(&the_case->items[i].text);
	for (size_t i = 0; i < the_case->judged_capacity; i++)
		finding_release(&the_case->judged[i].finding);
	free(the_case->fair_by_rule);
	free(the_case->items);
	free(the_case->judged);
	free(the_case->updates);
	free(the_case->places);
	ump_buffer_release(&the_case->latches);
	ump_buffer_release(&the_case->data);
	ump_event_release(&the_case->reply);
	free(the_case);
}

void audit_free(struct audit *audit)
{
	struct audit_case *spare;

	if (!audit)
		return;
	assert(audit->open == 0);
	while ((spare = audit->spare)) {
		audit->spare = spare->next_spare;
		case_free(spare);
	}
	free(audit->rules);
	free(audit);
}

struct audit_case *audit_open(struct audit *audit)
{
	struct audit_case *the_case = audit->spare;

	if (the_case) {
		audit->spare = the_case->next_spare;
		audit->spare_count--;
	} else {
		the_case = ump_allocate(1, sizeof(*the_case));
		the_case->audit = audit;
		the_case->fair_by_rule = ump_allocate(audit->settings.rules->count, sizeof(size_t));
	}
	audit->open++;
	return the_case;
}

void audit_close(struct audit_case *the_case)
{
	struct audit *audit = the_case->audit;
	size_t memory = the_case->item_capacity * sizeof(struct item) + the_case->judged_capacity * sizeof(struct judged) +
			the_case->update_capacity * sizeof(struct store_update) + the_case->latches.capacity + the_case->data.capacity;

	audit->open--;
	if (audit->spare_count >= SPARE_MAX || memory > SPARE_MEMORY) {
		case_free(the_case);
		return;
	}
	the_case->item_count = the_case->judged_count = the_case->update_count = the_case->next_item = 0;
	the_case->event_count = the_case->no_rule = the_case->fair = 0;
	memset(the_case->fair_by_rule, 0, audit->settings.rules->count * sizeof(size_t));
	ump_buffer_reset(&the_case->latches);
	the_case->next_spare = audit->spare;
	audit->spare = the_case;
	audit->spare_count++;
}

/* Room for one more element at the end of an array whose unused elements are kept: new ones are zeroed. */
static void *more(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	size_t wanted = *capacity ? 2 * *capacity : 4;
	array = ump_reallocate(array, wanted, size);
	memset((char *)array + *capacity * size, 0, (wanted - *capacity) * size);
	*capacity = wanted;
	return array;
}

/* ---- Adding ---- */

static struct ump_text keep(struct ump_buffer *text, struct ump_text value)
{
	size_t begin = text->size;

	if (!value.start)
		return UMP_TEXT_NONE;
	ump_buffer_add_text(text, value);
	return (struct ump_text){text->start + begin, value.size};
}

/* The request's trace goes into an event, so it has to be what W3C says; else it is as if there were none. */
static void check_trace(struct ump_text *traceparent, struct ump_text *tracestate)
{
	const struct ump_attribute state = {UMP_TEXT("tracestate"), *tracestate, UMP_ATTRIBUTE_STRING};
	struct ump_error error;

	if (!verdict_trace_id(*traceparent).start)
		*traceparent = *tracestate = UMP_TEXT_NONE;
	else if (ump_attribute_check(&state, &error) < 0)
		*tracestate = UMP_TEXT_NONE;
}

static struct item *add_item(struct audit_case *the_case, const struct ump_event *event, struct ump_text traceparent,
			     struct ump_text tracestate)
{
	struct ump_text source = ump_event_get(event, "source");
	struct ump_text id = ump_event_get(event, "id");
	struct ump_text own = ump_event_get(event, "traceparent");
	struct item *item;

	if (own.size > 0) {
		traceparent = own;
		tracestate = ump_event_get(event, "tracestate");
	} else {
		check_trace(&traceparent, &tracestate);
	}
	the_case->items = more(the_case->items, the_case->item_count, &the_case->item_capacity, sizeof(*the_case->items));
	item = &the_case->items[the_case->item_count++];
	ump_buffer_reset(&item->text);
	ump_buffer_reserve(&item->text, source.size + id.size + traceparent.size + tracestate.size + 1);
	item->cause.source = keep(&item->text, source);
	item->cause.id = keep(&item->text, id);
	item->cause.traceparent = keep(&item->text, traceparent);
	item->cause.tracestate = keep(&item->text, tracestate);
	return item;
}

/* One update, with the complete reply that becomes the latch should it flag the window. */
static int add_update(struct audit_case *the_case, const struct item *item, const struct finding *finding, int64_t start_us,
		      struct ump_error *error)
{
	const struct rule *rule = finding->rule;
	const struct verdict verdict = {finding, true, true, start_us, &item->cause, the_case->audit->settings.revision};
	struct place place = {.start_us = start_us, .latch_begin = the_case->latches.size};
	size_t capacity = the_case->update_capacity;

	if (the_case->update_count == UPDATES_MAX)
		return ump_fail(error, UMP_REJECT, "the batch makes more than %d updates of windows: send a smaller one", UPDATES_MAX);
	ump_buffer_reset(&the_case->data);
	if (verdict_write(&verdict, &the_case->data, &the_case->reply, error) < 0 ||
	    ump_event_to_json(&the_case->reply, &the_case->latches, error) < 0)
		return -1;
	place.latch_size = the_case->latches.size - place.latch_begin;
	the_case->updates = more(the_case->updates, the_case->update_count, &capacity, sizeof(*the_case->updates));
	the_case->places = more(the_case->places, the_case->update_count, &the_case->update_capacity, sizeof(*the_case->places));
	the_case->places[the_case->update_count] = place;
	the_case->updates[the_case->update_count++] = (struct store_update){
		.player = verdict_player_id(rule, ump_buffer_text(&finding->player)),
		.window = verdict_window_id(rule, ump_buffer_text(&finding->player), start_us),
		.event = verdict_event_id(item->cause.source, item->cause.id),
		.time_us = finding->time_us,
		.closes_us = window_closes(&rule->window, start_us),
		.worth = (uint32_t)(finding->value > rule->threshold ? rule->threshold + 1 : finding->value),
		.threshold = (uint32_t)rule->threshold,
	};
	return 0;
}

static int add_updates(struct audit_case *the_case, const struct item *item, struct judged *judged, struct ump_error *error)
{
	int64_t starts[WINDOW_OVERLAP_MAX];

	judged->first_update = the_case->update_count;
	judged->update_count = 0;
	if (judged->finding.rule->kind == RULE_VALUE)
		return 0;
	judged->update_count = window_starts(&judged->finding.rule->window, judged->finding.time_us, starts);
	for (size_t i = 0; i < judged->update_count; i++)
		if (add_update(the_case, item, &judged->finding, starts[i], error) < 0)
			return -1;
	return 0;
}

/* Runs the event's rules. `*ret_open`: it needs the store, or a reply. */
static int judge(struct audit_case *the_case, const struct ump_event *event, bool *ret_open, struct ump_error *error)
{
	const struct audit *audit = the_case->audit;
	const struct rules *rules = audit->settings.rules;
	struct ump_text type = ump_event_get(event, "type");
	struct verdict_data data;
	size_t first = the_case->judged_count;
	bool read = false;

	*ret_open = false;
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];
		if (!rule_applies(rule, type))
			continue;
		if (!read)
			verdict_read_data(event, &data);
		read = true;
		the_case->judged = more(the_case->judged, the_case->judged_count, &the_case->judged_capacity, sizeof(*the_case->judged));
		struct finding *finding = &the_case->judged[the_case->judged_count].finding;
		if (verdict_find(rule, event, &data, finding, error) < 0)
			return -1;
		the_case->judged_count++;
		*ret_open |= rule->kind != RULE_VALUE || finding->value > rule->threshold || audit->settings.replies == AUDIT_REPLY_ALWAYS;
	}
	for (size_t i = first; *ret_open && i < the_case->judged_count; i++)
		verdict_find_match(&data, &the_case->judged[i].finding);
	return 0;
}

static int add(struct audit_case *the_case, const struct ump_event *event, struct ump_text traceparent, struct ump_text tracestate,
	       struct ump_error *error)
{
	const struct audit *audit = the_case->audit;
	size_t first = the_case->judged_count;
	struct item *item;
	bool open;

	if (judge(the_case, event, &open, error) < 0)
		return -1;
	the_case->event_count++;
	if (the_case->judged_count == first) {
		the_case->no_rule++;
		return 0;
	}
	if (!open) {
		for (size_t i = first; i < the_case->judged_count; i++)
			the_case->fair_by_rule[the_case->judged[i].finding.rule - audit->settings.rules->list]++;
		the_case->fair++;
		the_case->judged_count = first;
		return 0;
	}
	item = add_item(the_case, event, traceparent, tracestate);
	item->first_finding = first;
	item->finding_count = the_case->judged_count - first;
	for (size_t i = first; i < the_case->judged_count; i++)
		if (add_updates(the_case, item, &the_case->judged[i], error) < 0)
			return -1;
	return 0;
}

int audit_add(struct audit_case *the_case, const struct ump_event *event, struct ump_text traceparent, struct ump_text tracestate,
	      struct ump_error *error)
{
	struct audit *audit = the_case->audit;
	int64_t begin = ump_loop_clock();
	int result = add(the_case, event, traceparent, tracestate, error);

	ump_metrics_observe(audit->settings.metrics, METRIC_RULE_SECONDS, audit->rule_seconds, (double)(ump_loop_clock() - begin) / 1e6);
	return result;
}

/* ---- Deciding ---- */

/* Counts what was judged while it was added: only now, since a refused or failed case comes again. */
static void count_first_sight(const struct audit_case *the_case)
{
	struct audit *audit = the_case->audit;

	audit->no_rule->value += (double)the_case->no_rule;
	audit->events[FAIR]->value += (double)the_case->fair;
	for (size_t i = 0; the_case->fair > 0 && i < audit->settings.rules->count; i++)
		audit->rules[i].outcomes[FAIR]->value += (double)the_case->fair_by_rule[i];
}

static void applied(void *context, const struct ump_error *error)
{
	struct audit_case *the_case = context;
	struct audit *audit = the_case->audit;

	ump_metrics_observe(audit->settings.metrics, METRIC_STORE_SECONDS, audit->store_seconds,
			    (double)(ump_loop_clock() - the_case->asked_us) / 1e6);
	if (error) {
		ump_metrics_add(audit->settings.metrics, METRIC_STORE_FAILURES, 1);
		audit->failed->value += (double)the_case->event_count;
		the_case->next_item = the_case->item_count;
	} else {
		count_first_sight(the_case);
	}
	the_case->done(the_case->context, the_case, error);
}

void audit_decide(struct audit_case *the_case, audit_done_fn *done, void *context)
{
	the_case->done = done;
	the_case->context = context;
	if (the_case->update_count == 0) {
		count_first_sight(the_case);
		done(context, the_case, NULL);
		return;
	}
	for (size_t i = 0; i < the_case->update_count; i++)
		the_case->updates[i].reply =
			(struct ump_text){the_case->latches.start + the_case->places[i].latch_begin, the_case->places[i].latch_size};
	the_case->asked_us = ump_loop_clock();
	store_apply(the_case->audit->settings.store, the_case->updates, the_case->update_count, applied, the_case);
}
