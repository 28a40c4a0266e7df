#include "provider/run.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "provider/metrics.h"
#include "provider/moment.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

struct run {
	struct run_options options;
	struct ump_loop *loop;
	char name[RUN_SIZE];
	int64_t epoch_us;
	struct simulation *simulation; /* NULL: none, until the speaker starts one */
	struct simulation_control control;
	bool begun, over;
};

/* ---- The simulator ---- */

static void simulation_is_over(void *context, const struct ump_error *error)
{
	struct run *run = context;
	struct simulation_counts counts;
	simulation_count(run->simulation, &counts);
	ump_log(UMP_LOG_INFO, "simulation finished", UMP_LOG_S("run", run->name), UMP_LOG_I("events", counts.produced),
		UMP_LOG_I("acknowledged", counts.acknowledged), UMP_LOG_I("failed", counts.failed), UMP_LOG_I("stored", counts.stored),
		UMP_LOG_I("cheating", counts.cheating), UMP_LOG_I("flagged", counts.flagged), UMP_LOG_I("late", counts.late),
		UMP_LOG_N("held_seconds", (double)counts.held_us / UMP_SECOND));
	run->over = true;
	run->options.over(run->options.context, error);
}

static const char *held(void *context)
{
	const struct run *run = context;
	return run->options.held(run->options.context);
}

static int make_simulation(struct run *run, double rate, struct ump_error *error)
{
	const struct provider_config *config = run->options.config;
	const struct scenario *scenario = &config->simulation.chosen;
	const struct simulation_options options = {
		.simulator = {.scenario = scenario,
			      .seed = (uint64_t)config->simulation.seed,
			      .rate = rate,
			      .players = (unsigned)config->simulation.players,
			      .cheaters = config->simulation.cheaters,
			      .events = (uint64_t)config->simulation.events,
			      .duration_us = config->simulation.duration_us},
		.run = run->name,
		.epoch_us = run->epoch_us,
		.preset = config->simulation.preset == PRESET_SHIPWARS ? "shipwars" : scenario->name,
		.topic = config->topics.topic,
		.verdict_topic = config->topics.verdict_topic,
		.truth_path = config->simulation.truth,
		.outlet = run->options.outlet,
		.held = held,
		.finished = simulation_is_over,
		.context = run,
	};
	if (simulation_new(&run->simulation, run->loop, &options, error))
		return -1;
	run->over = false;
	return 0;
}

/* By the speaker. */
static int start_simulation(void *context, double rate, struct ump_error *error)
{
	struct run *run = context;
	if (make_simulation(run, rate, error))
		return -1;
	simulation_start(run->simulation);
	return 0;
}

/* ---- Making and ending ---- */

/* "20260102-030405-1a2b" where nobody has named it. */
static void name_run(struct run *run, const struct provider_config *config)
{
	int64_t now = ump_loop_wall(run->loop);
	if (!config->simulation.epoch || !moment_read(config->simulation.epoch, &run->epoch_us))
		run->epoch_us = now;
	if (config->simulation.run) {
		snprintf(run->name, sizeof run->name, "%s", config->simulation.run);
		return;
	}
	char time[MOMENT_SIZE];
	uint16_t chance = 0;
	moment_write(time, now);
	if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) != (ssize_t)sizeof chance)
		chance = (uint16_t)now;
	snprintf(run->name, sizeof run->name, "%.4s%.2s%.2s-%.2s%.2s%.2s-%04x", time, time + 5, time + 8, time + 11, time + 14, time + 17,
		 chance);
}

int run_new(struct run **ret_run, struct ump_loop *loop, const struct run_options *options, struct ump_error *error)
{
	struct run *run = ump_allocate(1, sizeof *run);
	run->options = *options;
	run->loop = loop;
	run->over = true;
	name_run(run, options->config);
	run->control = (struct simulation_control){
		.config = options->config, .run = run->name, .simulation = &run->simulation, .make = start_simulation, .context = run};
	simulation_control_init(&run->control);
	double rate = options->config->simulation.rate;
	if ((rate > 0 || options->config->simulation.resume) && make_simulation(run, rate > 0 ? rate : SIMULATION_DEFAULT_RATE, error)) {
		run_free(run);
		return -1;
	}
	*ret_run = run;
	return 0;
}

void run_free(struct run *run)
{
	if (!run)
		return;
	simulation_free(run->simulation);
	free(run);
}

const char *run_name(const struct run *run)
{
	return run->name;
}

void run_stored(struct run *run, const struct hit_reading *hit, int64_t timestamp_ms)
{
	if (run->simulation && !run->begun && run_is_source(run->name, hit->source))
		simulation_stored(run->simulation, hit, timestamp_ms);
}

void run_begin(struct run *run)
{
	run->begun = true;
	if (run->simulation && run->options.config->simulation.rate > 0) /* else the speaker starts it, where it was */
		simulation_start(run->simulation);
}

void run_stop(struct run *run)
{
	if (run->simulation)
		simulation_stop(run->simulation);
}

bool run_is_over(const struct run *run)
{
	return run->over;
}

bool run_delivered(struct run *run, const struct ump_delivery *delivery)
{
	return run->simulation && simulation_delivered(run->simulation, delivery);
}

void run_writable(struct run *run)
{
	if (run->simulation)
		simulation_writable(run->simulation);
}

/* ---- What one can know ---- */

const struct control_action *run_actions(const struct run *run)
{
	return run->control.actions;
}

void run_tell(const struct run *run, struct ump_buffer *out)
{
	simulation_control_tell(&run->control, out);
}

void run_describe(const struct run *run, struct board_facts *facts)
{
	enum simulation_state state = simulation_state(run->simulation);
	facts->simulation = simulation_state_name(state);
	facts->held = state == SIMULATION_HELD || state == SIMULATION_BLOCKED;
	facts->held_why = state == SIMULATION_BLOCKED ? "Kafka does not take records" : simulation_why(run->simulation);
	if (!run->simulation)
		return;
	struct simulation_counts counts;
	simulation_count(run->simulation, &counts);
	facts->scenario = simulation_scenario(run->simulation)->name;
	facts->rate = simulation_rate(run->simulation);
	facts->produced = counts.produced + counts.stored;
	facts->acknowledged = counts.acknowledged + counts.stored;
	facts->failed = counts.failed;
}

void run_measure(const struct run *run, struct ump_metrics *metrics)
{
	if (!run->simulation)
		return;
	struct simulation_counts counts;
	simulation_count(run->simulation, &counts);
	ump_metrics_set(metrics, METRIC_PRODUCED, (double)counts.produced);
	ump_metrics_set(metrics, METRIC_ACKNOWLEDGED, (double)counts.acknowledged);
	ump_metrics_set(metrics, METRIC_FAILED, (double)counts.failed);
	ump_metrics_set(metrics, METRIC_HELD, simulation_state(run->simulation) == SIMULATION_HELD);
	ump_metrics_set(metrics, METRIC_HELD_SECONDS, (double)counts.held_us / UMP_SECOND);
	ump_metrics_set(metrics, METRIC_LATE, (double)counts.late);
	ump_metrics_set(metrics, METRIC_LATE_SECONDS, (double)counts.late_us / UMP_SECOND);
}
