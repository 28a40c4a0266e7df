#include "provider/simulation_control.h"
#include "common/cloudevents/scan.h"
#include <stdio.h>

#define HIGHEST_RATE 1e7

static struct simulation *simulation_of(const struct simulation_control *control)
{
	return *control->simulation;
}

/* ---- Checks ---- */

static int read_rate(const struct simulation_control *control, const json_t *body, const struct scenario *scenario, double *ret_rate,
		     struct ump_error *error)
{
	const json_t *value = json_object_get(body, "rate");
	double rate = json_number_value(value);
	if (!json_is_number(value) || !(rate > 0 && rate <= HIGHEST_RATE))
		return ump_fail(error, UMP_REJECT, "rate: expected a number over 0 and up to %.0f", HIGHEST_RATE);
	if (provider_check_rate(control->config, scenario, rate, error))
		return ump_error_prefix(error, "rate");
	*ret_rate = rate;
	return 0;
}

static const struct simulation *existing(const struct simulation_control *control, struct ump_error *error)
{
	const struct simulation *simulation = simulation_of(control);
	enum simulation_state state = simulation_state(simulation);
	if (!simulation)
		ump_fail(error, UMP_FATAL, "there is no simulation: start one");
	else if (state == SIMULATION_FINISHED)
		ump_fail(error, UMP_FATAL, "the run is over");
	return simulation && state != SIMULATION_FINISHED ? simulation : NULL;
}

/* ---- Actions ---- */

static void end(struct control_call *call, bool failed, const struct ump_error *error)
{
	if (failed)
		control_failed(call, error);
	else
		control_done(call);
}

static void start(void *context, struct control_call *call, const json_t *body)
{
	struct simulation_control *control = context;
	struct simulation *simulation = simulation_of(control);
	const struct scenario *chosen = &control->config->simulation.chosen;
	struct ump_error error;
	bool has_rate = json_object_get(body, "rate");
	double rate = SIMULATION_DEFAULT_RATE;
	bool failed = has_rate && read_rate(control, body, simulation ? simulation_scenario(simulation) : chosen, &rate, &error);
	if (!failed && !simulation)
		failed = control->make(control->context, rate, &error);
	else if (!failed)
		failed = !existing(control, &error);
	if (!failed && simulation) {
		if (has_rate)
			simulation_set_rate(simulation, rate);
		simulation_start(simulation);
		simulation_pause(simulation, false);
	}
	end(call, failed, &error);
}

static void stop(void *context, struct control_call *call, const json_t *body)
{
	struct simulation_control *control = context;
	struct ump_error error;
	bool failed = !existing(control, &error);
	(void)body;
	if (!failed)
		simulation_pause(simulation_of(control), true);
	end(call, failed, &error);
}

static void set_rate(void *context, struct control_call *call, const json_t *body)
{
	struct simulation_control *control = context;
	struct ump_error error;
	double rate;
	bool failed = !existing(control, &error) || read_rate(control, body, simulation_scenario(simulation_of(control)), &rate, &error);
	if (!failed)
		simulation_set_rate(simulation_of(control), rate);
	end(call, failed, &error);
}

/* Another payload would need other rules, and other players: it is chosen at the start. */
static bool fits(const struct scenario *present, const struct scenario *other)
{
	bool hits = present->payload == SCENARIO_HITS || present->payload == SCENARIO_SHIPWARS;
	return other->payload == present->payload || (hits && other->payload == SCENARIO_HITS);
}

static int choose(const struct simulation_control *control, const json_t *body, struct scenario *ret_scenario, struct ump_error *error)
{
	const char *name = json_string_value(json_object_get(body, "scenario"));
	struct simulation *simulation = simulation_of(control);
	if (!name)
		return ump_fail(error, UMP_REJECT, "scenario: expected a string");
	const struct scenario *present = simulation_scenario(simulation);
	const struct scenario *found = strcmp(name, present->name) == 0 ? present : scenario_find(name);
	struct scenario chosen = found ? *found : control->config->simulation.chosen;
	if (strcmp(chosen.name, name) != 0)
		return scenario_unknown(name, error);
	if (!fits(present, &chosen))
		return ump_fail(error, UMP_FATAL, "scenario: \"%s\" has events of its own: start with --scenario %s and its rules", name,
				name);
	chosen.payload = present->payload;
	if (provider_check_rate(control->config, &chosen, simulation_rate(simulation), error))
		return ump_error_prefix(error, "scenario");
	*ret_scenario = chosen;
	return 0;
}

static void set_scenario(void *context, struct control_call *call, const json_t *body)
{
	struct simulation_control *control = context;
	struct scenario scenario;
	struct ump_error error;
	bool failed = !existing(control, &error) || choose(control, body, &scenario, &error);
	if (!failed)
		simulation_set_scenario(simulation_of(control), &scenario);
	end(call, failed, &error);
}

void simulation_control_init(struct simulation_control *control)
{
	control->actions[0] = (struct control_action){"start", start, control};
	control->actions[1] = (struct control_action){"stop", stop, control};
	control->actions[2] = (struct control_action){"rate", set_rate, control};
	control->actions[3] = (struct control_action){"scenario", set_scenario, control};
	control->actions[4] = (struct control_action){0};
}

/* ---- How things stand ---- */

static void tell_scenarios(const struct simulation_control *control, const struct scenario *present, struct ump_buffer *out)
{
	const struct scenario *own = &control->config->simulation.chosen;
	bool first = true;
	ump_buffer_add_string(out, ",\"scenarios\":[");
	for (size_t i = 0; i <= scenario_count; i++) {
		const struct scenario *scenario = i < scenario_count ? &scenario_table[i] : own;
		if (i == scenario_count && scenario_find(own->name))
			continue;
		if (!fits(present, scenario))
			continue;
		if (!first)
			ump_buffer_add_character(out, ',');
		ump_json_quote(out, ump_text(scenario->name));
		first = false;
	}
	ump_buffer_add_character(out, ']');
}

void simulation_control_tell(const struct simulation_control *control, struct ump_buffer *out)
{
	const struct simulation *simulation = simulation_of(control);
	enum simulation_state state = simulation_state(simulation);
	const struct scenario *present = simulation ? simulation_scenario(simulation) : &control->config->simulation.chosen;
	struct simulation_counts counts = {0};
	if (simulation)
		simulation_count(simulation, &counts);
	bool running = state == SIMULATION_RUNNING || state == SIMULATION_HELD || state == SIMULATION_BLOCKED;
	ump_buffer_print(
		out, "\"running\":%s,\"state\":\"%s\",\"rate\":%.17g,\"run\":\"%s\",\"produced\":%llu,\"acknowledged\":%llu,\"scenario\":",
		running ? "true" : "false", simulation_state_name(state), simulation ? simulation_rate(simulation) : 0, control->run,
		(unsigned long long)counts.produced, (unsigned long long)counts.acknowledged);
	ump_json_quote(out, ump_text(present->name));
	if (simulation_why(simulation)) {
		ump_buffer_add_string(out, ",\"why\":");
		ump_json_quote(out, ump_text(simulation_why(simulation)));
	}
	tell_scenarios(control, present, out);
}
