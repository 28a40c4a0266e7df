/* The parts are a fixed few, so each is an actor in an array, and what happens next hangs on two things only: the phase and who has ended.
 *
 * When the embedded broker ends, all records, offsets and its port have gone with it: everybody who speaks to it is stopped and the play
 * begins anew. A broker that keeps its data is started again like every other part. */
#include "deploy/laptop/director.h"
#include "common/memory.h"
#include "deploy/laptop/activator.h"
#include "deploy/laptop/tail.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum phase {
	PHASE_CHECK,  /* the function's configuration */
	PHASE_BROKER, /* until it has written its address */
	PHASE_TOPICS,
	PHASE_PLAY,
	PHASE_AGAIN, /* the broker has gone: until its clients have ended */
	PHASE_END
};

static const int64_t broker_limit_us = 60 * UMP_SECOND;
static const int64_t part_limit_us = 30 * UMP_SECOND;
static const int64_t stop_limit_us = 15 * UMP_SECOND; /* over the adapter's own 10 s */
static const int64_t calm_us = 30 * UMP_SECOND;       /* who ran this long before it failed has not failed in a row */
enum { TAIL_LINES = 5, MOST_REPORT_LINES = 200, MOST_STARTS = 5 /* of a provider whose run has an end */ };

struct actor {
	struct director *director;
	struct child *child; /* &own, or the activator's */
	struct child own;
	struct ump_timer pause; /* before it is started again */
	unsigned failures;      /* in a row */
};

struct director {
	struct ump_loop *loop;
	struct supervisor *supervisor;
	struct screen *screen;
	struct director_options options;
	struct part_facts facts;
	struct actor actors[PART_COUNT];
	struct activator function;
	struct ump_timer address; /* the broker's file is looked for */
	char *address_file;
	char *report_file;
	char *bootstrap;
	char run[48], epoch[24];
	enum phase phase;
	int status;
	int64_t phase_began;
};

/* ---- The end ---- */

static void end_next(struct director *director)
{
	static const enum part order[] = {PART_VERIFY, PART_TOPICS, PART_CHECK, PART_PROVIDER, PART_ADAPTER, PART_FUNCTION, PART_BROKER};
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		struct actor *actor = &director->actors[order[i]];
		ump_timer_cancel(director->loop, &actor->pause);
		if (actor->child->state == CHILD_STOPPED)
			continue;
		if (order[i] == PART_FUNCTION)
			activator_stop(&director->function, stop_limit_us);
		else
			child_stop(actor->child, stop_limit_us);
		return; /* its end brings us back */
	}
	ump_loop_stop(director->loop, director->status);
}

void director_end(struct director *director, int status)
{
	if (director->phase == PHASE_END)
		return;
	director->phase = PHASE_END;
	director->status = status;
	ump_timer_cancel(director->loop, &director->address);
	end_next(director);
}

/* Says why, with the last lines of a log where one is to blame, and ends. */
static void fail(struct director *director, int status, const char *log, const char *format, ...) __attribute__((format(printf, 4, 5)));
static void fail(struct director *director, int status, const char *log, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	screen_say(director->screen, "demo: %s", text);
	if (log) {
		struct ump_buffer lines = {0};
		tail_read(log, TAIL_LINES, &lines);
		if (lines.size > 0)
			screen_say(director->screen, "%.*s", UMP_TEXT_ARGUMENTS(ump_text_trim(ump_buffer_text(&lines))));
		screen_say(director->screen, "demo: the whole log: %s", log);
		ump_buffer_release(&lines);
	}
	director_end(director, status);
}

static const char *describe_end(const struct child_end *end, char *out, size_t size)
{
	if (end->signal)
		snprintf(out, size, "was killed by signal %d (%s)", end->signal, sigdescr_np(end->signal));
	else
		snprintf(out, size, "ended with exit status %d", end->status);
	return out;
}

static bool is_refusal(const struct child_end *end)
{
	return end->status == EX_USAGE || end->status == EX_CONFIG;
}

/* ---- Starting ---- */

static void start(struct director *director, enum part part)
{
	struct ump_error error;
	struct actor *actor = &director->actors[part];
	part_arguments_free(actor->child->arguments);
	director->facts.resumes = actor->child->starts > 0;
	actor->child->arguments = part_arguments(part, &director->facts);
	if (child_start(director->supervisor, actor->child, &error) < 0)
		fail(director, EX_OSERR, NULL, "%s", error.text);
}

static void enter(struct director *director, enum phase phase)
{
	director->phase = phase;
	director->phase_began = ump_loop_now(director->loop);
}

static void play(struct director *director)
{
	struct ump_error error;
	enter(director, PHASE_PLAY);
	start(director, PART_ADAPTER);
	start(director, PART_PROVIDER);
	if (director->facts.duration)
		start(director, PART_VERIFY);
	if (!director->function.connections.added && director->function.child.state == CHILD_STOPPED &&
	    activator_arm(&director->function, &error) < 0)
		fail(director, EX_OSERR, NULL, "%s", error.text);
}

static void make_topics(struct director *director)
{
	enter(director, PHASE_TOPICS);
	start(director, PART_TOPICS);
}

static void look_for_address(void *context)
{
	struct director *director = context;
	struct ump_buffer line = {0};
	struct child *broker = director->actors[PART_BROKER].child;
	tail_read(director->address_file, 1, &line);
	struct ump_text address = ump_text_trim(ump_buffer_text(&line));
	if (address.size > 0) {
		free(director->bootstrap);
		director->bootstrap = ump_copy_bytes(address.start, address.size);
		director->facts.bootstrap = director->bootstrap;
		screen_say(director->screen, "broker          %s", director->bootstrap);
		if (director->facts.kafka == KAFKA_EMBEDDED)
			play(director);
		else
			make_topics(director);
	} else if (ump_loop_now(director->loop) - director->phase_began > broker_limit_us) {
		fail(director, EX_UNAVAILABLE, broker->log, "the broker is not ready after %d s", (int)(broker_limit_us / UMP_SECOND));
	} else {
		ump_timer_set(director->loop, &director->address, ump_loop_now(director->loop) + 20 * UMP_MILLISECOND, look_for_address,
			      director);
	}
	ump_buffer_release(&line);
}

static void start_broker(struct director *director)
{
	if (director->facts.kafka == KAFKA_GIVEN) {
		make_topics(director);
		return;
	}
	enter(director, PHASE_BROKER);
	unlink(director->address_file);
	start(director, PART_BROKER);
	if (director->phase == PHASE_BROKER)
		look_for_address(director);
}

/* One run for one broker's data, however often the provider is started: board and comparison are about a run. */
static void name_run(struct director *director)
{
	time_t now = (time_t)(ump_loop_wall(director->loop) / UMP_SECOND);
	struct tm utc;
	gmtime_r(&now, &utc);
	strftime(director->epoch, sizeof director->epoch, "%FT%TZ", &utc);
	size_t size = strftime(director->run, sizeof director->run, "%Y%m%d-%H%M%S", &utc);
	snprintf(director->run + size, sizeof director->run - size, "-%ld", (long)getpid());
	director->facts.run = director->run;
	director->facts.epoch = director->epoch;
}

int director_begin(struct director *director, struct ump_error *error)
{
	if (activator_open(&director->function, director->supervisor, error) < 0)
		return -1;
	director->facts.sink = director->function.address;
	name_run(director);
	enter(director, PHASE_CHECK);
	struct actor *function = &director->actors[PART_FUNCTION];
	function->child->arguments = part_arguments(PART_FUNCTION, &director->facts);
	start(director, PART_CHECK);
	return 0;
}

/* ---- A part has ended ---- */

static void start_again(void *context)
{
	struct actor *actor = context;
	start(actor->director, (enum part)(actor - actor->director->actors));
}

static void restart(struct actor *actor, const struct child_end *end)
{
	char how[96];
	struct director *director = actor->director;
	actor->failures = end->ran_us > calm_us ? 1 : actor->failures + 1;
	int64_t pause = child_restart_pause(actor->failures);
	screen_say(director->screen, "%s %s: starting it again in %.1f s (log: %s)", actor->child->name, describe_end(end, how, sizeof how),
		   (double)pause / UMP_SECOND, actor->child->log);
	ump_timer_set(director->loop, &actor->pause, ump_loop_now(director->loop) + pause, start_again, actor);
}

static void begin_again_when_alone(struct director *director)
{
	if (director->actors[PART_ADAPTER].child->state == CHILD_STOPPED && director->actors[PART_PROVIDER].child->state == CHILD_STOPPED)
		start_broker(director);
}

static void begin_again(struct director *director, const struct child_end *end)
{
	char how[96];
	screen_say(director->screen, "the embedded broker %s, and what it held is lost: everything begins anew",
		   describe_end(end, how, sizeof how));
	name_run(director);
	enter(director, PHASE_AGAIN);
	for (enum part part = PART_ADAPTER; part <= PART_PROVIDER; part++) {
		ump_timer_cancel(director->loop, &director->actors[part].pause);
		child_stop(director->actors[part].child, 0);
	}
	begin_again_when_alone(director);
}

static void job_ended(struct director *director, enum part part, const struct child_end *end)
{
	char how[96];
	const struct child *child = director->actors[part].child;
	if (end->status == 0 && part == PART_CHECK)
		start_broker(director);
	else if (end->status == 0)
		play(director);
	else if (part == PART_CHECK)
		fail(director, EX_CONFIG, child->log, "audit-fn refuses its configuration:");
	else if (end->status == EX_UNAVAILABLE)
		fail(director, EX_UNAVAILABLE, child->log, "Kafka at %s cannot be used:", director->facts.bootstrap);
	else
		fail(director, is_refusal(end) ? EX_CONFIG : EX_SOFTWARE, child->log, "making the topics %s",
		     describe_end(end, how, sizeof how));
}

/* The sets are equal, or something is missing and nothing has come for too long. */
static void verify_ended(struct director *director, const struct child_end *end)
{
	const struct child *child = director->actors[PART_VERIFY].child;
	enum { EQUAL = 0, DIFFERENT = 1 };
	char how[96];
	if (end->status != EQUAL && end->status != DIFFERENT) {
		fail(director, EX_UNAVAILABLE, child->log, "the comparison of the sets %s", describe_end(end, how, sizeof how));
		return;
	}
	struct ump_buffer report = {0};
	tail_read(child->output, MOST_REPORT_LINES, &report);
	screen_say(director->screen, "%.*s", UMP_TEXT_ARGUMENTS(ump_text_trim(ump_buffer_text(&report))));
	ump_buffer_release(&report);
	director_end(director, end->status);
}

static void part_ended(struct director *director, enum part part, const struct child_end *end)
{
	char how[96];
	struct actor *actor = &director->actors[part];
	if (is_refusal(end))
		fail(director, EX_CONFIG, actor->child->log, "%s refuses its configuration:", actor->child->name);
	else if (part == PART_PROVIDER && director->facts.duration && (!end->signal || actor->child->starts >= MOST_STARTS))
		fail(director, EX_UNAVAILABLE, actor->child->log, "event-provider %s in the middle of its run",
		     describe_end(end, how, sizeof how));
	else if (part == PART_BROKER && (director->phase == PHASE_BROKER || director->facts.duration))
		fail(director, EX_UNAVAILABLE, actor->child->log, "the broker %s", describe_end(end, how, sizeof how));
	else if (part == PART_BROKER && director->facts.kafka == KAFKA_EMBEDDED)
		begin_again(director, end);
	else
		restart(actor, end);
}

static void ended(void *context, struct child *child, const struct child_end *end)
{
	struct actor *actor = context;
	struct director *director = actor->director;
	enum part part = (enum part)(actor - director->actors);
	(void)child;
	if (director->phase == PHASE_END)
		end_next(director);
	else if (director->phase == PHASE_AGAIN)
		begin_again_when_alone(director);
	else if (part == PART_CHECK || part == PART_TOPICS)
		job_ended(director, part, end);
	else if (part == PART_VERIFY)
		verify_ended(director, end);
	else
		part_ended(director, part, end);
}

/* A terminal has both in front of it all the time. */
static void say_board(struct director *director)
{
	screen_say(director->screen, "board           %s", director->options.board);
	if (!director->screen->terminal)
		screen_say(director->screen, "speaker         token %s", director->options.token);
}

static void ready(void *context, struct child *child)
{
	struct actor *actor = context;
	struct director *director = actor->director;
	actor->failures = 0;
	if (child->starts > 1)
		screen_say(director->screen, "%s runs again", child->name);
	else if (actor == &director->actors[PART_PROVIDER])
		say_board(director);
	else
		screen_say(director->screen, "%-15s running", child->name);
}

static void late(void *context, struct child *child)
{
	struct actor *actor = context;
	fail(actor->director, EX_UNAVAILABLE, child->log, "%s is not ready after %d s", child->name, (int)(part_limit_us / UMP_SECOND));
}

/* ---- The function ---- */

static void function_changed(void *context)
{
	(void)context;
}

static bool function_failed(void *context, const struct child_end *end)
{
	struct director *director = context;
	const struct child *child = &director->function.child;
	char how[96];
	if (end && is_refusal(end)) {
		fail(director, EX_CONFIG, child->log, "audit-fn refuses its configuration:");
		return false;
	}
	screen_say(director->screen, "audit-fn %s: the next connection starts it again (log: %s)",
		   end ? describe_end(end, how, sizeof how) : "could not be started", child->log);
	return true;
}

static void function_stopped(void *context)
{
	end_next(context);
}

/* ---- Whole ---- */

const struct child *director_child(const struct director *director, enum part part)
{
	return director->actors[part].child;
}

const struct part_facts *director_facts(const struct director *director)
{
	return &director->facts;
}

struct director *director_new(struct ump_loop *loop, const struct director_options *options)
{
	struct director *director = ump_allocate(1, sizeof *director);
	*director = (struct director){.loop = loop,
				      .supervisor = options->supervisor,
				      .screen = options->screen,
				      .options = *options,
				      .facts = options->facts,
				      .address_file = part_address_file(&options->facts)};
	for (enum part part = 0; part < PART_COUNT; part++) {
		struct actor *actor = &director->actors[part];
		actor->director = director;
		actor->child = part == PART_FUNCTION ? &director->function.child : &actor->own;
		*actor->child = (struct child){.name = part_names[part],
					       .log = ump_format("%s/%s.log", options->logs, part_names[part]),
					       .socket = -1,
					       .ready_limit_us = part_limit_us,
					       .events = {.ended = ended, .context = actor}};
	}
	director->report_file = ump_format("%s/report", options->facts.run_folder);
	director->actors[PART_VERIFY].own.output = director->report_file;
	for (enum part part = PART_ADAPTER; part <= PART_PROVIDER; part++) {
		director->actors[part].own.events.ready = ready;
		director->actors[part].own.events.late = late;
	}
	director->function.changed = function_changed;
	director->function.failed = function_failed;
	director->function.ended = function_stopped;
	director->function.context = director;
	return director;
}

void director_free(struct director *director)
{
	if (!director)
		return;
	for (enum part part = 0; part < PART_COUNT; part++) {
		struct child *child = director->actors[part].child;
		ump_timer_cancel(director->loop, &director->actors[part].pause);
		part_arguments_free(child->arguments);
		free((char *)child->log);
	}
	ump_timer_cancel(director->loop, &director->address);
	activator_close(&director->function);
	free(director->address_file);
	free(director->report_file);
	free(director->bootstrap);
	free(director);
}
