/* audit-fn/reply.c: what a decided case answers: audit_next_reply().
 *
 * A windowed verdict comes out of its latch, so that whoever asks gets the same bytes. Only for the event that flagged the window its data
 * goes on, behind the latch's, with the other verdicts that the event brought about: an event has one reply, so nothing else could tell of
 * them. What all replies name, as themselves or as others, is the set of verdicts, and no order changes it. The latch knows its event, so a
 * redelivery of that event gives the same again. */
#include "audit-fn/audit.h"
#include "audit-fn/case.h"
#include "common/cloudevents/json.h"
#include "common/memory.h"
#include "common/telemetry/log.h"

/* What a rule says of an item, with the store's answers. */
struct ruling {
	enum outcome outcome;
	bool fires;                         /* this very event is over the threshold, or took a window over it */
	const struct store_update *flagged; /* the earliest window that it flagged, else the earliest that is flagged; NULL: none */
};

static struct ruling rule_on(const struct audit_case *the_case, const struct judged *judged)
{
	struct ruling ruling = {.outcome = FAIR};
	size_t late = 0;

	if (judged->finding.rule->kind == RULE_VALUE) {
		ruling.fires = judged->finding.value > judged->finding.rule->threshold;
		ruling.outcome = ruling.fires ? CHEATING : FAIR;
		return ruling;
	}
	for (size_t i = 0; i < judged->update_count; i++) {
		const struct store_update *update = &the_case->updates[judged->first_update + i];
		late += update->result == STORE_LATE;
		if (update->result != STORE_FLAGGED)
			continue;
		if (!ruling.flagged || (update->flagged_here && !ruling.fires))
			ruling.flagged = update;
		ruling.fires |= update->flagged_here;
	}
	if (ruling.flagged)
		ruling.outcome = CHEATING;
	else if (late == judged->update_count)
		ruling.outcome = LATE;
	return ruling;
}

/* Adds `,"name":[…]` before the last brace of the reply's data, which is in the case's buffer. */
static void splice(struct audit_case *the_case, const struct ump_buffer *list, const char *name)
{
	struct ump_buffer *data = &the_case->data;

	data->size--;
	ump_buffer_print(data, ",\"%s\":[", name);
	ump_buffer_add_text(data, ump_buffer_text(list));
	ump_buffer_add_string(data, "]}");
	the_case->reply.data = ump_buffer_text(data);
}

/* `"rules"`: the names of all rules that fired, where there are several. */
static void list_fired_rules(struct audit_case *the_case, const struct item *item)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer list = {0};
	size_t fired = 0;

	for (size_t i = 0; i < item->finding_count; i++) {
		const struct judged *judged = &the_case->judged[item->first_finding + i];
		if (!rule_on(the_case, judged).fires)
			continue;
		if (fired++ > 0)
			ump_buffer_add_character(&list, ',');
		ump_json_quote(&list, ump_text(judged->finding.rule->name));
	}
	if (fired > 1)
		splice(the_case, &list, "rules");
}

static void list_other(const struct audit_case *the_case, const struct judged *judged, const struct digest *id, int64_t start_us,
		       struct ump_buffer *list)
{
	char hex[DIGEST_HEX_SIZE];
	char start[WINDOW_TIME_SIZE];

	digest_to_hex(id, hex);
	if (ump_text_equals(ump_event_get(&the_case->reply, "id"), ump_text(hex)))
		return;
	ump_buffer_print(list, "%s{\"id\":\"%s\",\"rule\":\"%s\"", list->size > 0 ? "," : "", hex, judged->finding.rule->name);
	if (judged->finding.rule->kind != RULE_VALUE) {
		window_print_time(start_us, start);
		ump_buffer_print(list, ",\"start\":\"%s\"", start);
	}
	ump_buffer_add_character(list, '}');
}

/* `"others"`: the further verdicts that this event brought about, which get no reply of their own. */
static void list_other_verdicts(struct audit_case *the_case, const struct item *item)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer list = {0};

	for (size_t i = 0; i < item->finding_count; i++) {
		const struct judged *judged = &the_case->judged[item->first_finding + i];
		const struct rule *rule = judged->finding.rule;
		if (rule->kind == RULE_VALUE && judged->finding.value > rule->threshold) {
			struct digest id = verdict_id(rule, item->cause.source, item->cause.id);
			list_other(the_case, judged, &id, 0, &list);
		}
		for (size_t k = judged->first_update; k < judged->first_update + judged->update_count; k++) {
			const struct store_update *update = &the_case->updates[k];
			if (update->result == STORE_FLAGGED && update->flagged_here)
				list_other(the_case, judged, &update->window, the_case->places[k].start_us, &list);
		}
	}
	if (list.size > 0)
		splice(the_case, &list, "others");
}

static void log_verdict(const struct audit_case *the_case, const struct item *item, const struct judged *judged, bool news)
{
	ump_log(news ? UMP_LOG_INFO : UMP_LOG_DEBUG, "verdict", UMP_LOG_T("verdict", ump_event_get(&the_case->reply, "id")),
		UMP_LOG_T("event", item->cause.id), UMP_LOG_T("source", item->cause.source),
		UMP_LOG_T("player", ump_buffer_text(&judged->finding.player)), UMP_LOG_S("rule", judged->finding.rule->name),
		UMP_LOG_T("trace", verdict_trace_id(item->cause.traceparent)));
}

static int write_fail(struct audit_case *the_case, const struct item *item, const struct judged *judged, const struct ruling *ruling,
		      struct ump_error *error)
{
	const struct verdict verdict = {&judged->finding, true, false, 0, &item->cause, the_case->audit->settings.revision};

	ump_buffer_reset(&the_case->data);
	if (!ruling->flagged) {
		if (verdict_write(&verdict, &the_case->data, &the_case->reply, error) < 0)
			return -1;
	} else {
		ump_event_reset(&the_case->reply);
		if (ump_event_from_json(&the_case->reply, ruling->flagged->latch, error) < 0)
			return -1;
		ump_buffer_add_text(&the_case->data, the_case->reply.data);
	}
	if (ruling->fires) {
		list_fired_rules(the_case, item);
		list_other_verdicts(the_case, item);
	}
	return 0;
}

static int write_pass(struct audit_case *the_case, const struct item *item, const struct judged *judged, struct ump_error *error)
{
	const struct verdict verdict = {&judged->finding, false, false, 0, &item->cause, the_case->audit->settings.revision};

	ump_buffer_reset(&the_case->data);
	return verdict_write(&verdict, &the_case->data, &the_case->reply, error);
}

/* The verdict on an item: by the first rule that fires; where none does, by the first whose window is flagged already; else fair by the
 * first that is not late; NULL where all are late. */
static const struct judged *decide(const struct audit_case *the_case, const struct item *item, struct ruling *ret_ruling)
{
	const struct judged *by = NULL;

	*ret_ruling = (struct ruling){.outcome = LATE};
	for (size_t i = 0; i < item->finding_count; i++) {
		const struct judged *judged = &the_case->judged[item->first_finding + i];
		struct ruling ruling = rule_on(the_case, judged);
		audit_count_rule(the_case->audit, judged->finding.rule, ruling.outcome);
		if (ruling.fires                 ? !ret_ruling->fires
		    : ruling.outcome == CHEATING ? ret_ruling->outcome != CHEATING
						 : ruling.outcome == FAIR && ret_ruling->outcome == LATE) {
			*ret_ruling = ruling;
			by = judged;
		}
	}
	the_case->audit->events[ret_ruling->outcome]->value++;
	return by;
}

/* Fills the case's reply. 1: there is one, 0: none, -1: it could not be written, which only a damaged latch can cause. */
static int reply_to(struct audit_case *the_case, const struct item *item, struct ump_error *error)
{
	enum audit_replies replies = the_case->audit->settings.replies;
	struct ruling ruling;
	const struct judged *by = decide(the_case, item, &ruling);

	if (!by || (ruling.outcome == FAIR && replies != AUDIT_REPLY_ALWAYS))
		return 0;
	if (ruling.outcome == FAIR)
		return write_pass(the_case, item, by, error) < 0 ? -1 : 1;
	if (write_fail(the_case, item, by, &ruling, error) < 0)
		return -1;
	log_verdict(the_case, item, by, ruling.fires);
	return replies != AUDIT_REPLY_NEVER;
}

int audit_next_reply(struct audit_case *the_case, const struct ump_event **ret_reply, struct ump_error *error)
{
	int result = 0;

	while (result == 0 && the_case->next_item < the_case->item_count)
		result = reply_to(the_case, &the_case->items[the_case->next_item++], error);
	if (result < 0)
		return ump_error_prefix(error, "the reply");
	*ret_reply = result > 0 ? &the_case->reply : NULL;
	return 0;
}
