/* common/config/environment.c: variables. */
#include "common/config/settings.h"
#include "common/memory.h"

#include <stdlib.h>

const char *ump_variable(char *const *environment, struct ump_text name)
{
	for (; *environment; environment++)
		if (strncmp(*environment, name.start, name.size) == 0 && (*environment)[name.size] == '=')
			return (*environment)[name.size + 1] ? *environment + name.size + 1 : NULL;
	return NULL;
}

static int give_variable(struct ump_setting *setting, char *const *environment, struct ump_text name, struct ump_error *error)
{
	const char *value = ump_variable(environment, name);
	ump_cleanup_free char *place = ump_copy_bytes(name.start, name.size);
	return value ? ump_setting_give(setting, UMP_FROM_VARIABLE, place, value, error) : 0;
}

static int read_setting(struct ump_setting *setting, char *const *environment, struct ump_error *error)
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

static int fail_unknown_variable(const struct ump_settings *settings, struct ump_text name, const char *file_variable,
				 struct ump_error *error)
{
	ump_cleanup_free const char **known = ump_allocate(settings->count + 1, sizeof(char *));
	ump_cleanup_free char *given = ump_copy_bytes(name.start, name.size);
	for (size_t i = 0; i < settings->count; i++)
		known[i] = settings->rows[i].variable;
	known[settings->count] = file_variable;
	const char *nearest = ump_nearest(given, known, settings->count + 1);
	if (nearest)
		return ump_fail(error, UMP_REJECT, "%.64s: unknown variable; did you mean %s?", given, nearest);
	return ump_fail(error, UMP_REJECT, "%.64s: unknown variable", given);
}

/* Refuses variables that start with our prefix and are nobody's. */
static int refuse_unknown(const struct ump_settings *settings, char *const *environment, struct ump_error *error)
{
	ump_cleanup_free char *prefix = ump_format("%s_", settings->program->prefix);
	ump_cleanup_free char *file_variable = ump_format("%s_CONFIG", settings->program->prefix);
	for (; *environment; environment++) {
		struct ump_text name = {*environment, strcspn(*environment, "=")};
		bool known = !ump_text_starts_with(name, ump_text(prefix)) || ump_text_equals(name, ump_text(file_variable));
		for (size_t i = 0; i < settings->count && !known; i++)
			known = ump_text_equals(name, ump_text(settings->rows[i].variable));
		if (!known && !is_made_by_kubernetes(name))
			return fail_unknown_variable(settings, name, file_variable, error);
	}
	return 0;
}

int ump_settings_read_environment(struct ump_settings *settings, char *const *environment, struct ump_error *error)
{
	for (size_t i = 0; i < settings->count; i++)
		if (read_setting(&settings->rows[i], environment, error) < 0)
			return -1;
	return refuse_unknown(settings, environment, error);
}
