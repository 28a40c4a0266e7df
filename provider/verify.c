#include "provider/verify.h"
#include "common/loop/loop.h"
#include "common/loop/notify.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "provider/comparison.h"
#include "provider/reader.h"
#include "provider/reading.h"
#include "provider/timing.h"
#include <stdlib.h>
#include <sysexits.h>

enum { HITS, VERDICTS, TOPICS };

struct verify {
	const struct provider_config *config;
	struct ump_loop *loop;
	struct ump_timer look;
	struct truth truth;
	bool has_truth;
	char source[RUN_SOURCE_SIZE];
	char *topics[TOPICS]; /* the reader borrows them, and the truth is read again while the run goes on */
	struct reader *reader;
	bool opened;
	struct comparison *comparison;
	struct timing *timing;
	struct ump_event event; /* kept for its memory */
	uint64_t progress;
	int64_t progressed_at, started_at;
	struct ump_error trouble;
};

/* ---- Records ---- */

static void take_hit(struct verify *verify, int64_t timestamp_ms)
{
	struct ump_text id = ump_event_get(&verify->event, "id");
	uint64_t number;
	if (!ump_text_equals(ump_event_get(&verify->event, "source"), ump_text(verify->source)))
		return;
	comparison_event(verify->comparison, id);
	if (ump_text_to_number(id, SIMULATOR_EVENTS, &number))
		timing_event(verify->timing, number, timestamp_ms);
}

static void take_verdict(struct verify *verify, int64_t timestamp_ms)
{
	struct verdict_reading verdict;
	uint64_t number;
	if (!verdict_read(&verify->event, &verdict))
		return;
	if (ump_text_equals(verdict.event_source, ump_text(verify->source))) {
		comparison_verdict(verify->comparison, verdict.event_id, verdict.cheating, verdict.player);
		if (ump_text_to_number(verdict.event_id, SIMULATOR_EVENTS, &number))
			timing_verdict(verify->timing, number, timestamp_ms);
	}
	verdict_reading_release(&verdict);
}

/* What is no CloudEvent is none of ours: the topics are open to others. */
static void take_record(void *context, const struct reader_record *record)
{
	struct verify *verify = context;
	if (!event_open(&verify->event, record->headers, record->header_count, record->value))
		return;
	if (record->topic == HITS)
		take_hit(verify, record->timestamp_ms);
	else
		take_verdict(verify, record->timestamp_ms);
}

static void opened(void *context)
{
	struct verify *verify = context;
	verify->opened = true;
	verify->progressed_at = ump_loop_now(verify->loop);
}

static void caught_up(void *context)
{
	(void)context; /* the end is looked at when it matters: more may have come */
}

static void trouble(void *context, const struct ump_error *error)
{
	struct verify *verify = context;
	verify->trouble = *error;
}

static int open_reader(struct verify *verify, struct ump_error *error)
{
	/* The run's first record cannot be older than its start; clocks that differ by less than a minute do no harm. */
	int64_t from_ms = verify->truth.started_us / UMP_MILLISECOND - 60000;
	verify->topics[HITS] = ump_copy_string(verify->truth.hits_topic);
	verify->topics[VERDICTS] = ump_copy_string(verify->truth.verdicts_topic);
	struct reader_options options = {
		.settings = &verify->config->kafka,
		.client_id = "umpire-verify",
		.embedded = verify->config->topics.embedded,
		.topics = {verify->topics[HITS], verify->topics[VERDICTS]},
		.from_ms = {from_ms, from_ms},
		.topic_count = TOPICS,
		.required = TOPICS,
		.record = take_record,
		.opened = opened,
		.caught_up = caught_up,
		.trouble = trouble,
		.context = verify,
	};
	run_source(verify->source, verify->truth.run);
	return reader_new(&verify->reader, verify->loop, &options, error);
}

/* ---- Waiting ---- */

static void give_up(struct verify *verify, const char *what, const char *why, int status)
{
	ump_log(UMP_LOG_ERROR, what, UMP_LOG_S("error", why));
	ump_loop_stop(verify->loop, status);
}

/* Reads the truth file, again while its run goes on. False: it cannot be gone on with now. */
static bool has_usable_truth(struct verify *verify)
{
	struct truth truth = {0};
	struct ump_error error;
	if (verify->has_truth && verify->truth.complete)
		return true;
	if (truth_load(&truth, verify->config->simulation.truth, &error) < 0) {
		if (error.kind != UMP_RETRY || !verify->config->verify.follow)
			give_up(verify, "truth not usable", error.text, EX_CONFIG);
		return false;
	}
	if (!truth.complete && !verify->config->verify.follow) {
		truth_release(&truth);
		give_up(verify, "truth not usable", "the run is not over: wait for its end, or use --follow", EX_CONFIG);
		return false;
	}
	truth_release(&verify->truth);
	verify->truth = truth;
	verify->has_truth = true;
	return true;
}

int64_t verify_patience(const struct provider_config *config, const struct reader *reader)
{
	int64_t wait_us = config->verify.wait_us;
	return reader_is_at_end(reader) || wait_us > VERIFY_START_US ? wait_us : VERIFY_START_US;
}

/* What there is to wait for: true when the comparison can be written. */
static bool is_over(struct verify *verify, int64_t now)
{
	uint64_t progress = comparison_progress(verify->comparison);
	int64_t wait_us = verify->config->verify.wait_us;
	if (progress != verify->progress || !verify->truth.complete) {
		verify->progress = progress;
		verify->progressed_at = now;
	}
	if (!verify->opened) {
		if (now - verify->started_at > (wait_us > VERIFY_START_US ? wait_us : VERIFY_START_US))
			give_up(verify, "Kafka cannot be used", verify->trouble.text[0] ? verify->trouble.text : "no answer",
				EX_UNAVAILABLE);
		return false;
	}
	if (comparison_is_complete(verify->comparison, &verify->truth) && reader_is_at_end(verify->reader))
		return true;
	return now - verify->progressed_at >= verify_patience(verify->config, verify->reader);
}

static void look(void *context)
{
	struct verify *verify = context;
	struct ump_error error;
	int64_t now = ump_loop_now(verify->loop);
	ump_timer_set(verify->loop, &verify->look, now + VERIFY_LOOK_US, look, verify);
	if (!has_usable_truth(verify)) {
		verify->started_at = now;
		return;
	}
	if (!verify->reader && open_reader(verify, &error) < 0)
		give_up(verify, "Kafka cannot be used", error.text, EX_UNAVAILABLE);
	else if (is_over(verify, now))
		ump_loop_stop(verify->loop, EX_OK);
}

static int report(const struct verify *verify, FILE *out)
{
	struct ump_buffer text = {0};
	uint64_t differences = comparison_report(verify->comparison, &verify->truth, &text);
	timing_report(verify->timing, &text);
	fwrite(text.start, 1, text.size, out);
	ump_buffer_release(&text);
	return differences ? 1 : 0;
}

int verify_run(const struct provider_config *config, FILE *out)
{
	struct verify verify = {.config = config, .comparison = comparison_new(), .timing = timing_new()};
	struct ump_error error;
	int status = EX_UNAVAILABLE;
	if (!config->simulation.truth) {
		ump_log(UMP_LOG_ERROR, "truth not usable", UMP_LOG_S("error", "--truth: expected the file that the run wrote, found none"));
		status = EX_CONFIG;
	} else if (ump_loop_new(&verify.loop, &error) < 0) {
		ump_log(UMP_LOG_ERROR, "not started", UMP_LOG_S("error", error.text));
	} else {
		verify.started_at = ump_loop_now(verify.loop);
		ump_timer_set(verify.loop, &verify.look, verify.started_at, look, &verify);
		ump_notify("READY=1");
		status = ump_loop_run(verify.loop);
	}
	if (status == EX_OK)
		status = report(&verify, out);
	reader_free(verify.reader);
	free(verify.topics[HITS]);
	free(verify.topics[VERDICTS]);
	comparison_free(verify.comparison);
	timing_free(verify.timing);
	ump_event_release(&verify.event);
	truth_release(&verify.truth);
	ump_loop_free(verify.loop);
	return status;
}
