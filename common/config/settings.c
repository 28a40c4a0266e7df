/* common/config/settings.c */
#include "common/config/settings.h"
#include "common/config/values.h"
#include "common/memory.h"

#include <assert.h>
#include <stdlib.h>

static char *variable_name(const char *prefix, const char *name)
{
	char *variable = ump_format("%s_%s", prefix, name);
	for (char *at = variable; *at; at++)
		*at = (char)(*at == '-' ? '_' : *at >= 'a' && *at <= 'z' ? *at - 0x20 : *at);
	return variable;
}

void ump_settings_init(struct ump_settings *settings, const struct ump_program *program, void *config)
{
	*settings = (struct ump_settings){.program = program};
	for (size_t i = 0; i < program->group_count; i++)
		settings->count += program->groups[i].count;
	settings->rows = ump_allocate(settings->count, sizeof *settings->rows);

	struct ump_setting *row = settings->rows;
	for (size_t i = 0; i < program->group_count; i++) {
		const struct ump_option_group *group = &program->groups[i];
		for (size_t j = 0; j < group->count; j++, row++) {
			row->option = &group->options[j];
			row->group = group;
			row->variable = variable_name(program->prefix, row->option->name);
			row->member = config ? (char *)config + group->offset + row->option->offset : NULL;
			assert(ump_settings_find(settings, ump_text(row->option->name)) == row); /* no name twice */
		}
	}
}

void ump_settings_release(struct ump_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		free(settings->rows[i].variable);
		free(settings->rows[i].place);
	}
	free(settings->rows);
	*settings = (struct ump_settings){0};
}

struct ump_setting *ump_settings_find(const struct ump_settings *settings, struct ump_text name)
{
	for (size_t i = 0; i < settings->count && settings->rows[i].option; i++)
		if (ump_text_equals(ump_text(settings->rows[i].option->name), name))
			return &settings->rows[i];
	return NULL;
}

const char *ump_option_value_name(const struct ump_option *option)
{
	static const char *const names[] = {
		[UMP_OPTION_SWITCH] = "true|false", [UMP_OPTION_STRING] = "TEXT",       [UMP_OPTION_INTEGER] = "N",
		[UMP_OPTION_NUMBER] = "NUMBER",     [UMP_OPTION_DURATION] = "DURATION", [UMP_OPTION_SIZE] = "SIZE",
		[UMP_OPTION_CHOICE] = "CHOICE",     [UMP_OPTION_LIST] = "LIST",         [UMP_OPTION_TREE] = "YAML"};
	if (option->value)
		return option->value;
	return option->type == UMP_OPTION_CHOICE ? option->choices : names[option->type];
}

/* ---- Values ---- */

static void free_items(struct ump_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct ump_list){0};
}

static void free_tree(struct ump_yaml **tree)
{
	if (*tree)
		ump_yaml_release(*tree);
	free(ump_steal(*tree));
}

void ump_setting_clear(struct ump_setting *setting)
{
	char **string = setting->member;
	if (setting->option->type == UMP_OPTION_LIST) {
		free_items(setting->member);
	} else if (setting->option->type == UMP_OPTION_TREE) {
		free_tree(setting->member);
	} else if (setting->option->type == UMP_OPTION_STRING) {
		if (setting->option->secret && *string)
			explicit_bzero(*string, strlen(*string));
		free(*string);
		*string = NULL;
	}
}

static void add_item(struct ump_list *list, struct ump_text text)
{
	list->items = ump_reallocate(list->items, list->count + 1, sizeof(char *));
	list->items[list->count++] = ump_copy_bytes(text.start, text.size);
}

/* Splits at commas; "\," is a comma within an item. */
static int split(const char *text, struct ump_list *list, struct ump_error *error)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer item = {0};
	for (const char *at = text; *text; at++) {
		if (at[0] == '\\' && at[1] == ',') {
			ump_buffer_add_character(&item, *++at);
			continue;
		}
		if (*at != ',' && *at != '\0') {
			ump_buffer_add_character(&item, *at);
			continue;
		}
		struct ump_text trimmed = ump_text_trim(ump_buffer_text(&item));
		if (trimmed.size == 0)
			return ump_fail(error, UMP_REJECT, "expected items separated by commas, found an empty one in \"%.64s\"", text);
		add_item(list, trimmed);
		if (*at == '\0')
			break;
		ump_buffer_reset(&item);
	}
	return 0;
}

static int parse_duration(const struct ump_option *option, const char *text, int64_t *ret_value, struct ump_error *error)
{
	int64_t value;
	if (ump_parse_duration(text, &value, error) < 0 || ump_check_limits(option, value, text, error) < 0)
		return -1;
	*ret_value = value;
	return 0;
}

static int parse_size(const struct ump_option *option, const char *text, int64_t *ret_value, struct ump_error *error)
{
	int64_t value;
	if (ump_parse_size(text, &value, error) < 0 || ump_check_limits(option, value, text, error) < 0)
		return -1;
	*ret_value = value;
	return 0;
}

static void give_string(struct ump_setting *setting, const char *text)
{
	char *copy = ump_copy_string(text);
	ump_setting_clear(setting);
	*(char **)setting->member = copy;
}

static void give_list(struct ump_setting *setting, enum ump_source source, struct ump_list *list)
{
	struct ump_list *member = setting->member;
	if (source != UMP_FROM_FLAG || setting->source != UMP_FROM_FLAG)
		free_items(member);
	for (size_t i = 0; i < list->count; i++)
		add_item(member, ump_text(list->items[i]));
}

static void give_tree(struct ump_setting *setting, struct ump_yaml *tree)
{
	struct ump_yaml **member = setting->member;
	free_tree(member);
	*member = ump_allocate(1, sizeof **member);
	**member = *tree;
	*tree = (struct ump_yaml){0};
}

static int store(struct ump_setting *setting, enum ump_source source, const char *place, const char *text, struct ump_error *error)
{
	const struct ump_option *option = setting->option;
	ump_cleanup(free_items) struct ump_list list = {0};
	struct ump_yaml tree;

	if (!ump_text_is_utf8(ump_text(text)))
		return ump_fail(error, UMP_REJECT, "expected UTF-8 text");
	switch (option->type) {
	case UMP_OPTION_SWITCH:
		return ump_parse_switch(text, setting->member, error);
	case UMP_OPTION_STRING:
		give_string(setting, text);
		return 0;
	case UMP_OPTION_INTEGER:
		return ump_parse_integer(option, text, setting->member, error);
	case UMP_OPTION_NUMBER:
		return ump_parse_number(option, text, setting->member, error);
	case UMP_OPTION_DURATION:
		return parse_duration(option, text, setting->member, error);
	case UMP_OPTION_SIZE:
		return parse_size(option, text, setting->member, error);
	case UMP_OPTION_CHOICE:
		return ump_parse_choice(option->choices, text, setting->member, error);
	case UMP_OPTION_LIST:
		if (split(text, &list, error) < 0)
			return -1;
		give_list(setting, source, &list);
		return 0;
	case UMP_OPTION_TREE:
		if (ump_yaml_parse(text, strlen(text), place, &tree, error) < 0)
			return -1;
		give_tree(setting, &tree);
		return 0;
	}
	assert(false);
	return -1;
}

static void remember(struct ump_setting *setting, enum ump_source source, const char *place)
{
	char *copy = ump_copy_string(place);
	free(setting->place);
	setting->place = copy;
	setting->source = source;
}

static bool prints_as(const struct ump_setting *setting, struct ump_text expected)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer now = {0};
	ump_setting_print(&now, setting);
	return ump_text_equals(ump_buffer_text(&now), expected);
}

int ump_setting_give(struct ump_setting *setting, enum ump_source source, const char *place, const char *text, struct ump_error *error)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer before = {0};
	if (source == UMP_FROM_FILE && setting->source == UMP_FROM_DEFAULT)
		ump_setting_print(&before, setting);
	if (store(setting, source, place, text, error) < 0) {
		if (setting->option->secret)
			ump_fail(error, UMP_REJECT, "expected a value of another form"); /* without the value */
		else if (setting->option->type == UMP_OPTION_TREE)
			return -1; /* it names the place itself, with the line */
		return ump_error_prefix(error, "%s", place);
	}
	if (source != UMP_FROM_FILE || setting->source != UMP_FROM_DEFAULT || !prints_as(setting, ump_buffer_text(&before)))
		remember(setting, source, place);
	return 0;
}

int ump_setting_give_items(struct ump_setting *setting, enum ump_source source, const char *place, const char *const *items, size_t count,
			   struct ump_error *error)
{
	ump_cleanup(free_items) struct ump_list list = {0};
	assert(setting->option->type == UMP_OPTION_LIST);
	for (size_t i = 0; i < count; i++) {
		if (!*items[i])
			return ump_fail(error, UMP_REJECT, "%s: expected a list of texts, found an empty one", place);
		add_item(&list, ump_text(items[i]));
	}
	give_list(setting, source, &list);
	remember(setting, source, place);
	return 0;
}

void ump_setting_give_tree(struct ump_setting *setting, enum ump_source source, const char *place, struct ump_yaml *tree)
{
	assert(setting->option->type == UMP_OPTION_TREE);
	give_tree(setting, tree);
	remember(setting, source, place);
}
