#include "provider/scenario_file.h"
#include "common/config/options.h"
#include "common/config/yaml.h"
#include "common/text.h"
#include <stdio.h>
#include <stdlib.h>

#define HIGHEST_FACTOR 1000
#define LONGEST_US     (INT64_C(24) * 3600 * 1000000)

static const char *const keys[] = {"base",    "name",         "events",     "style",  "cheaters", "cheat-rate",
				   "hot-key", "out-of-order", "duplicates", "phases", NULL};

bool scenario_is_file(const char *text)
{
	size_t size = strlen(text);
	return strchr(text, '/') || (size > 5 && strcmp(text + size - 5, ".yaml") == 0) ||
	       (size > 4 && strcmp(text + size - 4, ".yml") == 0);
}

/* ---- Values ---- */

static int read_text(const struct ump_yaml *file, const struct ump_yaml_node *node, const char **ret_text, struct ump_error *error)
{
	if (node->type != UMP_YAML_SCALAR)
		return ump_yaml_fail(file, node, error, "expected one value");
	*ret_text = node->scalar;
	return 0;
}

static int read_number(const struct ump_yaml *file, const struct ump_yaml_node *node, double most, double *ret_number,
		       struct ump_error *error)
{
	const char *text;
	char *end;
	if (read_text(file, node, &text, error))
		return -1;
	double number = strtod(text, &end);
	if (!*text || *end || !(number >= 0 && number <= most))
		return ump_yaml_fail(file, node, error, "expected a number from 0 to %g, found \"%s\"", most, text);
	*ret_number = number;
	return 0;
}

/* The index of the text in `names`, which ends with NULL. */
static int read_choice(const struct ump_yaml *file, const struct ump_yaml_node *node, const char *const *names, int *ret_index,
		       struct ump_error *error)
{
	const char *text;
	size_t count = 0;
	if (read_text(file, node, &text, error))
		return -1;
	for (; names[count]; count++)
		if (strcmp(names[count], text) == 0) {
			*ret_index = (int)count;
			return 0;
		}
	const char *near = ump_nearest(text, names, count);
	return ump_yaml_fail(file, node, error, "there is no \"%s\"%s%s%s", text, near ? ", did you mean \"" : "", near ? near : "",
			     near ? "\"?" : "");
}

/* ---- Keys ---- */

static int read_base(struct scenario *scenario, const struct ump_yaml *file, const struct ump_yaml_node *node, struct ump_error *error)
{
	const char *name;
	if (read_text(file, node, &name, error))
		return -1;
	const struct scenario *base = scenario_find(name);
	if (base) {
		*scenario = *base;
		return 0;
	}
	struct ump_error unknown;
	scenario_unknown(name, &unknown);
	return ump_yaml_fail(file, node, error, "%s", unknown.text);
}

/* `what` is the key's node, or the whole file where the name is the file's. */
static int set_name(struct scenario *scenario, const struct ump_yaml *file, const struct ump_yaml_node *what, struct ump_text name,
		    struct ump_error *error)
{
	size_t fit = 0;
	while (fit < name.size && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", name.start[fit]))
		fit++;
	if (!name.size || name.size >= sizeof scenario->name || fit < name.size)
		return ump_yaml_fail(file, what, error, "expected a name of 1 to %zu letters, digits, '.', '_' or '-', found \"%.*s\"",
				     sizeof scenario->name - 1, UMP_TEXT_ARGUMENTS(name));
	snprintf(scenario->name, sizeof scenario->name, "%.*s", UMP_TEXT_ARGUMENTS(name));
	return 0;
}

static int read_name(struct scenario *scenario, const struct ump_yaml *file, const struct ump_yaml_node *node, struct ump_error *error)
{
	const char *name;
	const char *base = strrchr(file->name, '/');
	base = base ? base + 1 : file->name;
	if (!node)
		return set_name(scenario, file, &file->root, (struct ump_text){base, strcspn(base, ".")}, error);
	if (read_text(file, node, &name, error))
		return -1;
	return set_name(scenario, file, node, ump_text(name), error);
}

static int read_phase(struct scenario_phase *phase, const struct ump_yaml *file, const struct ump_yaml_node *node, struct ump_error *error)
{
	static const char *const known[] = {"duration", "factor", NULL};
	const char *text;
	struct ump_error wrong;
	if (node->type != UMP_YAML_MAPPING)
		return ump_yaml_fail(file, node, error, "expected a duration and a factor");
	const struct ump_yaml_node *duration = ump_yaml_find(node, "duration"), *factor = ump_yaml_find(node, "factor");
	if (ump_yaml_only(file, node, known, error))
		return -1;
	if (!duration || !factor)
		return ump_yaml_fail(file, node, error, "expected a duration and a factor");
	if (read_text(file, duration, &text, error) || read_number(file, factor, HIGHEST_FACTOR, &phase->factor, error))
		return -1;
	if (ump_parse_duration(text, &phase->duration_us, &wrong))
		return ump_yaml_fail(file, duration, error, "%s", wrong.text);
	if (phase->duration_us < 1000 || phase->duration_us > LONGEST_US)
		return ump_yaml_fail(file, duration, error, "expected 1ms to 24h, found \"%s\"", text);
	return 0;
}

static int read_phases(struct scenario *scenario, const struct ump_yaml *file, const struct ump_yaml_node *node, struct ump_error *error)
{
	double largest = 0;
	if (node->type != UMP_YAML_SEQUENCE || node->count < 1 || node->count > SCENARIO_PHASES)
		return ump_yaml_fail(file, node, error, "expected a list of 1 to %d phases", SCENARIO_PHASES);
	for (size_t i = 0; i < node->count; i++) {
		if (read_phase(&scenario->phases[i], file, &node->children[i], error))
			return -1;
		largest = scenario->phases[i].factor > largest ? scenario->phases[i].factor : largest;
	}
	scenario->phase_count = node->count;
	return largest > 0 ? 0 : ump_yaml_fail(file, node, error, "nothing would ever happen: expected a factor over 0 in one of them");
}

static int read_shares(struct scenario *scenario, const struct ump_yaml *file, struct ump_error *error)
{
	const struct {
		const char *key;
		double *share;
	} rows[] = {{"cheaters", &scenario->cheaters},
		    {"cheat-rate", &scenario->cheat_rate},
		    {"hot-key", &scenario->hot},
		    {"out-of-order", &scenario->out_of_order},
		    {"duplicates", &scenario->duplicates}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct ump_yaml_node *node = ump_yaml_find(&file->root, rows[i].key);
		if (node && read_number(file, node, 1, rows[i].share, error))
			return -1;
	}
	return 0;
}

static int read_choices(struct scenario *scenario, const struct ump_yaml *file, struct ump_error *error)
{
	static const char *const styles[] = {"blatant", "boundary", "slow", NULL};
	static const char *const payloads[] = {"hits", "web-activity", "metrics", "logs", NULL};
	static const enum scenario_payload values[] = {SCENARIO_HITS, SCENARIO_WEB, SCENARIO_METRICS, SCENARIO_LOGS};
	const struct ump_yaml_node *style = ump_yaml_find(&file->root, "style"), *events = ump_yaml_find(&file->root, "events");
	int index = (int)scenario->style;
	if (style && read_choice(file, style, styles, &index, error))
		return -1;
	scenario->style = (enum scenario_style)index;
	if (events && read_choice(file, events, payloads, &index, error))
		return -1;
	if (events)
		scenario->payload = values[index];
	return 0;
}

static int read_file(struct scenario *scenario, const struct ump_yaml *file, struct ump_error *error)
{
	if (file->root.type != UMP_YAML_MAPPING)
		return ump_yaml_fail(file, &file->root, error, "expected a mapping");
	const struct ump_yaml_node *base = ump_yaml_find(&file->root, "base"), *phases = ump_yaml_find(&file->root, "phases");
	if (ump_yaml_only(file, &file->root, keys, error) || (base && read_base(scenario, file, base, error)) ||
	    read_name(scenario, file, ump_yaml_find(&file->root, "name"), error) || read_choices(scenario, file, error) ||
	    read_shares(scenario, file, error))
		return -1;
	return phases ? read_phases(scenario, file, phases, error) : 0;
}

int scenario_load(struct scenario *ret_scenario, const char *path, struct ump_error *error)
{
	struct ump_yaml file;
	struct scenario scenario = *scenario_find("steady");
	if (ump_yaml_load(path, &file, error))
		return -1;
	int result = read_file(&scenario, &file, error);
	ump_yaml_release(&file);
	if (result == 0)
		*ret_scenario = scenario;
	return result;
}
