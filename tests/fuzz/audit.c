/* tests/fuzz/audit.c: any bytes as a batch for audit-fn, under rules of every kind on the store in memory. Every reply is a valid event,
 * and a second delivery of the batch gives the same replies as the third. */
#include "audit-fn/audit.h"
#include "audit-fn/metrics.h"
#include "common/cloudevents/json.h"
#include "common/telemetry/log.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

static const char text[] = "rules:\n"
			   "  - preset: hits\n"
			   "  - preset: shipwars\n"
			   "  - {name: s, types: game.hits, kind: sum, value: /hits, player: [/player, subject], threshold: 15,\n"
			   "     window: {size: 10s, step: 4s, lateness: 5s}}\n"
			   "  - {name: c, types: game.hits, kind: count, player: [/player, subject], threshold: 1, window: {size: 1m}}\n";

static int add(void *context, const struct ump_event *event, struct ump_error *error)
{
	return audit_add(context, event, UMP_TEXT_NONE, UMP_TEXT_NONE, error);
}

static void decided(void *context, struct audit_case *the_case, const struct ump_error *error)
{
	struct ump_buffer *replies = context;
	const struct ump_event *reply;
	struct ump_error failure;

	must(!error);
	for (;;) {
		must(audit_next_reply(the_case, &reply, &failure) == 0);
		if (!reply)
			return;
		must(ump_event_validate(reply, &failure) == 0);
		must(ump_event_to_json(reply, replies, &failure) == 0);
	}
}

static void deliver(struct audit *audit, struct ump_text batch, struct ump_buffer *replies)
{
	struct audit_case *the_case = audit_open(audit);
	struct ump_error error;

	if (ump_batch_from_json(batch, 100, add, the_case, &error) == 0)
		audit_decide(the_case, decided, replies);
	audit_close(the_case);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct ump_loop *loop;
	static struct rules *rules;
	static struct ump_metrics *metrics;
	const struct ump_text batch = {(const char *)bytes, size};
	struct ump_buffer replies[3] = {0};
	struct store *store;
	struct ump_error error;

	if (!loop) {
		ump_log_setup("fuzz", UMP_LOG_ERROR, UMP_LOG_JSON);
		must(ump_loop_new(&loop, &error) == 0);
		must(rules_parse(&rules, ump_text(text), "rules", -1, &error) == 0);
		metrics = ump_metrics_new(metrics_table, METRIC_COUNT);
	}
	must(store_memory_open(&store, loop, &(struct store_settings){.retention_us = UMP_SECOND, .limit = INT64_C(1) << 30}, &error) == 0);
	struct audit *audit = audit_new(&(struct audit_settings){rules, AUDIT_REPLY_ALWAYS, "r", store, metrics});
	for (int i = 0; i < 3; i++) {
		ump_buffer_add_string(&replies[i], "");
		deliver(audit, batch, &replies[i]);
	}
	must(ump_text_equals(ump_buffer_text(&replies[1]), ump_buffer_text(&replies[2])));
	for (int i = 0; i < 3; i++)
		ump_buffer_release(&replies[i]);
	audit_free(audit);
	store_close(store);
	return 0;
}
