/* common/config/load.c: where values come from, and in which order.
 *
 * Each source is read in turn, the weakest first, and what comes later replaces what came before: so a wrong value is an error wherever it
 * stands, also where it would not count. Only --help, --version and the name of the file are looked for before. */
#include "common/config/options.h"
#include "common/config/settings.h"
#include "common/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <sysexits.h>

/* The table of places; see options.h. */
static struct ump_settings latest;
static const char *latest_command;

static int complain(const struct ump_program *program, int status, const struct ump_error *error, FILE *err)
{
	fprintf(err, "%s: %s\n", program->name, error->text);
	if (status == EX_USAGE)
		fprintf(err, "Try '%s --help'.\n", program->name);
	return status;
}

static int read_defaults(struct ump_error *error)
{
	for (size_t i = 0; i < latest.count; i++) {
		struct ump_setting *setting = &latest.rows[i];
		ump_cleanup_free char *place = ump_format("default of --%s", setting->option->name);
		if (setting->option->fallback && ump_setting_give(setting, UMP_FROM_DEFAULT, place, setting->option->fallback, error) < 0)
			return -1;
	}
	return 0;
}

static int read_all(const struct ump_program *program, struct ump_request *request, char *const *environment, struct ump_error *error)
{
	ump_cleanup_free char *file_variable = ump_format("%s_CONFIG", program->prefix);
	if (!request->file)
		request->file = ump_variable(environment, ump_text(file_variable));
	if (request->file && ump_settings_read_file(&latest, request->file, error) < 0)
		return -1;
	return ump_settings_read_environment(&latest, environment, error);
}

static int load(const struct ump_program *program, int argc, char *const *argv, char *const *environment, void *config,
		struct ump_request *request, FILE *out, FILE *err)
{
	struct ump_error error;
	if (ump_settings_read_arguments(&latest, argc, argv, false, request, out, &error) < 0)
		return complain(program, EX_USAGE, &error, err);
	if (request->first_status != UMP_CONFIG_RUN)
		return request->first_status;
	latest_command = request->command < 0 ? NULL : program->commands[request->command].name;
	if (read_defaults(&error) < 0)
		return complain(program, EX_SOFTWARE, &error, err); /* a default that its own option refuses */
	if (read_all(program, request, environment, &error) < 0)
		return complain(program, EX_CONFIG, &error, err);
	if (ump_settings_read_arguments(&latest, argc, argv, true, request, out, &error) < 0)
		return complain(program, EX_USAGE, &error, err);
	if (program->check && program->check(config, &error) < 0)
		return complain(program, EX_CONFIG, &error, err);
	if (request->print_only)
		ump_settings_print(&latest, out);
	else if (request->check_only)
		fprintf(out, "%s: the configuration is valid\n", program->name);
	return request->print_only || request->check_only ? EX_OK : UMP_CONFIG_RUN;
}

int ump_config_load(const struct ump_program *program, int argc, char *const *argv, char *const *environment, void *config,
		    int *ret_command, FILE *out, FILE *err)
{
	struct ump_request request = {.command = -1, .first_status = UMP_CONFIG_RUN};
	ump_settings_release(&latest);
	ump_settings_init(&latest, program, config);
	int status = load(program, argc, argv, environment, config, &request, out, err);
	if (status == UMP_CONFIG_RUN)
		*ret_command = request.command;
	else
		ump_config_release(program, config);
	return status;
}

void ump_config_release(const struct ump_program *program, void *config)
{
	struct ump_settings settings;
	ump_settings_init(&settings, program, config);
	for (size_t i = 0; i < settings.count; i++)
		ump_setting_clear(&settings.rows[i]);
	ump_settings_release(&settings);
	if (latest.program == program)
		ump_settings_release(&latest);
}

const char *ump_config_place(const char *option)
{
	static char text[128];
	const struct ump_setting *setting = ump_settings_find(&latest, ump_text(option));
	assert(setting);
	snprintf(text, sizeof text, setting->place ? "%s" : "--%s", setting->place ? setting->place : option);
	return text;
}

const char *ump_config_command(void)
{
	return latest_command;
}

bool ump_config_given(const char *option)
{
	const struct ump_setting *setting = ump_settings_find(&latest, ump_text(option));
	assert(setting);
	return setting->source > UMP_FROM_DEFAULT;
}
