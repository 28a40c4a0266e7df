/* Events in, replies out: presets, several rules, windows, batches, and what happens without a store. */
#include "audit-fn/audit.h"
#include "audit-fn/metrics.h"
#include "common/cloudevents/json.h"
#include "common/memory.h"
#include <criterion/criterion.h>
#include <stdlib.h>

struct bench {
	struct ump_loop *loop;
	struct rules *rules;
	struct ump_metrics *metrics;
	struct store *store;
	struct audit *audit;
	struct ump_buffer replies; /* of the latest case, one line each */
	struct ump_error error;
	bool failed;
};

static void bench_open(struct bench *bench, const char *rules, enum audit_replies replies)
{
	struct ump_error error;

	cr_assert_eq(ump_loop_new(&bench->loop, &error), 0);
	if (rules)
		cr_assert_eq(rules_parse(&bench->rules, ump_text(rules), "rules", -1, &error), 0, "%s", error.text);
	else
		cr_assert_eq(rules_load(&bench->rules, NULL, -1, &error), 0);
	bench->metrics = ump_metrics_new(metrics_table, METRIC_COUNT);
	if (!bench->store)
		cr_assert_eq(store_memory_open(&bench->store, bench->loop,
					       &(struct store_settings){.retention_us = UMP_SECOND, .limit = 1 << 20}, &error),
			     0);
	bench->audit = audit_new(&(struct audit_settings){bench->rules, replies, "rev", bench->store, bench->metrics});
}

static void bench_close(struct bench *bench)
{
	audit_free(bench->audit);
	store_close(bench->store);
	ump_metrics_free(bench->metrics);
	rules_free(bench->rules);
	ump_loop_free(bench->loop);
	ump_buffer_release(&bench->replies);
}

static void decided(void *context, struct audit_case *the_case, const struct ump_error *error)
{
	struct bench *bench = context;
	const struct ump_event *reply;

	bench->failed = error != NULL;
	for (;;) {
		cr_assert_eq(audit_next_reply(the_case, &reply, &bench->error), 0, "%s", bench->error.text);
		if (!reply)
			return;
		cr_assert_eq(ump_event_validate(reply, &bench->error), 0, "%s", bench->error.text);
		cr_assert_eq(ump_event_to_json(reply, &bench->replies, &bench->error), 0);
		ump_buffer_add_character(&bench->replies, '\n');
	}
}

static int add(void *context, const struct ump_event *event, struct ump_error *error)
{
	return audit_add(context, event, UMP_TEXT("00-11111111111111111111111111111111-2222222222222222-01"), UMP_TEXT_NONE, error);
}

/* Sends a batch. Returns the replies' lines, or NULL where it was refused. */
static const char *send(struct bench *bench, const char *batch)
{
	struct audit_case *the_case = audit_open(bench->audit);
	int added = ump_batch_from_json(ump_text(batch), 1000, add, the_case, &bench->error);

	ump_buffer_reset(&bench->replies);
	ump_buffer_add_string(&bench->replies, "");
	if (added == 0)
		audit_decide(the_case, decided, bench);
	audit_close(the_case);
	return added < 0 ? NULL : bench->replies.size ? bench->replies.start : "";
}

static double metric(struct bench *bench, size_t index, const char *label, const char *second)
{
	const char *const labels[UMP_METRIC_LABELS] = {label, second};

	return ump_metrics_series(bench->metrics, index, labels)->value;
}

static int count(const char *text, const char *part)
{
	int found = 0;

	for (; (text = strstr(text, part)); text++)
		found++;
	return found;
}

#define HITS(id, player, hits)                                                                                               \
	"{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/s\",\"type\":\"game.hits\",\"data\":{\"player\":\"" player \
	"\",\"hits\":" hits "}}"
#define TIMED(id, player, time, hits)                                                                                               \
	"{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/s\",\"type\":\"game.hits\",\"time\":\"2026-01-01T00:" time "Z\"," \
	"\"data\":{\"player\":\"" player "\",\"hits\":" hits "}}"

Test(audit, ten_is_fair_and_eleven_is_cheating)
{
	struct bench bench = {0};

	bench_open(&bench, NULL, AUDIT_REPLY_FAIL);
	cr_assert_str_eq(send(&bench, "[" HITS("1", "p", "10") "]"), "");
	const char *replies = send(&bench, "[" HITS("2", "p", "11") "]");
	cr_assert_eq(count(replies, "\n"), 1);
	cr_assert(strstr(replies, "\"type\":\"audit.fail\""), "%s", replies);
	cr_assert(strstr(replies, "\"causationid\":\"2\""), "%s", replies);
	cr_assert_not(strstr(replies, "\"rules\""), "%s", replies);
	cr_assert_eq(metric(&bench, METRIC_EVENTS, "fair", NULL), 1);
	cr_assert_eq(metric(&bench, METRIC_EVENTS, "cheating", NULL), 1);
	cr_assert_eq(metric(&bench, METRIC_RULES, "hits-over-10", "fair"), 1);
	cr_assert_eq(metric(&bench, METRIC_RULES, "hits-over-10", "cheating"), 1);
	bench_close(&bench);
}

Test(audit, a_second_delivery_gives_the_same_bytes)
{
	struct bench bench = {0};

	bench_open(&bench, NULL, AUDIT_REPLY_FAIL);
	ump_cleanup_free char *first = ump_copy_string(send(&bench, "[" HITS("2", "p", "11") "]"));
	cr_assert_str_eq(send(&bench, "[" HITS("2", "p", "11") "]"), first);
	bench_close(&bench);
}

Test(audit, always_answers_fair_events_too_and_never_answers_none)
{
	struct bench bench = {0};
	struct bench silent = {0};

	bench_open(&bench, NULL, AUDIT_REPLY_ALWAYS);
	const char *replies = send(&bench, "[" HITS("1", "p", "10") "," HITS("2", "p", "11") "]");
	cr_assert_eq(count(replies, "\n"), 2);
	cr_assert(strstr(replies, "\"type\":\"audit.pass\""), "%s", replies);
	cr_assert(strstr(replies, "\"verdict\":\"fair\",\"rule\":\"hits-over-10\",\"player\":\"p\",\"hits\":10"), "%s", replies);
	bench_close(&bench);
	bench_open(&silent, NULL, AUDIT_REPLY_NEVER);
	cr_assert_str_eq(send(&silent, "[" HITS("2", "p", "11") "]"), "");
	cr_assert_eq(metric(&silent, METRIC_EVENTS, "cheating", NULL), 1);
	bench_close(&silent);
}

Test(audit, the_shipwars_lineage_is_understood)
{
	struct bench bench = {0};

	bench_open(&bench, NULL, AUDIT_REPLY_FAIL);
	const char *replies =
		send(&bench, "[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"shipwars-game-server\",\"type\":\"bonus\","
			     "\"data\":{\"match\":\"m1\",\"game\":\"g1\",\"by\":{\"username\":\"Swift Fox\",\"uuid\":\"u-1\"},"
			     "\"shots\":12,\"human\":true}}]");
	cr_assert(strstr(replies, "\"subject\":\"u-1\""), "%s", replies);
	cr_assert(strstr(replies, "\"match\":\"m1\",\"player\":\"u-1\",\"hits\":12,\"threshold\":10"), "%s", replies);
	bench_close(&bench);
}

Test(audit, a_type_without_a_rule_is_counted_and_not_answered)
{
	struct bench bench = {0};

	bench_open(&bench, NULL, AUDIT_REPLY_ALWAYS);
	cr_assert_str_eq(send(&bench, "[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"chat\"}]"), "");
	cr_assert_eq(metric(&bench, METRIC_EVENTS, "none", NULL), 1);
	bench_close(&bench);
}

Test(audit, one_wrong_event_refuses_the_batch_and_is_named)
{
	struct bench bench = {0};

	bench_open(&bench, NULL, AUDIT_REPLY_FAIL);
	cr_assert_null(send(&bench, "[" HITS("1", "p", "11") "," HITS("2", "p", "-1") "]"));
	cr_assert(strstr(bench.error.text, "rule hits-over-10: /hits: found -1"), "%s", bench.error.text);
	cr_assert_null(send(&bench, "[" HITS("1", "p", "1") "," HITS("2", "p", "-1") "]"));
	cr_assert_eq(metric(&bench, METRIC_EVENTS, "fair", NULL), 0, "what is refused comes again: it is not counted before");
	cr_assert_eq(metric(&bench, METRIC_RULES, "hits-over-10", "fair"), 0);
	cr_assert_eq(metric(&bench, METRIC_EVENTS, "cheating", NULL), 0);
	bench_close(&bench);
}

Test(audit, an_event_without_a_player_is_judged_all_the_same)
{
	struct bench bench = {0};

	bench_open(&bench, NULL, AUDIT_REPLY_FAIL);
	const char *replies =
		send(&bench, "[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"game.hits\",\"data\":{\"hits\":11}}]");
	cr_assert(strstr(replies, "audit.fail"), "%s", replies);
	cr_assert_not(strstr(replies, "subject"), "%s", replies);
	cr_assert_not(strstr(replies, "player"), "%s", replies);
	bench_close(&bench);
}

#define TWO_RULES                                                                             \
	"rules:\n"                                                                            \
	"  - {name: strict, types: game.hits, value: /hits, player: /player, threshold: 5}\n" \
	"  - {name: lax, types: game.hits, value: /hits, player: /player, threshold: 10}\n"

Test(audit, of_several_rules_the_first_in_the_file_is_the_verdict)
{
	struct bench bench = {0};

	bench_open(&bench, TWO_RULES, AUDIT_REPLY_FAIL);
	const char *replies = send(&bench, "[" HITS("1", "p", "11") "]");
	cr_assert_eq(count(replies, "\n"), 1);
	cr_assert(strstr(replies, "\"rule\":\"strict\""), "%s", replies);
	cr_assert(strstr(replies, ",\"rules\":[\"strict\",\"lax\"],\"others\":[{\"id\":\""), "%s", replies);
	replies = send(&bench, "[" HITS("2", "p", "6") "]");
	cr_assert_not(strstr(replies, "\"rules\""), "%s", replies);
	bench_close(&bench);
}

#define MINUTE                                                                                            \
	"rules:\n"                                                                                        \
	"  - {name: minute, types: game.hits, kind: sum, value: /hits, player: /player, threshold: 20,\n" \
	"     window: {size: 1m, lateness: 30s}}\n"

Test(audit, a_window_is_flagged_once_and_answers_the_same_for_ever)
{
	struct bench bench = {0};

	bench_open(&bench, MINUTE, AUDIT_REPLY_FAIL);
	cr_assert_str_eq(send(&bench, "[" TIMED("1", "p", "00:10", "15") "]"), "");
	cr_assert_str_eq(send(&bench, "[" TIMED("1", "p", "00:10", "15") "]"), "");
	cr_assert_str_eq(send(&bench, "[" TIMED("2", "p", "01:10", "15") "]"), "", "another window");
	cr_assert_str_eq(send(&bench, "[" TIMED("3", "q", "00:10", "15") "]"), "", "another player");
	cr_assert_str_eq(send(&bench, "[" TIMED("4", "p", "00:59.999999", "5") "]"), "", "20 is fair");
	ump_cleanup_free char *first = ump_copy_string(send(&bench, "[" TIMED("5", "p", "00:00", "1") "]"));
	cr_assert(strstr(first, "\"type\":\"audit.fail\""), "%s", first);
	cr_assert(strstr(first,
			 "\"data\":{\"verdict\":\"cheating\",\"rule\":\"minute\",\"player\":\"p\",\"threshold\":20,\"revision\":\"rev\","
			 "\"kind\":\"sum\",\"window\":{\"start\":\"2026-01-01T00:00:00Z\",\"end\":\"2026-01-01T00:01:00Z\"}}"),
		  "%s", first);
	cr_assert_str_eq(send(&bench, "[" TIMED("5", "p", "00:00", "1") "]"), first, "the flagging event again");
	cr_assert_str_eq(send(&bench, "[" TIMED("1", "p", "00:10", "15") "]"), first, "one from before again");
	cr_assert_str_eq(send(&bench, "[" TIMED("6", "p", "00:30", "0") "]"), first, "a new one");
	bench_close(&bench);
}

Test(audit, a_late_event_is_counted_and_not_answered)
{
	struct bench bench = {0};

	bench_open(&bench, MINUTE, AUDIT_REPLY_ALWAYS);
	send(&bench, "[" TIMED("1", "p", "01:30", "1") "]");
	cr_assert_eq(count(send(&bench, "[" TIMED("2", "p", "00:10", "1") "]"), "audit.pass"), 1, "the watermark is at the bound");
	send(&bench, "[" TIMED("3", "p", "01:30.000001", "1") "]");
	cr_assert_str_eq(send(&bench, "[" TIMED("4", "p", "00:10", "21") "]"), "");
	cr_assert_eq(metric(&bench, METRIC_EVENTS, "late", NULL), 1);
	cr_assert_eq(metric(&bench, METRIC_RULES, "minute", "late"), 1);
	bench_close(&bench);
}

#define HOPPING                                                                           \
	"rules:\n"                                                                        \
	"  - {name: hop, types: game.hits, kind: count, player: /player, threshold: 1,\n" \
	"     window: {size: 20s, step: 10s, lateness: 1h}}\n"                            \
	"  - {name: value, types: game.hits, value: /hits, player: /player, threshold: 10}\n"

Test(audit, an_event_that_flags_two_windows_lists_both_and_each_has_its_own_latch)
{
	struct bench bench = {0};

	bench_open(&bench, HOPPING, AUDIT_REPLY_FAIL);
	cr_assert_str_eq(send(&bench, "[" TIMED("1", "p", "00:15", "1") "]"), "");
	ump_cleanup_free char *both = ump_copy_string(send(&bench, "[" TIMED("2", "p", "00:15", "1") "]"));
	cr_assert(strstr(both, "\"start\":\"2026-01-01T00:00:00Z\""), "%s", both);
	cr_assert(strstr(both, ",\"others\":[{\"id\":\""), "%s", both);
	cr_assert(strstr(both, "\",\"rule\":\"hop\",\"start\":\"2026-01-01T00:00:10Z\"}]}"), "%s", both);
	cr_assert_str_eq(send(&bench, "[" TIMED("2", "p", "00:15", "1") "]"), both);
	const char *second = send(&bench, "[" TIMED("3", "p", "00:25", "1") "]");
	cr_assert(strstr(second, "\"start\":\"2026-01-01T00:00:10Z\""), "%s", second);
	cr_assert_not(strstr(second, "others"), "%s", second);
	bench_close(&bench);
}

Test(audit, a_value_rule_is_heard_in_a_window_that_is_flagged_already)
{
	struct bench bench = {0};

	bench_open(&bench, HOPPING, AUDIT_REPLY_FAIL);
	send(&bench, "[" TIMED("1", "p", "00:15", "1") "," TIMED("2", "p", "00:15", "1") "]");
	const char *replies = send(&bench, "[" TIMED("3", "p", "00:15", "11") "]");
	cr_assert(strstr(replies, "\"rule\":\"value\""), "%s", replies);
	replies = send(&bench, "[" TIMED("4", "q", "00:15", "11") "," TIMED("5", "q", "00:15", "11") "]");
	cr_assert(strstr(replies, "\"rule\":\"hop\""), "%s", replies);
	cr_assert(strstr(replies, "\"rules\":[\"hop\",\"value\"]"), "%s", replies);
	bench_close(&bench);
}

static void fail_to_apply(struct store *store, struct store_update *updates, size_t update_count, store_done_fn *done, void *context)
{
	struct ump_error error;

	(void)store;
	(void)updates;
	(void)update_count;
	ump_fail(&error, UMP_RETRY, "gone fishing");
	done(context, &error);
}

static void close_nothing(struct store *store)
{
	(void)store;
}

Test(audit, a_store_that_fails_leaves_no_reply)
{
	static const struct store_methods methods = {.apply = fail_to_apply, .close = close_nothing};
	struct store broken = {&methods};
	struct bench bench = {.store = &broken};

	bench_open(&bench, MINUTE, AUDIT_REPLY_ALWAYS);
	cr_assert_str_eq(send(&bench, "[" TIMED("1", "p", "00:10", "21") "]"), "");
	cr_assert(bench.failed);
	cr_assert_eq(metric(&bench, METRIC_EVENTS, "failed", NULL), 1);
	cr_assert_eq(metric(&bench, METRIC_STORE_FAILURES, NULL, NULL), 1);
	bench_close(&bench);
}

Test(audit, a_batch_that_makes_too_many_updates_is_refused)
{
	struct bench bench = {0};
	ump_cleanup(ump_buffer_release) struct ump_buffer batch = {0};

	bench_open(&bench,
		   "rules:\n  - {name: r, types: game.hits, kind: count, player: /player, threshold: 1, window: {size: 100s, step: 1s}}\n"
		   "  - {name: s, types: game.hits, kind: count, player: /player, threshold: 1, window: {size: 100s, step: 1s}}\n",
		   AUDIT_REPLY_FAIL);
	for (int i = 0; i < 501; i++)
		ump_buffer_print(&batch, "%s" TIMED("%d", "p", "00:10", "1"), i ? "," : "[", i);
	ump_buffer_add_character(&batch, ']');
	cr_assert_null(send(&bench, batch.start));
	cr_assert(strstr(bench.error.text, "more than 100000 updates"), "%s", bench.error.text);
	bench_close(&bench);
}
