#include "deploy/laptop/show.h"
#include "common/http/client.h"
#include "common/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t tick_us = 500 * UMP_MILLISECOND;
static const int64_t line_us = 5 * UMP_SECOND; /* between two lines of counts where there is no terminal */
static const size_t most_state_bytes = 8 * 1024 * 1024;

/* The jobs are not shown: they are over before one could read of them. */
static const enum part shown_parts[] = {PART_BROKER, PART_FUNCTION, PART_ADAPTER, PART_PROVIDER};
enum { SHOWN = sizeof shown_parts / sizeof *shown_parts };

struct show {
	struct ump_loop *loop;
	struct show_options options;
	struct ump_timer tick;
	struct ump_client *client;
	struct ump_call *call; /* under way, or NULL */
	char *state_url;
	struct screen_counts counts;
	bool has_counts;
	int64_t next_line;
	struct screen_part parts[SHOWN];
};

static const char *describe_state(const struct show *show, enum part part)
{
	const struct child *child = director_child(show->options.director, part);
	switch (child->state) {
	case CHILD_STARTING:
		return part == PART_BROKER && director_facts(show->options.director)->bootstrap ? "running" : "starting";
	case CHILD_READY:
		return "running";
	case CHILD_STOPPING:
		return "stopping";
	case CHILD_STOPPED:
		break;
	}
	if (part == PART_FUNCTION)
		return "asleep";
	if (part == PART_BROKER && director_facts(show->options.director)->kafka == KAFKA_GIVEN)
		return "yours";
	return child->starts > 0 ? "ended" : "waiting";
}

static void describe_place(const struct show *show, enum part part, char *out, size_t size)
{
	static const char *const kafkas[] = {[KAFKA_EMBEDDED] = "embedded", [KAFKA_APACHE] = "Apache Kafka", [KAFKA_GIVEN] = "Kafka"};
	const struct part_facts *facts = director_facts(show->options.director);
	const struct child *child = director_child(show->options.director, part);
	switch (part) {
	case PART_BROKER:
		snprintf(out, size, "%s, %s", facts->bootstrap ? facts->bootstrap : "", kafkas[facts->kafka]);
		break;
	case PART_FUNCTION:
		snprintf(out, size, "%s, woken %u x", facts->sink ? facts->sink : "", child->starts);
		break;
	case PART_ADAPTER:
		snprintf(out, size, "game-hits to %s, verdicts to audit-verdicts", facts->sink ? facts->sink : "");
		break;
	default:
		snprintf(out, size, "%s", facts->listen);
	}
}

static void draw(struct show *show)
{
	for (size_t i = 0; i < SHOWN; i++) {
		enum part part = shown_parts[i];
		const struct child *child = director_child(show->options.director, part);
		show->parts[i] = (struct screen_part){.name = part_names[part],
						      .state = describe_state(show, part),
						      .interrupts = part != PART_FUNCTION && child->starts > 1 ? child->starts - 1 : 0};
		describe_place(show, part, show->parts[i].where, sizeof show->parts[i].where);
	}
	const struct screen_view view = {
		.board = director_child(show->options.director, PART_PROVIDER)->state == CHILD_READY ? show->options.board : NULL,
		.phones = show->options.phones,
		.token = show->options.token,
		.logs = show->options.logs,
		.parts = show->parts,
		.part_count = SHOWN,
		.counts = show->has_counts ? &show->counts : NULL,
	};
	screen_draw(show->options.screen, &view);
}

static void say_counts(struct show *show)
{
	struct ump_buffer line = {0};
	if (show->options.screen->terminal || ump_loop_now(show->loop) < show->next_line)
		return;
	show->next_line = ump_loop_now(show->loop) + line_us;
	screen_render_counts(&show->counts, &line);
	screen_say(show->options.screen, "%.*s", UMP_TEXT_ARGUMENTS(ump_buffer_text(&line)));
	ump_buffer_release(&line);
}

/* A board that does not answer, or is just being started again, leaves the last counts on the screen. */
static void state_came(void *context, const struct ump_reply *reply)
{
	struct show *show = context;
	struct ump_error error;
	show->call = NULL;
	if (reply->status != 200 || screen_counts_read(reply->body, &show->counts, &error) < 0)
		return;
	show->has_counts = true;
	say_counts(show);
}

static void ask_board(struct show *show)
{
	struct ump_error error;
	const struct ump_call_options call = {
		.method = "GET", .url = show->state_url, .timeout_us = 5 * UMP_SECOND, .max_reply = most_state_bytes};
	if (!show->call && director_child(show->options.director, PART_PROVIDER)->state == CHILD_READY &&
	    ump_client_call(show->client, &call, state_came, show, &show->call, &error) < 0)
		show->call = NULL;
}

static void tick(void *context)
{
	struct show *show = context;
	ask_board(show);
	draw(show);
	ump_timer_set(show->loop, &show->tick, ump_loop_now(show->loop) + tick_us, tick, show);
}

int show_new(struct show **ret_show, struct ump_loop *loop, const struct show_options *options, struct ump_error *error)
{
	const struct ump_client_options client = {.max_connections = 1, .connect_timeout_us = 2 * UMP_SECOND};
	struct show *show = ump_allocate(1, sizeof *show);
	show->loop = loop;
	show->options = *options;
	show->state_url = ump_format("%sapi/state", options->board);
	if (ump_client_new(&show->client, loop, &client, error) < 0) {
		show_free(show);
		return -1;
	}
	tick(show);
	*ret_show = show;
	return 0;
}

void show_free(struct show *show)
{
	if (!show)
		return;
	ump_timer_cancel(show->loop, &show->tick);
	ump_client_free(show->client);
	free(show->state_url);
	free(show);
}
