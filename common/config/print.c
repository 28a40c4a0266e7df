/* common/config/print.c: --print-config, a file that gives the same configuration again, with where each value came from. */
#include "common/config/settings.h"
#include "common/config/values.h"
#include "common/memory.h"

#include <inttypes.h>

static void print_list(struct ump_buffer *out, const struct ump_list *list)
{
	ump_buffer_add_character(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		ump_buffer_add_string(out, i ? ", " : "");
		ump_print_quoted(out, list->items[i]);
	}
	ump_buffer_add_character(out, ']');
}

/* On one line, the texts in quotes. */
static void print_tree(struct ump_buffer *out, const struct ump_yaml_node *node)
{
	if (node->type == UMP_YAML_SCALAR) {
		ump_print_quoted(out, node->scalar);
		return;
	}
	ump_buffer_add_character(out, node->type == UMP_YAML_SEQUENCE ? '[' : '{');
	for (size_t i = 0; i < node->count; i++) {
		ump_buffer_add_string(out, i ? ", " : "");
		if (node->children[i].key) {
			ump_print_quoted(out, node->children[i].key);
			ump_buffer_add_string(out, ": ");
		}
		print_tree(out, &node->children[i]);
	}
	ump_buffer_add_character(out, node->type == UMP_YAML_SEQUENCE ? ']' : '}');
}

void ump_setting_print(struct ump_buffer *out, const struct ump_setting *setting)
{
	switch (setting->option->type) {
	case UMP_OPTION_SWITCH:
		ump_buffer_add_string(out, *(bool *)setting->member ? "true" : "false");
		break;
	case UMP_OPTION_STRING:
		ump_print_quoted(out, *(char **)setting->member);
		break;
	case UMP_OPTION_INTEGER:
		ump_buffer_print(out, "%" PRId64, *(int64_t *)setting->member);
		break;
	case UMP_OPTION_NUMBER:
		ump_print_number(out, *(double *)setting->member);
		break;
	case UMP_OPTION_DURATION:
		ump_print_duration(out, *(int64_t *)setting->member);
		break;
	case UMP_OPTION_SIZE:
		ump_print_size(out, *(int64_t *)setting->member);
		break;
	case UMP_OPTION_CHOICE:
		ump_buffer_add_text(out, ump_choice_name(setting->option->choices, *(int *)setting->member));
		break;
	case UMP_OPTION_LIST:
		print_list(out, setting->member);
		break;
	case UMP_OPTION_TREE:
		print_tree(out, &(*(struct ump_yaml **)setting->member)->root);
		break;
	}
}

/* A file's name may hold anything; a comment ends at the line. */
static void print_comment(struct ump_buffer *out, const char *text)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer quoted = {0};
	ump_print_quoted(&quoted, text);
	ump_buffer_add_string(out, "  # ");
	ump_buffer_add(out, quoted.start + 1, quoted.size - 2);
}

static void print_setting(struct ump_buffer *out, const struct ump_setting *setting)
{
	const struct ump_option *option = setting->option;
	if (setting->source == UMP_FROM_NOTHING) {
		ump_buffer_print(out, "# %s:  # not given\n", option->name);
		return;
	}
	ump_buffer_print(out, option->secret ? "# %s: " : "%s: ", option->name);
	if (option->secret)
		ump_buffer_add_string(out, "(secret)");
	else
		ump_setting_print(out, setting);
	print_comment(out, setting->source == UMP_FROM_DEFAULT ? "default" : setting->place);
	ump_buffer_add_character(out, '\n');
}

void ump_settings_print(const struct ump_settings *settings, FILE *out)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer text = {0};
	const struct ump_option_group *group = NULL;
	for (size_t i = 0; i < settings->count; i++) {
		if (settings->rows[i].group != group) {
			group = settings->rows[i].group;
			ump_buffer_print(&text, "%s# %s\n", i ? "\n" : "", group->title);
		}
		print_setting(&text, &settings->rows[i]);
	}
	fwrite(text.start, 1, text.size, out);
}
