#include "provider/verify_against.h"
#include "common/loop/loop.h"
#include "common/loop/notify.h"
#include "common/telemetry/log.h"
#include "provider/parallel.h"
#include "provider/reader.h"
#include "provider/reading.h"
#include "provider/verify.h"
#include <sysexits.h>

struct against {
	const struct provider_config *config;
	struct ump_loop *loop;
	struct ump_timer look;
	struct reader *reader;
	struct parallel *parallel;
	struct ump_event event; /* kept for its memory */
	bool opened;
	uint64_t progress;
	int64_t progressed_at, started_at;
	struct ump_error trouble;
};

static void take(void *context, const struct reader_record *record)
{
	struct against *against = context;
	const char *run = against->config->simulation.run;
	struct verdict_reading verdict;
	if (!event_open(&against->event, record->headers, record->header_count, record->value) || !verdict_read(&against->event, &verdict))
		return;
	if (!run || run_contains(run, verdict.event_source))
		parallel_verdict(against->parallel, (enum parallel_side)record->topic, verdict.event_source, verdict.event_id,
				 verdict.cheating);
	verdict_reading_release(&verdict);
}

static void opened(void *context)
{
	struct against *against = context;
	against->opened = true;
	against->progressed_at = ump_loop_now(against->loop);
}

static void caught_up(void *context)
{
	(void)context; /* the ends are looked at when it matters */
}

static void trouble(void *context, const struct ump_error *error)
{
	struct against *against = context;
	against->trouble = *error;
}

static void look(void *context)
{
	struct against *against = context;
	int64_t now = ump_loop_now(against->loop), wait_us = against->config->verify.wait_us;
	uint64_t progress = parallel_progress(against->parallel);
	ump_timer_set(against->loop, &against->look, now + VERIFY_LOOK_US, look, against);
	if (!against->opened) {
		if (now - against->started_at < (wait_us > VERIFY_START_US ? wait_us : VERIFY_START_US))
			return;
		ump_log(UMP_LOG_ERROR, "Kafka cannot be used",
			UMP_LOG_S("error", against->trouble.text[0] ? against->trouble.text : "no answer"));
		ump_loop_stop(against->loop, EX_UNAVAILABLE);
		return;
	}
	if (progress != against->progress) {
		against->progress = progress;
		against->progressed_at = now;
	} else if ((parallel_is_equal(against->parallel) && reader_is_at_end(against->reader)) ||
		   now - against->progressed_at >= verify_patience(against->config, against->reader)) {
		ump_loop_stop(against->loop, EX_OK);
	}
}

static int open_reader(struct against *against, struct ump_error *error)
{
	const struct provider_config *config = against->config;
	const struct reader_options options = {
		.settings = &config->kafka,
		.client_id = "umpire-verify",
		.embedded = config->topics.embedded,
		.topics = {config->topics.verdict_topic, config->verify.against},
		.from_ms = {READER_BEGINNING, READER_BEGINNING},
		.topic_count = 2,
		.required = 2,
		.record = take,
		.opened = opened,
		.caught_up = caught_up,
		.trouble = trouble,
		.context = against,
	};
	return reader_new(&against->reader, against->loop, &options, error);
}

static int report(const struct against *against, FILE *out)
{
	const char *const names[] = {against->config->topics.verdict_topic, against->config->verify.against};
	struct ump_buffer text = {0};
	uint64_t differences = parallel_report(against->parallel, names, &text);
	fwrite(text.start, 1, text.size, out);
	ump_buffer_release(&text);
	return differences ? 1 : 0;
}

int verify_against_run(const struct provider_config *config, FILE *out)
{
	struct against against = {.config = config, .parallel = parallel_new((size_t)config->verify.max_events)};
	struct ump_error error;
	int status = EX_UNAVAILABLE;
	if (ump_loop_new(&against.loop, &error) < 0 || open_reader(&against, &error) < 0) {
		ump_log(UMP_LOG_ERROR, "not started", UMP_LOG_S("error", error.text));
	} else {
		against.started_at = ump_loop_now(against.loop);
		ump_timer_set(against.loop, &against.look, against.started_at, look, &against);
		ump_notify("READY=1");
		status = ump_loop_run(against.loop);
	}
	if (status == EX_OK)
		status = report(&against, out);
	reader_free(against.reader);
	parallel_free(against.parallel);
	ump_event_release(&against.event);
	ump_loop_free(against.loop);
	return status;
}
