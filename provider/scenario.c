#include "provider/scenario.h"
#include "common/config/options.h"
#include <string.h>

#define SECONDS(n) ((n)*INT64_C(1000000))

/* clang-format off */
const struct scenario scenario_table[] = {
	{.name = "steady", .cheaters = -1, .cheat_rate = 0.3},
	{.name = "burst", .cheaters = -1, .cheat_rate = 0.3, /* long enough in silence for a function to be scaled to zero */
	 .phases = {{SECONDS(20), 0}, {SECONDS(5), 20}, {SECONDS(15), 1}}, .phase_count = 3},
	{.name = "cheaters", .cheaters = 0.5, .cheat_rate = 0.6},
	{.name = "boundary", .cheaters = 0.3, .cheat_rate = 0.5, .style = SCENARIO_BOUNDARY},
	{.name = "slow-cheaters", .cheaters = 0.2, .cheat_rate = 0.02, .style = SCENARIO_SLOW},
	{.name = "hot-key", .cheaters = -1, .cheat_rate = 0.3, .hot = 0.5},
	{.name = "out-of-order", .cheaters = -1, .cheat_rate = 0.3, .out_of_order = 0.2},
	{.name = "duplicates", .cheaters = -1, .cheat_rate = 0.3, .duplicates = 0.2},
	{.name = "web-activity", .payload = SCENARIO_WEB, .cheaters = -1, .cheat_rate = 0.3},
	{.name = "metrics", .payload = SCENARIO_METRICS, .cheaters = -1, .cheat_rate = 0.1},
	{.name = "logs", .payload = SCENARIO_LOGS, .cheaters = -1, .cheat_rate = 0.2},
};
/* clang-format on */

#define SCENARIOS (sizeof scenario_table / sizeof *scenario_table)
const size_t scenario_count = SCENARIOS;

const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; i < scenario_count; i++)
		if (strcmp(scenario_table[i].name, name) == 0)
			return &scenario_table[i];
	return NULL;
}

int scenario_unknown(const char *name, struct ump_error *error)
{
	const char *names[SCENARIOS];
	for (size_t i = 0; i < SCENARIOS; i++)
		names[i] = scenario_table[i].name;
	const char *near = ump_nearest(name, names, SCENARIOS);
	return ump_fail(error, UMP_REJECT, "there is no scenario \"%.80s\"%s%s%s", name, near ? ", did you mean \"" : "", near ? near : "",
			near ? "\"?" : "");
}
