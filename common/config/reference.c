/* common/config/reference.c: the man page and the reference page, from the same table as everything else. */
#include "common/config/pages.h"
#include "common/memory.h"

/* ---- roff ---- */

/* A character above ASCII by its number: pages go through formatters of any locale. */
static void roff_character(FILE *out, struct ump_text character)
{
	static const unsigned char first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	uint32_t point = (unsigned char)character.start[0] & first_bits[character.size];
	for (size_t i = 1; i < character.size; i++)
		point = point << 6 | ((unsigned char)character.start[i] & 0x3F);
	fprintf(out, "\\[u%04X]", (unsigned)point);
}

/* Text within a line: hyphens as they are typed, backslashes; a line that starts with a dot or an apostrophe would be a request. */
static void roff(FILE *out, const char *string)
{
	bool start = true;
	for (struct ump_text text = ump_text(string); text.size > 0;) {
		size_t size = ump_text_character(text);
		char first = *text.start;
		if (start && (first == '.' || first == '\''))
			fputs("\\&", out);
		if (size > 1)
			roff_character(out, (struct ump_text){text.start, size});
		else if (first == '\\')
			fputs("\\e", out);
		else if (first == '-')
			fputs("\\-", out);
		else
			fputc(first, out);
		start = first == '\n';
		size += size == 0;
		text.start += size;
		text.size -= size;
	}
}

static void roff_entry(FILE *out, const char *term, const char *text)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer sentence = {0};
	ump_page_sentence(&sentence, text);
	fputs(".TP\n.B ", out);
	roff(out, term);
	fputc('\n', out);
	roff(out, sentence.start);
	fputc('\n', out);
}

static void roff_option(FILE *out, const struct ump_setting *setting)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer flag = {0}, text = {0};
	ump_page_flag(&flag, setting->option);
	ump_page_sentence(&text, setting->option->help);
	if (setting->option->choices && setting->option->value)
		ump_buffer_print(&text, " One of %s.", setting->option->choices);
	if (setting->option->fallback)
		ump_buffer_print(&text, " Default: %s.", *setting->option->fallback ? setting->option->fallback : "empty");
	ump_buffer_add_string(&text, " Variables: ");
	ump_page_variables(&text, setting);
	roff_entry(out, flag.start, text.start);
}

static void roff_tail(const struct ump_program *program, FILE *out)
{
	fputs(".SH CONFIGURATION FILE\nThe file of\n.B \\-\\-config\nis YAML with the names of the options as keys; lists are sequences.\n"
	      "A flag is stronger than its variable, that is stronger than the file, and that than the default.\n"
	      "Durations are written PT0.5S, 500ms, 2s or 1m; sizes 4096, 64KiB or 1MiB.\n.SH EXIT STATUS\n",
	      out);
	for (size_t i = 0; i < ump_status_count; i++) {
		char number[16];
		snprintf(number, sizeof number, "%d", ump_statuses[i].status);
		roff_entry(out, number, ump_statuses[i].meaning);
	}
	if (program->examples) {
		fputs(".SH EXAMPLES\n.nf\n", out);
		roff(out, program->examples);
		fputs("\n.fi\n", out);
	}
}

void ump_config_write_man(const struct ump_program *program, FILE *out)
{
	struct ump_settings settings;
	const struct ump_option_group *group = NULL;
	ump_settings_init(&settings, program, NULL);
	fprintf(out, ".TH \"%s\" 1 \"\" \"Umpire %s\"\n.SH NAME\n", program->name, UMPIRE_VERSION);
	roff(out, program->name);
	fputs(" \\- ", out);
	roff(out, program->summary);
	fputs("\n.SH SYNOPSIS\n.B ", out);
	roff(out, program->name);
	fputs(program->command_count ? "\n[OPTION]... [COMMAND]\n" : "\n[OPTION]...\n", out);
	if (program->command_count)
		fputs(".SH COMMANDS\n", out);
	for (size_t i = 0; i < program->command_count; i++)
		roff_entry(out, program->commands[i].name, program->commands[i].help);
	fputs(".SH OPTIONS\n", out);
	for (size_t i = 0; i < settings.count; i++) {
		if (settings.rows[i].group != group) {
			group = settings.rows[i].group;
			fputs(".SS ", out);
			roff(out, group->title);
			fputc('\n', out);
		}
		roff_option(out, &settings.rows[i]);
	}
	fputs(".SS Of every program\n", out);
	for (size_t i = 0; i < ump_common_option_count; i++) {
		ump_cleanup_free char *flag = ump_format("--%s%s", ump_common_options[i].flag, i == 0 ? "=FILE" : "");
		roff_entry(out, flag, ump_common_options[i].help);
	}
	roff_tail(program, out);
	ump_settings_release(&settings);
}

/* ---- Markdown ---- */

/* Text in a cell of a table: a bar would end it, and angle brackets would be HTML. */
static void cell(FILE *out, const char *text, bool code)
{
	for (; *text; text++)
		if (*text == '|')
			fputs("\\|", out);
		else if (*text == '<' && !code)
			fputs("&lt;", out);
		else if (*text == '*' && !code)
			fputs("\\*", out);
		else
			fputc(*text, out);
}

static void code_cell(FILE *out, const char *text)
{
	fputs(" `", out);
	cell(out, text, true);
	fputs("` |", out);
}

static void markdown_option(FILE *out, const struct ump_setting *setting)
{
	const struct ump_option *option = setting->option;
	ump_cleanup(ump_buffer_release) struct ump_buffer flag = {0}, variables = {0}, help = {0};
	ump_page_flag(&flag, option);
	ump_page_variables(&variables, setting);
	fputc('|', out);
	code_cell(out, flag.start);
	if (option->fallback && *option->fallback)
		code_cell(out, option->fallback);
	else
		fputs("  |", out);
	code_cell(out, variables.start);
	fputc(' ', out);
	ump_page_sentence(&help, option->help);
	if (option->choices && option->value)
		ump_buffer_print(&help, " One of %s.", option->choices);
	if (option->secret)
		ump_buffer_add_string(&help, " A secret: by variable or file only.");
	cell(out, help.start, false);
	fputs(" |\n", out);
}

static void markdown_metrics(const struct ump_program *program, FILE *out)
{
	static const char *const types[] = {[UMP_COUNTER] = "counter", [UMP_GAUGE] = "gauge", [UMP_HISTOGRAM] = "histogram"};
	fputs("\n## Metrics\n\nOf the admin port's `/metrics`, beside `process_*` and `umpire_build_info`.\n\n"
	      "| Name | Type | Labels | What |\n|---|---|---|---|\n",
	      out);
	for (size_t i = 0; i < *program->metric_count; i++) {
		const struct ump_metric *metric = &program->metrics[i];
		ump_cleanup(ump_buffer_release) struct ump_buffer help = {0};
		ump_page_sentence(&help, metric->help);
		fprintf(out, "| `%s` | %s | ", metric->name, types[metric->type]);
		for (size_t j = 0; j < UMP_METRIC_LABELS && metric->labels[j]; j++)
			fprintf(out, "%s`%s`", j ? ", " : "", metric->labels[j]);
		fputs(" | ", out);
		cell(out, help.start, false);
		fputs(" |\n", out);
	}
}

void ump_config_write_markdown(const struct ump_program *program, FILE *out)
{
	struct ump_settings settings;
	const struct ump_option_group *group = NULL;
	ump_settings_init(&settings, program, NULL);
	ump_cleanup(ump_buffer_release) struct ump_buffer summary = {0};
	ump_page_sentence(&summary, program->summary);
	fprintf(out, "# %s\n\n%s\n\n```\n%s [OPTION]...%s\n```\n", program->name, summary.start, program->name,
		program->command_count ? " [COMMAND]" : "");
	if (program->command_count)
		fputs("\n## Commands\n\n", out);
	for (size_t i = 0; i < program->command_count; i++)
		fprintf(out, "- `%s`: %s\n", program->commands[i].name, program->commands[i].help);
	for (size_t i = 0; i < settings.count; i++) {
		if (settings.rows[i].group != group) {
			group = settings.rows[i].group;
			fprintf(out, "\n## %s\n\n| Flag | Default | Variables | What |\n|---|---|---|---|\n", group->title);
		}
		markdown_option(out, &settings.rows[i]);
	}
	fputs("\n## Of every program\n\n| Flag | What |\n|---|---|\n", out);
	for (size_t i = 0; i < ump_common_option_count; i++)
		fprintf(out, "| `--%s%s` | %s |\n", ump_common_options[i].flag, i == 0 ? "=FILE" : "", ump_common_options[i].help);
	fputs("\nA flag is stronger than its variable, that is stronger than the file, and that than the default. In the file the keys are "
	      "the "
	      "names of the options, without hyphens before them.\n\n## Exit status\n\n| Status | Meaning |\n|---|---|\n",
	      out);
	for (size_t i = 0; i < ump_status_count; i++)
		fprintf(out, "| %d | %s |\n", ump_statuses[i].status, ump_statuses[i].meaning);
	if (program->metrics)
		markdown_metrics(program, out);
	if (program->examples)
		fprintf(out, "\n## Examples\n\n```\n%s%s```\n", program->examples,
			program->examples[strlen(program->examples) - 1] == '\n' ? "" : "\n");
	ump_settings_release(&settings);
}
