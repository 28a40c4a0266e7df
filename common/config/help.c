/* common/config/help.c: --help, and the texts that the other pages share with it. */
#include "common/config/pages.h"
#include "common/memory.h"

enum { WIDTH = 100, INDENT = 8 };

const struct ump_common_option ump_common_options[] = {
	{"config", "Reads this YAML file, whose keys are the names of the options"},
	{"check-config", "Checks the configuration and exits: 0 where it is valid"},
	{"print-config", "Prints the configuration as such a file, with where each value came from, and exits"},
	{"help", "Prints this help, or with =man and =markdown the man page and the reference page, and exits"},
	{"version", "Prints the version and exits"},
};
const size_t ump_common_option_count = sizeof ump_common_options / sizeof *ump_common_options;

const struct ump_status ump_statuses[] = {
	{0, "done, or ended by SIGTERM or SIGINT with all work finished"},
	{64, "the command line is wrong"},
	{69, "a service that is needed could not be reached in the time given, or we were fenced off"},
	{70, "a bug, or work that was left unfinished"},
	{78, "the configuration is wrong; the message names the place and what was expected"},
};
const size_t ump_status_count = sizeof ump_statuses / sizeof *ump_statuses;

void ump_page_flag(struct ump_buffer *out, const struct ump_option *option)
{
	if (option->type == UMP_OPTION_SWITCH)
		ump_buffer_print(out, "--%s, --no-%s", option->name, option->name);
	else if (option->secret)
		ump_buffer_add_string(out, option->name);
	else
		ump_buffer_print(out, "--%s=%s", option->name, ump_option_value_name(option));
}

void ump_page_sentence(struct ump_buffer *out, const char *text)
{
	size_t size = strlen(text);
	ump_buffer_add_character(out, (char)(*text >= 'a' && *text <= 'z' ? *text - 0x20 : *text));
	ump_buffer_add_string(out, *text ? text + 1 : "");
	if (size && text[size - 1] != '.')
		ump_buffer_add_character(out, '.');
}

void ump_page_variables(struct ump_buffer *out, const struct ump_setting *setting)
{
	ump_buffer_add_string(out, setting->variable);
	for (const char *at = setting->option->variables; at && *at;) {
		size_t size = strcspn(at, " ");
		if (size)
			ump_buffer_print(out, ", %.*s", (int)size, at);
		at += size + (at[size] == ' ');
	}
}

static void wrap(FILE *out, const char *text)
{
	int column = 0;
	while (*text) {
		int size = (int)strcspn(text, " ");
		if (column == 0 || column + 1 + size > WIDTH) {
			fprintf(out, "%s%*s", column ? "\n" : "", INDENT, "");
			column = INDENT;
		} else {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", size, text);
		column += size;
		text += size;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void wrap_sentence(FILE *out, const char *text)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer sentence = {0};
	ump_page_sentence(&sentence, text);
	wrap(out, sentence.start);
}

static void write_option(FILE *out, const struct ump_setting *setting)
{
	const struct ump_option *option = setting->option;
	ump_cleanup(ump_buffer_release) struct ump_buffer flag = {0}, text = {0};
	ump_page_flag(&flag, option);
	fprintf(out, "  %s\n", flag.start);
	ump_page_sentence(&text, option->help);
	if (option->choices && option->value)
		ump_buffer_print(&text, " One of %s.", option->choices);
	if (option->fallback)
		ump_buffer_print(&text, " Default: %s.", *option->fallback ? option->fallback : "empty");
	ump_buffer_add_string(&text, " [");
	ump_page_variables(&text, setting);
	ump_buffer_add_string(&text, "]");
	wrap(out, text.start);
}

void ump_settings_help(const struct ump_settings *settings, FILE *out)
{
	const struct ump_program *program = settings->program;
	const struct ump_option_group *group = NULL;

	fprintf(out, "%s: %s\n\nUsage: %s [OPTION]...%s\n", program->name, program->summary, program->name,
		program->command_count ? " [COMMAND]" : "");
	if (program->command_count)
		fprintf(out, "\nCommands:\n");
	for (size_t i = 0; i < program->command_count; i++) {
		fprintf(out, "  %s\n", program->commands[i].name);
		wrap_sentence(out, program->commands[i].help);
	}
	for (size_t i = 0; i < settings->count; i++) {
		if (settings->rows[i].group != group) {
			group = settings->rows[i].group;
			fprintf(out, "\n%s:\n", group->title);
		}
		write_option(out, &settings->rows[i]);
	}
	fprintf(out, "\nOf every program:\n");
	for (size_t i = 0; i < ump_common_option_count; i++) {
		fprintf(out, "  --%s%s\n", ump_common_options[i].flag, i == 0 ? "=FILE" : "");
		wrap_sentence(out, ump_common_options[i].help);
	}
	fprintf(out,
		"\nA flag is stronger than its variable (in brackets), that is stronger than the file, and that than the default.\n"
		"Durations: PT0.5S, 500ms, 2s, 1m. Sizes: 4096, 64KiB, 1MiB. Lists: repeated flags, or commas (\\, within an item).\n");
	if (program->examples)
		fprintf(out, "\nExamples:\n%s%s", program->examples, program->examples[strlen(program->examples) - 1] == '\n' ? "" : "\n");
}
