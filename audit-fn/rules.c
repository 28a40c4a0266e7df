/* audit-fn/rules.c: see rules.h.
 *
 * The presets are written as a rules file is, and read by the same code: what is built in can be copied into a file and changed there. */
#include "audit-fn/rules.h"
#include "audit-fn/digest.h"
#include "common/buffer.h"
#include "common/config/options.h"
#include "common/config/yaml.h"
#include "common/memory.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_SIZE_MAX 65536

static const char *const kind_names[] = {[RULE_VALUE] = "value", [RULE_SUM] = "sum", [RULE_COUNT] = "count"};

/* The names of the presets' rules end in their threshold, whatever it is. */
struct preset {
	const char *name;
	const char *rule_name;
	const char *type, *value, *player;
};

static const struct preset presets[] = {
	{"hits", "hits-over", "game.hits", "/hits", "/player"},
	{"shipwars", "shots-over", "bonus", "/shots", "/by/uuid"},
};
#define PRESET_THRESHOLD 10
#define PRESET_COUNT     (sizeof(presets) / sizeof(presets[0]))

struct reader {
	const struct ump_yaml *file;
	int64_t threshold;   /* for presets, or -1 */
	size_t preset_rules; /* how many were met */
};

const char *rule_kind_name(enum rule_kind kind)
{
	return kind_names[kind];
}

static void rule_clear(struct rule *rule)
{
	for (size_t i = 0; i < rule->type_count; i++)
		free(rule->types[i]);
	for (size_t i = 0; i < rule->player_count; i++)
		free(rule->players[i]);
	free(rule->name);
	free(rule->value);
	free(rule->match);
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->count; i++)
		rule_clear(&rules->list[i]);
	free(rules->list);
	free(rules->revision);
	free(rules);
}

static void free_rules(struct rules **rules)
{
	rules_free(*rules);
}

static void release_yaml(struct ump_yaml *document)
{
	ump_yaml_release(document);
}

bool rule_applies(const struct rule *rule, struct ump_text event_type)
{
	for (size_t i = 0; i < rule->type_count; i++)
		if (ump_text_equals(ump_text(rule->types[i]), event_type))
			return true;
	return false;
}

/* ---- Values ---- */

static bool is_pointer(const char *text) /* RFC 6901, without "" (the whole document is no number) */
{
	if (*text != '/')
		return false;
	for (; *text; text++)
		if (*text == '~' && text[1] != '0' && text[1] != '1')
			return false;
	return true;
}

static bool is_attribute(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(text) && strcmp(text, "data") != 0;
}

static int read_text(const struct reader *reader, const struct ump_yaml_node *node, const char *expected, bool (*valid)(const char *),
		     char **ret_text, struct ump_error *error)
{
	if (node->type != UMP_YAML_SCALAR)
		return ump_yaml_fail(reader->file, node, error, "expected %s", expected);
	if (!valid(node->scalar))
		return ump_yaml_fail(reader->file, node, error, "expected %s, found \"%s\"", expected, node->scalar);
	*ret_text = ump_copy_string(node->scalar);
	return 0;
}

/* One text, or a sequence of 1 to `maximum`. */
static int read_texts(const struct reader *reader, const struct ump_yaml_node *node, const char *expected, bool (*valid)(const char *),
		      size_t maximum, char **ret_texts, size_t *ret_count, struct ump_error *error)
{
	if (node->type == UMP_YAML_SCALAR) {
		*ret_count = 0;
		if (read_text(reader, node, expected, valid, &ret_texts[0], error) < 0)
			return -1;
		*ret_count = 1;
		return 0;
	}
	if (node->type != UMP_YAML_SEQUENCE || node->count < 1 || node->count > maximum)
		return ump_yaml_fail(reader->file, node, error, "expected %s, or a list of 1 to %zu such", expected, maximum);
	for (size_t i = 0; i < node->count; i++) {
		if (read_text(reader, &node->children[i], expected, valid, &ret_texts[i], error) < 0)
			return -1;
		*ret_count = i + 1;
	}
	return 0;
}

static int read_whole(const struct reader *reader, const struct ump_yaml_node *node, int64_t maximum, uint64_t *ret_number,
		      struct ump_error *error)
{
	if (node->type != UMP_YAML_SCALAR)
		return ump_yaml_fail(reader->file, node, error, "expected an integer from 0 to %lld", (long long)maximum);
	if (node->quoted || !ump_text_to_number(ump_text(node->scalar), (uint64_t)maximum, ret_number))
		return ump_yaml_fail(reader->file, node, error, "expected an integer from 0 to %lld, found \"%s\"", (long long)maximum,
				     node->scalar);
	return 0;
}

static int read_duration(const struct reader *reader, const struct ump_yaml_node *node, int64_t minimum, int64_t *ret_us,
			 struct ump_error *error)
{
	static const int64_t maximum = 366 * INT64_C(86400) * 1000000;
	struct ump_error inner;

	if (node->type != UMP_YAML_SCALAR)
		return ump_yaml_fail(reader->file, node, error, "expected a duration such as 30s or PT0.5S");
	if (ump_parse_duration(node->scalar, ret_us, &inner) < 0)
		return ump_yaml_fail(reader->file, node, error, "%s", inner.text);
	if (*ret_us < minimum || *ret_us > maximum)
		return ump_yaml_fail(reader->file, node, error, "expected a duration from %s to 366d, found \"%s\"", minimum ? "1ms" : "0s",
				     node->scalar);
	return 0;
}

static const struct ump_yaml_node *require(const struct reader *reader, const struct ump_yaml_node *mapping, const char *key,
					   const char *expected, struct ump_error *error)
{
	const struct ump_yaml_node *node = ump_yaml_find(mapping, key);

	if (!node)
		ump_yaml_fail(reader->file, mapping, error, "%s is missing: expected %s", key, expected);
	return node;
}

/* ---- Rules ---- */

static bool is_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return *text && strlen(text) <= RULES_NAME_MAX && strspn(text, letters) == strlen(text);
}

static bool is_not_empty(const char *text)
{
	return *text;
}

static bool is_place(const char *text)
{
	return is_pointer(text) || is_attribute(text);
}

static int read_window(const struct reader *reader, const struct ump_yaml_node *node, struct window *window, struct ump_error *error)
{
	static const char *const keys[] = {"size", "step", "lateness", NULL};
	const struct ump_yaml_node *part;

	if (node->type != UMP_YAML_MAPPING)
		return ump_yaml_fail(reader->file, node, error, "expected size, and perhaps step and lateness");
	if (ump_yaml_only(reader->file, node, keys, error) < 0)
		return -1;
	part = require(reader, node, "size", "a duration", error);
	if (!part || read_duration(reader, part, 1000, &window->size_us, error) < 0)
		return -1;
	window->step_us = window->size_us;
	part = ump_yaml_find(node, "step");
	if (part) {
		if (read_duration(reader, part, 1000, &window->step_us, error) < 0)
			return -1;
		if (window->step_us > window->size_us)
			return ump_yaml_fail(reader->file, part, error,
					     "expected no more than the size: events between windows would never count");
		if ((window->size_us + window->step_us - 1) / window->step_us > WINDOW_OVERLAP_MAX)
			return ump_yaml_fail(reader->file, part, error, "expected at least a %dth of the size", WINDOW_OVERLAP_MAX);
	}
	part = ump_yaml_find(node, "lateness");
	return part ? read_duration(reader, part, 0, &window->lateness_us, error) : 0;
}

static int read_kind(const struct reader *reader, const struct ump_yaml_node *rule_node, struct rule *rule, struct ump_error *error)
{
	const struct ump_yaml_node *node = ump_yaml_find(rule_node, "kind");
	const struct ump_yaml_node *value = ump_yaml_find(rule_node, "value");
	const struct ump_yaml_node *window = ump_yaml_find(rule_node, "window");

	rule->kind = RULE_VALUE;
	if (node) {
		const char *found = node->type == UMP_YAML_SCALAR ? node->scalar : "";
		size_t kind = 0;
		while (kind <= RULE_COUNT && strcmp(kind_names[kind], found) != 0)
			kind++;
		if (kind > RULE_COUNT)
			return ump_yaml_fail(reader->file, node, error, "expected value, sum or count, found \"%s\"", found);
		rule->kind = (enum rule_kind)kind;
	}
	if (rule->kind == RULE_COUNT && value)
		return ump_yaml_fail(reader->file, value, error, "a rule of kind count has none: it counts events");
	if (rule->kind != RULE_COUNT) {
		value = require(reader, rule_node, "value", "a JSON pointer such as /hits", error);
		if (!value || read_text(reader, value, "a JSON pointer such as /hits", is_pointer, &rule->value, error) < 0)
			return -1;
	}
	if (rule->kind == RULE_VALUE && window)
		return ump_yaml_fail(reader->file, window, error, "a rule of kind value has none: expected kind sum or count beside it");
	if (rule->kind != RULE_VALUE) {
		window = require(reader, rule_node, "window", "one for a rule of kind sum or count", error);
		if (!window || read_window(reader, window, &rule->window, error) < 0)
			return -1;
	}
	return 0;
}

static int read_custom(const struct reader *reader, const struct ump_yaml_node *node, struct rule *rule, struct ump_error *error)
{
	static const char *const keys[] = {"name", "types", "kind", "value", "player", "match", "threshold", "window", "preset", NULL};
	static const char place[] = "a JSON pointer such as /player or the name of an attribute such as subject";
	const struct ump_yaml_node *part;

	if (ump_yaml_only(reader->file, node, keys, error) < 0)
		return -1;
	part = require(reader, node, "name", "one", error);
	if (!part || read_text(reader, part, "1 to 64 letters, digits, '.', '_' or '-'", is_name, &rule->name, error) < 0)
		return -1;
	part = require(reader, node, "types", "the event types that it is about", error);
	if (!part || read_texts(reader, part, "an event type", is_not_empty, RULES_TYPES_MAX, rule->types, &rule->type_count, error) < 0)
		return -1;
	if (read_kind(reader, node, rule, error) < 0)
		return -1;
	part = require(reader, node, "player", place, error);
	if (!part || read_texts(reader, part, place, is_place, RULES_PLAYERS_MAX, rule->players, &rule->player_count, error) < 0)
		return -1;
	part = ump_yaml_find(node, "match");
	if (part && read_text(reader, part, "a JSON pointer such as /match", is_pointer, &rule->match, error) < 0)
		return -1;
	part = require(reader, node, "threshold", "the largest fair value", error);
	return part ? read_whole(reader, part, rule->kind == RULE_VALUE ? RULES_WHOLE_MAX : RULES_WINDOWED_MAX, &rule->threshold, error)
		    : -1;
}

static void fill_preset(const struct preset *preset, uint64_t threshold, struct rule *rule)
{
	const char *players[] = {preset->player, "subject", "partitionkey"};

	rule->kind = RULE_VALUE;
	rule->name = ump_format("%s-%llu", preset->rule_name, (unsigned long long)threshold);
	rule->types[rule->type_count++] = ump_copy_string(preset->type);
	rule->value = ump_copy_string(preset->value);
	for (size_t i = 0; i < sizeof(players) / sizeof(players[0]); i++)
		rule->players[rule->player_count++] = ump_copy_string(players[i]);
	rule->match = ump_copy_string("/match");
	rule->threshold = threshold;
}

static int read_preset(struct reader *reader, const struct ump_yaml_node *node, struct rule *rule, struct ump_error *error)
{
	static const char *const keys[] = {"preset", "threshold", NULL};
	const struct ump_yaml_node *name = ump_yaml_find(node, "preset");
	const struct ump_yaml_node *part = ump_yaml_find(node, "threshold");
	uint64_t threshold = PRESET_THRESHOLD;

	if (ump_yaml_only(reader->file, node, keys, error) < 0)
		return -1;
	if (part && read_whole(reader, part, RULES_WHOLE_MAX, &threshold, error) < 0)
		return -1;
	if (reader->threshold >= 0)
		threshold = (uint64_t)reader->threshold;
	for (size_t i = 0; i < PRESET_COUNT && name->type == UMP_YAML_SCALAR; i++) {
		if (strcmp(presets[i].name, name->scalar) != 0)
			continue;
		fill_preset(&presets[i], threshold, rule);
		reader->preset_rules++;
		return 0;
	}
	return ump_yaml_fail(reader->file, name, error, "expected hits or shipwars, found \"%s\"",
			     name->type == UMP_YAML_SCALAR ? name->scalar : "");
}

static int read_rule(struct reader *reader, const struct ump_yaml_node *node, struct rules *rules, struct ump_error *error)
{
	struct rule *rule = &rules->list[rules->count++];

	if (node->type != UMP_YAML_MAPPING)
		return ump_yaml_fail(reader->file, node, error, "expected a rule: name, types, value, player, threshold; or preset");
	if (ump_yaml_find(node, "preset")) {
		if (read_preset(reader, node, rule, error) < 0)
			return -1;
	} else if (read_custom(reader, node, rule, error) < 0) {
		return -1;
	}
	for (size_t i = 0; i + 1 < rules->count; i++)
		if (strcmp(rules->list[i].name, rule->name) == 0)
			return ump_yaml_fail(reader->file, node, error, "there is a rule named \"%s\" already", rule->name);
	rules->windowed |= rule->kind != RULE_VALUE;
	return 0;
}

static int read_rules(struct reader *reader, struct rules *rules, struct ump_error *error)
{
	static const char *const keys[] = {"rules", NULL};
	const struct ump_yaml_node *root = &reader->file->root;
	const struct ump_yaml_node *list;

	if (root->type != UMP_YAML_MAPPING)
		return ump_yaml_fail(reader->file, root, error, "expected \"rules:\" and a list of rules");
	if (ump_yaml_only(reader->file, root, keys, error) < 0)
		return -1;
	list = require(reader, root, "rules", "a list of rules", error);
	if (!list)
		return -1;
	if (list->type != UMP_YAML_SEQUENCE || list->count < 1 || list->count > RULES_MAX)
		return ump_yaml_fail(reader->file, list, error, "expected a list of 1 to %d rules", RULES_MAX);
	rules->list = ump_allocate(list->count, sizeof(*rules->list));
	for (size_t i = 0; i < list->count; i++)
		if (read_rule(reader, &list->children[i], rules, error) < 0)
			return -1;
	if (reader->threshold >= 0 && reader->preset_rules == 0)
		return ump_fail(error, UMP_FATAL,
				"a threshold is given, but %s has no preset that it could be for: it has its own thresholds",
				reader->file->name);
	return 0;
}

int rules_parse(struct rules **ret_rules, struct ump_text content, const char *name, int64_t threshold, struct ump_error *error)
{
	ump_cleanup(free_rules) struct rules *rules = ump_allocate(1, sizeof(*rules));
	ump_cleanup(release_yaml) struct ump_yaml file = {0};
	struct reader reader = {.file = &file, .threshold = threshold};

	if (ump_yaml_parse(content.start, content.size, name, &file, error) < 0 || read_rules(&reader, rules, error) < 0)
		return -1;
	rules->revision = ump_allocate(DIGEST_FILE_HEX_SIZE, 1);
	digest_of_file(content, rules->revision);
	*ret_rules = ump_steal(rules);
	return 0;
}

static int read_file(const char *path, struct ump_buffer *content, struct ump_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;

	while (fd >= 0 && got > 0 && content->size <= FILE_SIZE_MAX) {
		got = read(fd, ump_buffer_reserve(content, 4096), 4096);
		if (got > 0)
			content->size += (size_t)got;
	}
	if (fd < 0 || got < 0) {
		ump_fail(error, UMP_FATAL, "%s: %m", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

int rules_load(struct rules **ret_rules, const char *path, int64_t threshold, struct ump_error *error)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer content = {0};

	if (!path) {
		int64_t limit = threshold < 0 ? PRESET_THRESHOLD : threshold;
		ump_buffer_add_string(&content, "rules:\n");
		for (size_t i = 0; i < PRESET_COUNT; i++)
			ump_buffer_print(&content, "  - preset: %s\n    threshold: %lld\n", presets[i].name, (long long)limit);
	} else if (read_file(path, &content, error) < 0) {
		return -1;
	}
	return rules_parse(ret_rules, ump_buffer_text(&content), path ? path : "presets", threshold, error);
}
