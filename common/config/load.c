/* common/config/load.c: where values come from, and in which order.
 *
 * Each source is read in turn, the weakest first, and what comes later replaces what came before: so a wrong value is an error wherever it
 * stands, also where it would not count. Only --help, --version and the name of the file are looked for before. */
#include "common/config/options.h"
#include "common/config/settings.h"
#include "common/config/values.h"
#include "common/config/yaml.h"
#include "common/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <sysexits.h>

/* The table of places; see options.h. */
static struct ump_settings latest;

/* What the command line says beside the options of the table. */
struct request {
	const char *file, *file_place;
	bool check_only, print_only;
	int command;
	int first_status; /* the status to end with, where the end is reached already; else UMP_CONFIG_RUN */
};

static int complain(const struct ump_program *program, int status, const struct ump_error *error, FILE *err)
{
	fprintf(err, "%s: %s\n", program->name, error->text);
	if (status == EX_USAGE)
		fprintf(err, "Try '%s --help'.\n", program->name);
	return status;
}

/* ---- The command line ---- */

static int fail_unknown(const struct ump_program *program, const char *given, struct ump_error *error)
{
	size_t count = 0, size = strcspn(given, "=");
	const char **known = ump_allocate(latest.count + ump_common_option_count, sizeof(char *));
	ump_cleanup_free char *name = ump_copy_bytes(given, size);
	for (size_t i = 0; i < latest.count; i++)
		known[count++] = latest.rows[i].option->name;
	for (size_t i = 0; i < ump_common_option_count; i++)
		known[count++] = ump_common_options[i].flag;
	const char *nearest = ump_nearest(name, known, count);
	(void)program;
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

static int take_flag(int argc, char *const *argv, int *index, bool give, struct ump_error *error)
{
	const char *name = argv[*index] + 2;
	struct ump_text text = {name, strcspn(name, "=")};
	struct ump_setting *setting = ump_settings_find(&latest, text);
	const char *value = NULL;

	if (!setting && ump_text_starts_with(text, UMP_TEXT("no-")) && !strchr(name, '=')) {
		setting = ump_settings_find(&latest, (struct ump_text){text.start + 3, text.size - 3});
		if (setting && setting->option->type != UMP_OPTION_SWITCH)
			setting = NULL;
		value = "false";
	} else if (setting && setting->option->type == UMP_OPTION_SWITCH && !strchr(name, '=')) {
		value = "true";
	}
	if (!setting)
		return fail_unknown(latest.program, name, error);
	if (setting->option->secret)
		return ump_fail(error, UMP_REJECT,
				"--%s: a secret is not taken from the command line, which others can read; use %s or the file",
				setting->option->name, setting->variable);
	if (!value && !(value = value_of(argc, argv, index, ump_option_value_name(setting->option), error)))
		return -1;
	ump_cleanup_free char *place = ump_format("--%s", setting->option->name);
	return give ? ump_setting_give(setting, UMP_FROM_FLAG, place, value, error) : 0;
}

static int take_command(const struct ump_program *program, const char *word, struct request *request, struct ump_error *error)
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

static int show_help(const struct ump_program *program, const char *form, FILE *out, struct ump_error *error)
{
	if (!form)
		ump_settings_help(&latest, out);
	else if (strcmp(form, "man") == 0)
		ump_config_write_man(program, out);
	else if (strcmp(form, "markdown") == 0)
		ump_config_write_markdown(program, out);
	else
		return ump_fail(error, UMP_REJECT, "--help: expected man or markdown, found \"%.64s\"", form);
	return 0;
}

/* Options that every program has. True where argv[*index] is one. */
static bool take_common(const struct ump_program *program, int argc, char *const *argv, int *index, struct request *request, FILE *out,
			struct ump_error *error, int *ret_result)
{
	const char *word = argv[*index];
	*ret_result = 0;
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strncmp(word, "--help=", 7) == 0) {
		*ret_result = show_help(program, word[1] == '-' && word[6] == '=' ? word + 7 : NULL, out, error);
		request->first_status = EX_OK;
	} else if (strcmp(word, "--version") == 0) {
		fprintf(out, "%s %s\n", program->name, UMPIRE_VERSION);
		request->first_status = EX_OK;
	} else if (strcmp(word, "--check-config") == 0) {
		request->check_only = true;
	} else if (strcmp(word, "--print-config") == 0) {
		request->print_only = true;
	} else if (strcmp(word, "--config") == 0 || strncmp(word, "--config=", 9) == 0) {
		request->file = value_of(argc, argv, index, "FILE", error);
		request->file_place = "--config";
		*ret_result = request->file ? 0 : -1;
	} else {
		return false;
	}
	return true;
}

/* Once for what has to be known first, with `give` false; once for the values. */
static int read_arguments(const struct ump_program *program, int argc, char *const *argv, bool give, struct request *request, FILE *out,
			  struct ump_error *error)
{
	bool options = true;
	for (int i = 1; i < argc && request->first_status == UMP_CONFIG_RUN; i++) {
		int result;
		if (options && take_common(program, argc, argv, &i, request, out, error, &result)) {
			if (result < 0)
				return -1;
		} else if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && strncmp(argv[i], "--", 2) == 0) {
			if (take_flag(argc, argv, &i, give, error) < 0)
				return -1;
		} else if (options && argv[i][0] == '-') {
			return ump_fail(error, UMP_REJECT, "%.64s: unknown option; long ones only, such as --help", argv[i]);
		} else if (!give && take_command(program, argv[i], request, error) < 0) {
			return -1;
		}
	}
	return 0;
}

/* ---- The environment ---- */

/* NULL also where it is empty: manifests often set what they leave open to "". */
static const char *look_up(char *const *environment, struct ump_text name)
{
	for (; *environment; environment++)
		if (strncmp(*environment, name.start, name.size) == 0 && (*environment)[name.size] == '=')
			return (*environment)[name.size + 1] ? *environment + name.size + 1 : NULL;
	return NULL;
}

static int give_variable(struct ump_setting *setting, char *const *environment, struct ump_text name, struct ump_error *error)
{
	const char *value = look_up(environment, name);
	ump_cleanup_free char *place = ump_copy_bytes(name.start, name.size);
	return value ? ump_setting_give(setting, UMP_FROM_VARIABLE, place, value, error) : 0;
}

static int read_variables(char *const *environment, struct ump_setting *setting, struct ump_error *error)
{
	/* The further ones from the last to the first, which is stronger; then our own. */
	const char *names = setting->option->variables ? setting->option->variables : "";
	for (size_t end = strlen(names); end > 0;) {
		size_t start = end;
		while (start > 0 && names[start - 1] != ' ')
			start--;
		if (end > start && give_variable(setting, environment, (struct ump_text){names + start, end - start}, error) < 0)
			return -1;
		end = start > 0 ? start - 1 : 0;
	}
	return give_variable(setting, environment, ump_text(setting->variable), error);
}

static bool ends_with(struct ump_text text, struct ump_text end)
{
	return text.size >= end.size && memcmp(text.start + text.size - end.size, end.start, end.size) == 0;
}

/* What Kubernetes sets in every container for the services of its namespace: a service called "adapter" gives ADAPTER_PORT=tcp://…,
 * ADAPTER_SERVICE_PORT_HTTP=80, ADAPTER_PORT_80_TCP_ADDR=…; one called "adapter-metrics" likewise. */
static bool is_made_by_kubernetes(struct ump_text name)
{
	if (ends_with(name, UMP_TEXT("_SERVICE_HOST")) || ends_with(name, UMP_TEXT("_PORT")) ||
	    memmem(name.start, name.size, "_SERVICE_PORT", sizeof "_SERVICE_PORT" - 1))
		return true;
	/* _PORT_<n>_ */
	for (const char *at = name.start; (at = memmem(at, name.size - (size_t)(at - name.start), "_PORT_", 6)); at++) {
		size_t digits = strspn(at + 6, "0123456789");
		if (digits > 0 && at[6 + digits] == '_')
			return true;
	}
	return false;
}

static int fail_unknown_variable(struct ump_text name, const char *file_variable, struct ump_error *error)
{
	ump_cleanup_free const char **known = ump_allocate(latest.count + 1, sizeof(char *));
	ump_cleanup_free char *given = ump_copy_bytes(name.start, name.size);
	for (size_t i = 0; i < latest.count; i++)
		known[i] = latest.rows[i].variable;
	known[latest.count] = file_variable;
	const char *nearest = ump_nearest(given, known, latest.count + 1);
	if (nearest)
		return ump_fail(error, UMP_REJECT, "%.64s: unknown variable; did you mean %s?", given, nearest);
	return ump_fail(error, UMP_REJECT, "%.64s: unknown variable", given);
}

/* Refuses variables that start with our prefix and are nobody's. */
static int check_variables(const struct ump_program *program, char *const *environment, struct ump_error *error)
{
	ump_cleanup_free char *prefix = ump_format("%s_", program->prefix);
	ump_cleanup_free char *file_variable = ump_format("%s_CONFIG", program->prefix);
	for (; *environment; environment++) {
		struct ump_text name = {*environment, strcspn(*environment, "=")};
		bool known = !ump_text_starts_with(name, ump_text(prefix)) || ump_text_equals(name, ump_text(file_variable));
		for (size_t i = 0; i < latest.count && !known; i++)
			known = ump_text_equals(name, ump_text(latest.rows[i].variable));
		if (!known && !is_made_by_kubernetes(name))
			return fail_unknown_variable(name, file_variable, error);
	}
	return 0;
}

/* ---- The file ---- */

static int give_sequence(struct ump_setting *setting, const char *place, const struct ump_yaml *document, const struct ump_yaml_node *node,
			 struct ump_error *error)
{
	ump_cleanup_free char **items = ump_allocate(node->count, sizeof(char *));
	int result = 0;
	size_t count = 0;
	for (; count < node->count && result == 0; count++) {
		const struct ump_yaml_node *child = &node->children[count];
		if (child->type != UMP_YAML_SCALAR)
			result = ump_yaml_fail(document, child, error, "expected a text");
		else /* of a mapping: name=value, as a flag would say it */
			items[count] = ump_format("%s%s%s", child->key ? child->key : "", child->key ? "=" : "", child->scalar);
	}
	if (result == 0)
		result = ump_setting_give_items(setting, UMP_FROM_FILE, place, (const char *const *)items, count, error);
	for (size_t i = 0; i < count; i++)
		free(items[i]);
	return result;
}

static int give_node(struct ump_setting *setting, const struct ump_yaml *document, const struct ump_yaml_node *node,
		     struct ump_error *error)
{
	const struct ump_option *option = setting->option;
	ump_cleanup_free char *place = ump_format("%s:%u: %s", document->name, node->line, node->key);
	bool words = option->type == UMP_OPTION_STRING || option->type == UMP_OPTION_LIST || option->type == UMP_OPTION_CHOICE ||
		     option->type == UMP_OPTION_DURATION || option->type == UMP_OPTION_SIZE;

	if (node->type != UMP_YAML_SCALAR && option->type == UMP_OPTION_LIST)
		return give_sequence(setting, place, document, node, error);
	if (node->type != UMP_YAML_SCALAR)
		return ump_yaml_fail(document, node, error, "expected one value, found %s",
				     node->type == UMP_YAML_SEQUENCE ? "a sequence" : "a mapping");
	if (!node->quoted && (!*node->scalar || strcmp(node->scalar, "~") == 0 || strcmp(node->scalar, "null") == 0))
		return ump_yaml_fail(document, node, error, "expected %s, found nothing", ump_option_value_name(option));
	if (node->quoted && !words)
		return ump_yaml_fail(document, node, error, "expected %s, found a text in quotes", ump_option_value_name(option));
	return ump_setting_give(setting, UMP_FROM_FILE, place, node->scalar, error);
}

static int read_file(const char *path, struct ump_error *error)
{
	ump_cleanup(ump_yaml_release) struct ump_yaml document = {0};
	ump_cleanup_free const char **known = ump_allocate(latest.count + 1, sizeof(char *));
	for (size_t i = 0; i < latest.count; i++)
		known[i] = latest.rows[i].option->name;
	if (ump_yaml_load(path, &document, error) < 0)
		return -1;
	const struct ump_yaml_node *root = &document.root;
	if (root->type == UMP_YAML_SCALAR && !*root->scalar)
		return 0; /* "---" and comments */
	if (root->type != UMP_YAML_MAPPING)
		return ump_yaml_fail(&document, root, error, "expected names and values, such as \"%s: …\"", known[0] ? known[0] : "name");
	if (ump_yaml_only(&document, root, known, error) < 0)
		return -1;
	for (size_t i = 0; i < root->count; i++)
		if (give_node(ump_settings_find(&latest, ump_text(root->children[i].key)), &document, &root->children[i], error) < 0)
			return -1;
	return 0;
}

/* ---- All together ---- */

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

static int read_all(const struct ump_program *program, struct request *request, char *const *environment, struct ump_error *error)
{
	ump_cleanup_free char *file_variable = ump_format("%s_CONFIG", program->prefix);
	if (read_defaults(error) < 0)
		assert(!"a default that its own option refuses");
	if (!request->file) {
		request->file = look_up(environment, ump_text(file_variable));
		request->file_place = file_variable;
	}
	if (request->file && read_file(request->file, error) < 0)
		return -1;
	for (size_t i = 0; i < latest.count; i++)
		if (read_variables(environment, &latest.rows[i], error) < 0)
			return -1;
	return check_variables(program, environment, error);
}

static int load(const struct ump_program *program, int argc, char *const *argv, char *const *environment, void *config,
		struct request *request, FILE *out, FILE *err)
{
	struct ump_error error;
	if (read_arguments(program, argc, argv, false, request, out, &error) < 0)
		return complain(program, EX_USAGE, &error, err);
	if (request->first_status != UMP_CONFIG_RUN)
		return request->first_status;
	if (read_all(program, request, environment, &error) < 0)
		return complain(program, EX_CONFIG, &error, err);
	if (read_arguments(program, argc, argv, true, request, out, &error) < 0)
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
	struct request request = {.command = -1, .first_status = UMP_CONFIG_RUN};
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

bool ump_config_given(const char *option)
{
	const struct ump_setting *setting = ump_settings_find(&latest, ump_text(option));
	assert(setting);
	return setting->source > UMP_FROM_DEFAULT;
}
