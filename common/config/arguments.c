/* common/config/arguments.c: the command line. */
#include "common/config/settings.h"
#include "common/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <sysexits.h>

static int fail_unknown(const struct ump_settings *settings, const char *given, struct ump_error *error)
{
	size_t count = 0, size = strcspn(given, "=");
	const char **known = ump_allocate(settings->count + ump_common_option_count, sizeof(char *));
	ump_cleanup_free char *name = ump_copy_bytes(given, size);
	for (size_t i = 0; i < settings->count; i++)
		known[count++] = settings->rows[i].option->name;
	for (size_t i = 0; i < ump_common_option_count; i++)
		known[count++] = ump_common_options[i].flag;
	const char *nearest = ump_nearest(name, known, count);
	if (nearest)
		ump_fail(error, UMP_REJECT, "--%.64s: unknown option; did you mean --%s?", name, nearest);
	else
		ump_fail(error, UMP_REJECT, "--%.64s: unknown option", name);
	free(known);
	return -1;
}

/* The value of the option at argv[*index]: behind '=', or the next argument. NULL and an error where there is none. */
static const char *value_of(int argc, char *const *argv, int *index, const char *value_name, struct ump_error *error)
{
	const char *equals = strchr(argv[*index], '=');
	if (equals)
		return equals + 1;
	if (*index + 1 >= argc)
		ump_fail(error, UMP_REJECT, "%.64s: expected %s, found nothing", argv[*index], value_name);
	else if (strncmp(argv[*index + 1], "--", 2) == 0)
		ump_fail(error, UMP_REJECT, "%.64s: expected %s, found the option %.64s", argv[*index], value_name, argv[*index + 1]);
	else
		return argv[++*index];
	return NULL;
}

static int take_flag(const struct ump_settings *settings, int argc, char *const *argv, int *index, bool give, struct ump_error *error)
{
	const char *name = argv[*index] + 2;
	struct ump_text text = {name, strcspn(name, "=")};
	struct ump_setting *setting = ump_settings_find(settings, text);
	const char *value = NULL;

	if (!setting && ump_text_starts_with(text, UMP_TEXT("no-")) && !strchr(name, '=')) {
		setting = ump_settings_find(settings, (struct ump_text){text.start + 3, text.size - 3});
		if (setting && setting->option->type != UMP_OPTION_SWITCH)
			setting = NULL;
		value = "false";
	} else if (setting && setting->option->type == UMP_OPTION_SWITCH && !strchr(name, '=')) {
		value = "true";
	}
	if (!setting)
		return fail_unknown(settings, name, error);
	if (setting->option->secret)
		return ump_fail(error, UMP_REJECT,
				"--%s: a secret is not taken from the command line, which others can read; use %s or the file",
				setting->option->name, setting->variable);
	if (!value && !(value = value_of(argc, argv, index, ump_option_value_name(setting->option), error)))
		return -1;
	ump_cleanup_free char *place = ump_format("--%s", setting->option->name);
	return give ? ump_setting_give(setting, UMP_FROM_FLAG, place, value, error) : 0;
}

static int take_command(const struct ump_program *program, const char *word, struct ump_request *request, struct ump_error *error)
{
	const char *names[32];
	assert(program->command_count <= sizeof names / sizeof *names);
	for (size_t i = 0; i < program->command_count; i++) {
		names[i] = program->commands[i].name;
		if (strcmp(word, names[i]) == 0 && request->command < 0) {
			request->command = (int)i;
			return 0;
		}
	}
	const char *nearest = request->command < 0 ? ump_nearest(word, names, program->command_count) : NULL;
	if (nearest)
		return ump_fail(error, UMP_REJECT, "%.64s: unknown command; did you mean %s?", word, nearest);
	return ump_fail(error, UMP_REJECT, "%.64s: %s", word, program->command_count ? "unknown command" : "expected options only");
}

static int show_help(const struct ump_settings *settings, const char *form, FILE *out, struct ump_error *error)
{
	if (!form)
		ump_settings_help(settings, out);
	else if (strcmp(form, "man") == 0)
		ump_config_write_man(settings->program, out);
	else if (strcmp(form, "markdown") == 0)
		ump_config_write_markdown(settings->program, out);
	else
		return ump_fail(error, UMP_REJECT, "--help: expected man or markdown, found \"%.64s\"", form);
	return 0;
}

/* Options that every program has. True where argv[*index] is one. */
static bool take_common(const struct ump_settings *settings, int argc, char *const *argv, int *index, struct ump_request *request,
			FILE *out, struct ump_error *error, int *ret_result)
{
	const char *word = argv[*index];
	*ret_result = 0;
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strncmp(word, "--help=", 7) == 0) {
		*ret_result = show_help(settings, word[1] == '-' && word[6] == '=' ? word + 7 : NULL, out, error);
		request->first_status = EX_OK;
	} else if (strcmp(word, "--version") == 0) {
		fprintf(out, "%s %s\n", settings->program->name, UMPIRE_VERSION);
		request->first_status = EX_OK;
	} else if (strcmp(word, "--check-config") == 0) {
		request->check_only = true;
	} else if (strcmp(word, "--print-config") == 0) {
		request->print_only = true;
	} else if (strcmp(word, "--config") == 0 || strncmp(word, "--config=", 9) == 0) {
		request->file = value_of(argc, argv, index, "FILE", error);
		*ret_result = request->file ? 0 : -1;
	} else {
		return false;
	}
	return true;
}

int ump_settings_read_arguments(struct ump_settings *settings, int argc, char *const *argv, bool give, struct ump_request *request,
				FILE *out, struct ump_error *error)
{
	bool options = true;
	for (int i = 1; i < argc && request->first_status == UMP_CONFIG_RUN; i++) {
		int result;
		if (options && take_common(settings, argc, argv, &i, request, out, error, &result)) {
			if (result < 0)
				return -1;
		} else if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && strncmp(argv[i], "--", 2) == 0) {
			if (take_flag(settings, argc, argv, &i, give, error) < 0)
				return -1;
		} else if (options && argv[i][0] == '-') {
			return ump_fail(error, UMP_REJECT, "%.64s: unknown option; long ones only, such as --help", argv[i]);
		} else if (!give && take_command(settings->program, argv[i], request, error) < 0) {
			return -1;
		}
	}
	return 0;
}
