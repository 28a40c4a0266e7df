#include "source-adapter/status.h"
#include "common/cloudevents/scan.h"
#include "common/memory.h"
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

struct status {
	struct status_options options;
	struct ump_timer timer;
	struct ump_buffer text;
};

static void add_time(struct ump_buffer *out, int64_t wall_us)
{
	if (wall_us == 0) {
		ump_buffer_add_string(out, "null");
		return;
	}
	ump_buffer_add_character(out, '"');
	ump_buffer_add_time(out, wall_us);
	ump_buffer_add_character(out, '"');
}

void status_write(struct ump_buffer *out, const char *instance, const char *group, int64_t wall_us, const struct status_facts *facts)
{
	ump_buffer_add_string(out, "{\"instance\":");
	ump_json_quote(out, ump_text(instance));
	ump_buffer_add_string(out, ",\"group\":");
	ump_json_quote(out, ump_text(group));
	ump_buffer_add_string(out, ",\"time\":");
	add_time(out, wall_us);
	ump_buffer_print(out,
			 ",\"in_flight\":%zu,\"held_bytes\":%" PRId64 ",\"partitions\":%zu,\"stalled\":%zu,\"lag\":", facts->flow.in_flight,
			 facts->flow.held_bytes, facts->partitions, facts->stalled);
	if (facts->lag < 0)
		ump_buffer_add_string(out, "null");
	else
		ump_buffer_print(out, "%" PRId64, facts->lag);
	if (facts->flow.last_status < 0)
		ump_buffer_add_string(out, ",\"last_status\":null");
	else
		ump_buffer_print(out, ",\"last_status\":%d", facts->flow.last_status);
	ump_buffer_add_string(out, ",\"last_answer\":");
	add_time(out, facts->flow.last_answer_at);
	if (facts->flow.first_answer_us < 0)
		ump_buffer_add_string(out, ",\"first_answer_ms\":null");
	else
		ump_buffer_print(out, ",\"first_answer_ms\":%.1f", (double)facts->flow.first_answer_us / 1000);
	ump_buffer_add_string(out, ",\"first_answer\":");
	add_time(out, facts->flow.first_answer_at);
	ump_buffer_add_character(out, '}');
}

/* What cannot be told now is told in a second: neither a full queue nor a refusal is a reason to stop. */
static void tell(void *context)
{
	struct status *status = context;
	const struct status_options *options = &status->options;
	struct status_facts facts = options->collect(options->context);
	struct ump_error error;
	ump_buffer_reset(&status->text);
	status_write(&status->text, options->instance, options->group, ump_loop_wall(options->loop), &facts);
	struct ump_record record = {
		.topic = options->topic,
		.partition = -1,
		.key = ump_text(options->instance),
		.value = ump_buffer_text(&status->text),
	};
	ump_producer_send(options->producer, &record, NULL, &error);
	ump_timer_set(options->loop, &status->timer, ump_loop_now(options->loop) + UMP_SECOND, tell, status);
}

struct status *status_new(const struct status_options *options)
{
	struct status *status = ump_allocate(1, sizeof *status);
	status->options = *options;
	ump_timer_set(options->loop, &status->timer, ump_loop_now(options->loop), tell, status);
	return status;
}

void status_free(struct status *status)
{
	if (!status)
		return;
	ump_timer_cancel(status->options.loop, &status->timer);
	ump_buffer_release(&status->text);
	free(status);
}
