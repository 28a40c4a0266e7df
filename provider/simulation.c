#include "provider/simulation.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "provider/hit_event.h"
#include "provider/truth.h"
#include <assert.h>
#include <stdlib.h>

#define BEHIND_US (1 * UMP_SECOND) /* what is made up for; more moves the schedule */
#define LATE_US   (100 * UMP_MILLISECOND)
#define SILENT_US (3 * UMP_SECOND)       /* without an acknowledgement that is waited for: said to be blocked */
#define AGAIN_US  (20 * UMP_MILLISECOND) /* while held */
#define ROUND     500                    /* events before others get their turn */

struct simulation {
	struct simulation_options options;
	struct ump_loop *loop;
	struct simulator *simulator;
	struct hit_writer writer;
	struct ump_event event;
	struct truth truth;
	struct ump_timer timer;
	struct ump_task more;
	enum simulation_state state;
	const char *why;
	double rate;
	int64_t start_us;          /* loop time of the run's 0: moves when it falls behind */
	int64_t paused_us;         /* since then */
	struct simulated_hit next; /* taken from the simulator and not sent */
	bool has_next, stopping, all_out;
	struct id_set stored;  /* what was in Kafka before */
	uint64_t stored_first; /* the lowest of these: what was before it is no longer there, or was not read; 0: none */
	uint64_t stored_last;  /* the highest of these, until the simulator has come by it; then 0 */
	uint64_t pending;
	int64_t heard_us; /* loop time of the latest completion, or of the first event that waits for one */
	struct simulation_counts counts;
};

/* A completion's opaque pointer is the event itself: sequence, player and truth in one word, and odd, which no real pointer is. */
_Static_assert(sizeof(uintptr_t) == 8, "64-bit pointers hold an event's identity");
_Static_assert(SIMULATOR_EVENTS < UINT64_C(1) << 32 && SIMULATOR_PLAYERS < 1 << 30, "both fit");

static void *pack(const struct simulated_hit *hit)
{
	return (void *)(uintptr_t)(hit->sequence << 32 | (uint64_t)hit->player << 2 | (uint64_t)hit->cheating << 1 | 1);
}

static void begin_truth(struct simulation *simulation)
{
	const struct simulation_options *options = &simulation->options;
	struct truth *truth = &simulation->truth;
	snprintf(truth->run, sizeof truth->run, "%s", options->run);
	snprintf(truth->preset, sizeof truth->preset, "%s", options->preset);
	truth->seed = options->simulator.seed;
	truth->epoch_us = options->epoch_us;
	truth->started_us = ump_loop_wall(simulation->loop);
	truth->hits_topic = ump_copy_string(options->topic);
	truth->verdicts_topic = ump_copy_string(options->verdict_topic);
}

int simulation_new(struct simulation **ret_simulation, struct ump_loop *loop, const struct simulation_options *options,
		   struct ump_error *error)
{
	struct simulation *simulation = ump_allocate(1, sizeof *simulation);
	simulation->options = *options;
	simulation->loop = loop;
	simulation->rate = options->simulator.rate;
	simulation->simulator = simulator_new(&options->simulator);
	hit_writer_init(&simulation->writer, options->run, options->epoch_us);
	begin_truth(simulation);
	if (options->truth_path && truth_save(&simulation->truth, options->truth_path, error)) {
		simulation_free(simulation);
		return -1;
	}
	*ret_simulation = simulation;
	return 0;
}

void simulation_free(struct simulation *simulation)
{
	if (!simulation)
		return;
	ump_timer_cancel(simulation->loop, &simulation->timer);
	ump_loop_cancel(simulation->loop, &simulation->more);
	simulator_free(simulation->simulator);
	ump_event_release(&simulation->event);
	truth_release(&simulation->truth);
	id_set_release(&simulation->stored);
	free(simulation);
}

static void finish_when_done(struct simulation *simulation)
{
	struct ump_error error;
	if (!simulation->all_out || simulation->pending || simulation->state == SIMULATION_FINISHED)
		return;
	simulation->state = SIMULATION_FINISHED;
	simulation->why = NULL;
	simulation->truth.complete = true;
	bool failed = simulation->options.truth_path && truth_save(&simulation->truth, simulation->options.truth_path, &error);
	simulation->options.finished(simulation->options.context, failed ? &error : NULL);
}

/* ---- Sending ---- */

static int send_hit(struct simulation *simulation, const struct simulated_hit *hit, struct ump_error *error)
{
	if (hit_write(&simulation->writer, simulation->simulator, hit, &simulation->event, error))
		return -1;
	return outlet_send(simulation->options.outlet, &simulation->event, pack(hit), error);
}

static void send_due(void *context);

static void again_at(struct simulation *simulation, int64_t at)
{
	ump_timer_set(simulation->loop, &simulation->timer, at, send_due, simulation);
}

static void change_state(struct simulation *simulation, enum simulation_state state, const char *why)
{
	if (state == SIMULATION_HELD && simulation->state != state)
		ump_log(UMP_LOG_WARNING, "simulation held back", UMP_LOG_S("why", why));
	else if (simulation->state == SIMULATION_HELD && state != SIMULATION_HELD)
		ump_log(UMP_LOG_INFO, "simulation goes on", UMP_LOG_I("produced", simulation->counts.produced));
	simulation->state = state;
	simulation->why = why;
}

/* The time of the run: the schedule moves where more than BEHIND_US would have to be made up for. */
static int64_t elapsed(struct simulation *simulation, int64_t due)
{
	int64_t behind = ump_loop_now(simulation->loop) - simulation->start_us - due;
	if (due != INT64_MAX && behind > BEHIND_US) {
		simulation->start_us += behind - BEHIND_US;
		simulation->counts.late_us += behind - BEHIND_US;
		if (simulation->state == SIMULATION_HELD)
			simulation->counts.held_us += behind - BEHIND_US;
	}
	return ump_loop_now(simulation->loop) - simulation->start_us;
}

/* What an interrupted run sent before is passed over. The latest of it was due just now, whenever that was then. */
static bool is_stored(struct simulation *simulation, const struct simulated_hit *hit)
{
	bool is_lost = hit->sequence < simulation->stored_first;
	if (hit->sequence == simulation->stored_last) {
		simulation->stored_last = 0;
		simulation->start_us = ump_loop_now(simulation->loop) - hit->due_us;
	}
	if (is_lost)
		truth_acknowledged(&simulation->truth, hit->sequence, hit->cheating,
				   simulator_player(simulation->simulator, hit->player)->id);
	return is_lost || id_set_has(&simulation->stored, hit->sequence);
}

/* True when it went out. Else it is clear what happens next. */
static bool send_next(struct simulation *simulation)
{
	struct ump_error error;
	const char *why = simulation->options.held ? simulation->options.held(simulation->options.context) : NULL;
	if (why) {
		change_state(simulation, SIMULATION_HELD, why);
		again_at(simulation, ump_loop_now(simulation->loop) + AGAIN_US);
		return false;
	}
	simulation->has_next = simulation->has_next || simulator_next(simulation->simulator, &simulation->next);
	if (!simulation->has_next)
		return false;
	if (is_stored(simulation, &simulation->next)) {
		simulation->has_next = false;
		return true;
	}
	if (send_hit(simulation, &simulation->next, &error) == 0) {
		simulation->has_next = false;
		if (!simulation->pending++)
			simulation->heard_us = ump_loop_now(simulation->loop);
		simulation->counts.produced++;
		simulation->counts.late += simulation->next.due_us + LATE_US < ump_loop_now(simulation->loop) - simulation->start_us;
		change_state(simulation, SIMULATION_RUNNING, NULL);
		return true;
	}
	if (error.kind == UMP_RETRY) {
		change_state(simulation, SIMULATION_BLOCKED, NULL);
		return false; /* until simulation_writable() */
	}
	simulation->has_next = false;
	simulation->counts.failed++;
	ump_log(UMP_LOG_ERROR, "event cannot be sent", UMP_LOG_I("id", simulation->next.sequence), UMP_LOG_S("error", error.text));
	return true;
}

static int64_t next_due(const struct simulation *simulation)
{
	return simulation->has_next ? simulation->next.due_us : simulator_due(simulation->simulator);
}

static void send_due(void *context)
{
	struct simulation *simulation = context;
	if (simulation->state == SIMULATION_OFF || simulation->state == SIMULATION_PAUSED || simulation->all_out)
		return;
	int64_t due = next_due(simulation), now = elapsed(simulation, due);
	for (int sent = 0; due <= now || ((simulation->stopping || simulation->stored_last) && due != INT64_MAX); sent++) {
		if (sent == ROUND) {
			ump_loop_defer(simulation->loop, &simulation->more, send_due, simulation);
			return;
		}
		if (!send_next(simulation))
			return;
		due = next_due(simulation);
	}
	if (due == INT64_MAX) {
		simulation->all_out = true;
		finish_when_done(simulation);
		return;
	}
	again_at(simulation, simulation->start_us + due);
}

bool simulation_delivered(struct simulation *simulation, const struct ump_delivery *delivery)
{
	uintptr_t packed = (uintptr_t)delivery->opaque;
	if (!(packed & 1))
		return false;
	uint64_t sequence = packed >> 32;
	const struct simulated_player *player = simulator_player(simulation->simulator, (uint32_t)packed >> 2);
	assert(simulation->pending);
	simulation->pending--;
	simulation->heard_us = ump_loop_now(simulation->loop);
	if (delivery->error) {
		if (!simulation->counts.failed++)
			ump_log(UMP_LOG_ERROR, "event is not in Kafka", UMP_LOG_I("id", sequence),
				UMP_LOG_S("error", delivery->error->text));
		if (sequence > simulation->truth.events)
			simulation->truth.events = sequence;
	} else {
		simulation->counts.acknowledged++;
		truth_acknowledged(&simulation->truth, sequence, packed & 2, player->id);
	}
	finish_when_done(simulation);
	return true;
}

void simulation_writable(struct simulation *simulation)
{
	if (simulation->state == SIMULATION_BLOCKED)
		again_at(simulation, ump_loop_now(simulation->loop));
}

/* ---- Beginning, pausing, ending ---- */

/* Who cheated is what the record says: the speaker may have changed rate or scenario since the start. */
void simulation_stored(struct simulation *simulation, const struct hit_reading *hit, int64_t timestamp_ms)
{
	uint64_t sequence;
	uint32_t threshold = simulator_threshold(simulator_scenario(simulation->simulator)->payload);
	if (!ump_text_to_number(hit->id, SIMULATOR_EVENTS, &sequence) || !sequence || !id_set_add(&simulation->stored, sequence))
		return;
	simulation->counts.stored++;
	truth_acknowledged(&simulation->truth, sequence, hit->value > threshold, hit->player.start);
	if (!simulation->stored_first || sequence < simulation->stored_first)
		simulation->stored_first = sequence;
	if (sequence > simulation->stored_last)
		simulation->stored_last = sequence;
	if (timestamp_ms * UMP_MILLISECOND < simulation->truth.started_us)
		simulation->truth.started_us = timestamp_ms * UMP_MILLISECOND;
}

void simulation_start(struct simulation *simulation)
{
	if (simulation->state != SIMULATION_OFF)
		return;
	simulation->state = SIMULATION_RUNNING;
	simulation->start_us = ump_loop_now(simulation->loop);
	again_at(simulation, simulation->start_us);
}

void simulation_stop(struct simulation *simulation)
{
	bool begun = simulation->state != SIMULATION_OFF;
	simulator_stop(simulation->simulator);
	simulation->stopping = true;
	if (simulation->state == SIMULATION_PAUSED || simulation->state == SIMULATION_OFF)
		simulation->state = SIMULATION_RUNNING;
	simulation->options.held = NULL; /* what is left is little: it goes out now */
	simulation->all_out = !begun;
	if (simulation->all_out)
		finish_when_done(simulation);
	else
		again_at(simulation, ump_loop_now(simulation->loop));
}

void simulation_pause(struct simulation *simulation, bool paused)
{
	bool is_paused = simulation->state == SIMULATION_PAUSED;
	if (is_paused == paused || simulation->state == SIMULATION_OFF || simulation->all_out)
		return;
	if (paused) {
		change_state(simulation, SIMULATION_PAUSED, NULL);
		simulation->paused_us = ump_loop_now(simulation->loop);
		ump_timer_cancel(simulation->loop, &simulation->timer);
		return;
	}
	simulation->start_us += ump_loop_now(simulation->loop) - simulation->paused_us;
	change_state(simulation, SIMULATION_RUNNING, NULL);
	again_at(simulation, ump_loop_now(simulation->loop));
}

void simulation_set_rate(struct simulation *simulation, double rate)
{
	simulation->rate = rate;
	simulator_set_rate(simulation->simulator, rate);
	if (simulation->state == SIMULATION_RUNNING)
		again_at(simulation, ump_loop_now(simulation->loop));
}

void simulation_set_scenario(struct simulation *simulation, const struct scenario *scenario)
{
	simulator_set_scenario(simulation->simulator, scenario);
	if (simulation->state == SIMULATION_RUNNING)
		again_at(simulation, ump_loop_now(simulation->loop));
}

/* ---- What one can know ---- */

enum simulation_state simulation_state(const struct simulation *simulation)
{
	if (!simulation)
		return SIMULATION_OFF;
	bool silent = simulation->pending && ump_loop_now(simulation->loop) - simulation->heard_us > SILENT_US;
	return silent && simulation->state == SIMULATION_RUNNING ? SIMULATION_BLOCKED : simulation->state;
}

const char *simulation_state_name(enum simulation_state state)
{
	static const char *const names[] = {
		[SIMULATION_OFF] = "off",         [SIMULATION_RUNNING] = "running", [SIMULATION_HELD] = "held",
		[SIMULATION_BLOCKED] = "blocked", [SIMULATION_PAUSED] = "paused",   [SIMULATION_FINISHED] = "finished"};
	return names[state];
}

const char *simulation_why(const struct simulation *simulation)
{
	return simulation ? simulation->why : NULL;
}

void simulation_count(const struct simulation *simulation, struct simulation_counts *ret_counts)
{
	*ret_counts = simulation->counts;
	ret_counts->cheating = simulation->truth.cheating.count;
	ret_counts->flagged = simulation->truth.flagged.count;
}

double simulation_rate(const struct simulation *simulation)
{
	return simulation->rate;
}

const struct scenario *simulation_scenario(const struct simulation *simulation)
{
	return simulator_scenario(simulation->simulator);
}
