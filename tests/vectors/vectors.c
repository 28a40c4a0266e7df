/* tests/vectors/vectors.c: runs cases of CloudEvents that are kept as data; their form is in README.md.
 *
 * vectors FILE...  ("-" is standard input) prints TAP, one line for each case. Every event that a case accepts is also written in each form
 * that there is and read again. Exit status 1 when a case failed, 2 when a file is not in the form. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cloudevents/base64.h"
#include "common/memory.h"
#include "tests/vectors/vectors.h"

static const struct {
	const char *name;
	int (*run)(const json_t *test, struct memory *memory, struct ump_error *error);
} kinds[] = {
	{"http", run_http},     {"kafka", run_kafka}, {"json", run_json},       {"batch", run_batch},
	{"header", run_header}, {"value", run_value}, {"pointer", run_pointer}, {"number", run_number},
};

noreturn void malformed(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(2);
}

static void add_text(const json_t *json, struct ump_buffer *out)
{
	const json_t *part;
	size_t i;

	if (json_is_string(json)) {
		ump_buffer_add(out, json_string_value(json), json_string_length(json));
	} else if (json_is_array(json)) {
		json_array_foreach(json, i, part) add_text(part, out);
	} else if (json_object_get(json, "base64")) {
		struct ump_text base64 = ump_text(json_string_value(json_object_get(json, "base64")));

		if (!ump_base64_is_valid(base64))
			malformed("not base64: %s", base64.start);
		out->size += ump_base64_decode(base64, ump_buffer_reserve(out, base64.size));
	} else if (json_object_get(json, "repeat")) {
		for (json_int_t times = json_integer_value(json_object_get(json, "times")); times > 0; times--)
			add_text(json_object_get(json, "repeat"), out);
	} else {
		malformed("found a text that is no string, list, base64 or repeat");
	}
}

struct ump_text text_of(const json_t *json, struct memory *memory)
{
	struct ump_buffer *buffer;

	if (!json || json_is_null(json))
		return UMP_TEXT_NONE;
	if (memory->count == sizeof(memory->buffers) / sizeof(memory->buffers[0]))
		malformed("a case has too many texts");
	buffer = &memory->buffers[memory->count++];
	add_text(json, buffer);
	return ump_buffer_text(buffer);
}

int expect_text(const char *what, struct ump_text found, struct ump_text expected, struct ump_error *error)
{
	if (!found.start != !expected.start || !ump_text_equals(found, expected))
		return ump_fail(error, UMP_REJECT, "%s: found %s%.60s, expected %s%.60s", what, found.start ? "" : "(none)",
				found.start ? found.start : "", expected.start ? "" : "(none)", expected.start ? expected.start : "");
	return 0;
}

int expect_outcome(const json_t *test, int result, const struct ump_error *problem, struct ump_error *error)
{
	const json_t *invalid = json_object_get(test, "invalid");

	if (!invalid)
		return result == 0 ? 0 : ump_fail(error, UMP_REJECT, "refused: %s", problem->text);
	if (result == 0)
		return ump_fail(error, UMP_REJECT, "accepted, expected an error about %s", json_string_value(invalid));
	if (!strstr(problem->text, json_string_value(invalid)))
		return ump_fail(error, UMP_REJECT, "refused with \"%s\", expected an error about %s", problem->text,
				json_string_value(invalid));
	return 1;
}

static int run_case(const json_t *test, struct memory *memory, struct ump_error *error)
{
	const char *read = json_string_value(json_object_get(test, "read"));

	for (size_t i = 0; read && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, read) == 0)
			return kinds[i].run(test, memory, error);
	malformed("%s: found \"read\": %s, which is no kind of case", json_string_value(json_object_get(test, "name")),
		  read ? read : "(none)");
}

static json_t *load(const char *path)
{
	json_error_t error;
	json_t *file = strcmp(path, "-") == 0 ? json_loadf(stdin, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error)
					      : json_load_file(path, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

	if (!file)
		malformed("%s:%d: %s", path, error.line, error.text);
	if (!json_is_array(json_object_get(file, "cases")))
		malformed("%s: found no list \"cases\"", path);
	return file;
}

static unsigned run_file(const char *path, unsigned *number)
{
	json_t *file = load(path);
	unsigned failed = 0;
	const json_t *test;
	size_t i;

	json_array_foreach(json_object_get(file, "cases"), i, test)
	{
		const char *name = json_string_value(json_object_get(test, "name"));
		struct memory memory = {0};
		struct ump_error error = {0};

		if (!name)
			malformed("%s: case %zu has no name", path, i);
		bool passed = run_case(test, &memory, &error) == 0;

		printf("%sok %u - %s\n", passed ? "" : "not ", ++*number, name);
		if (!passed) {
			printf("# %s\n", error.text);
			failed++;
		}
		for (size_t used = 0; used < memory.count; used++)
			ump_buffer_release(&memory.buffers[used]);
	}
	json_decref(file);
	return failed;
}

int main(int argc, char **argv)
{
	unsigned failed = 0;
	unsigned number = 0;

	for (int i = 1; i < argc; i++)
		failed += run_file(argv[i], &number);
	printf("1..%u\n", number);
	return failed > 0;
}
