/* tests/vectors/forms.c: cases of small parts: header values, values by type, JSON pointers, numbers. */
#include <string.h>

#include "common/cloudevents/http.h"
#include "common/cloudevents/scan.h"
#include "tests/vectors/types.h"
#include "tests/vectors/vectors.h"

int run_header(const json_t *test, struct memory *memory, struct ump_error *error)
{
	bool raw = json_is_true(json_object_get(test, "raw"));
	struct ump_text encoded = text_of(json_object_get(test, "header"), memory);
	struct ump_event event = {0};
	struct ump_error problem = {0};
	struct ump_text decoded = UMP_TEXT_NONE;
	int outcome = expect_outcome(
		test, ump_header_decode(&event, encoded, raw ? UMP_HEADERS_RAW : UMP_HEADERS_STRICT, &decoded, &problem), &problem, error);

	if (outcome == 0)
		outcome = expect_text("value", decoded, text_of(json_object_get(test, "value"), memory), error);
	if (outcome == 0 && json_is_true(json_object_get(test, "canonical"))) {
		struct ump_buffer again = {0};

		ump_header_encode(&again, decoded);
		outcome = expect_text("encoded again", ump_buffer_text(&again), encoded, error);
		ump_buffer_release(&again);
	}
	ump_event_release(&event);
	return outcome < 0 ? -1 : 0;
}

int run_value(const json_t *test, struct memory *memory, struct ump_error *error)
{
	const char *name = json_string_value(json_object_get(test, "attribute"));
	struct ump_event event = {0};
	struct ump_error problem = {0};
	enum ump_attribute_type type = type_named(json_string_value(json_object_get(test, "type")));
	int result = ump_event_set(&event, ump_text(name ? name : "ext"), text_of(json_object_get(test, "value"), memory), type, &problem);

	if (result == 0)
		result = ump_attribute_check(&event.attributes[0], &problem);
	return expect_outcome(test, result, &problem, error) < 0 ? -1 : 0;
}

int run_pointer(const json_t *test, struct memory *memory, struct ump_error *error)
{
	struct ump_text expected = text_of(json_object_get(test, "value"), memory);
	struct ump_json document;
	struct ump_json found;

	if (ump_json_parse(text_of(json_object_get(test, "document"), memory), &document, error))
		return -1;
	if (!ump_json_find(&document, text_of(json_object_get(test, "pointer"), memory), &found))
		found.text = UMP_TEXT_NONE;
	return expect_text("found", found.text, expected, error);
}

int run_number(const json_t *test, struct memory *memory, struct ump_error *error)
{
	const json_t *expected = json_object_get(test, "whole");
	uint64_t number = 0;
	bool whole = ump_json_whole_number(text_of(json_object_get(test, "number"), memory), &number);

	if (whole != json_is_integer(expected))
		return ump_fail(error, UMP_REJECT, whole ? "found a whole number, expected none" : "found no whole number, expected one");
	if (whole && (json_int_t)number != json_integer_value(expected))
		return ump_fail(error, UMP_REJECT, "found %llu, expected %lld", (unsigned long long)number,
				(long long)json_integer_value(expected));
	return 0;
}
