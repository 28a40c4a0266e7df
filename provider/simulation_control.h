/* provider/simulation_control.h: the speaker's hold of the simulation: start, stop, rate, scenario. */
#pragma once
#include "provider/configuration.h"
#include "provider/control_door.h"
#include "provider/simulation.h"

struct simulation_control {
	const struct provider_config *config;
	const char *run;
	struct simulation *const *simulation; /* where it is, or will be; NULL there: none */

	/* Makes one that sends `rate` events a second, and starts it. */
	int (*make)(void *context, double rate, struct ump_error *error);
	void *context;
	struct control_action actions[5]; /* filled by simulation_control_init() */
};

/* Fills `actions` from the other members; the structure must stay where it is. */
void simulation_control_init(struct simulation_control *control);

/* Appends the members of a JSON object, without its braces: running, state, rate, scenario, scenarios, … */
void simulation_control_tell(const struct simulation_control *control, struct ump_buffer *out);
