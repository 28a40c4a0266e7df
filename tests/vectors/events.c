/* tests/vectors/events.c: cases of whole messages. What is accepted is written in every form and read again. */
#include <string.h>

#include "common/cloudevents/http.h"
#include "common/cloudevents/json.h"
#include "common/cloudevents/kafka.h"
#include "tests/vectors/types.h"
#include "tests/vectors/vectors.h"

enum { HEADERS = 160 };

static const char *const type_names[] = {
	[UMP_ATTRIBUTE_STRING] = "string",       [UMP_ATTRIBUTE_BOOLEAN] = "boolean", [UMP_ATTRIBUTE_INTEGER] = "integer",
	[UMP_ATTRIBUTE_BINARY] = "binary",       [UMP_ATTRIBUTE_URI] = "uri",         [UMP_ATTRIBUTE_URI_REFERENCE] = "uri-reference",
	[UMP_ATTRIBUTE_TIMESTAMP] = "timestamp",
};

static const char *const data_kinds[] = {
	[UMP_DATA_NONE] = "none", [UMP_DATA_BINARY] = "binary", [UMP_DATA_JSON] = "json", [UMP_DATA_TEXT] = "text"};

enum ump_attribute_type type_named(const char *name)
{
	for (size_t i = 0; name && i < sizeof(type_names) / sizeof(type_names[0]); i++)
		if (strcmp(type_names[i], name) == 0)
			return (enum ump_attribute_type)i;
	malformed("found the type %s, expected one of the type system of CloudEvents", name ? name : "(none)");
}

static const struct ump_attribute *find(const struct ump_event *event, struct ump_text name)
{
	for (size_t i = 0; i < event->count; i++)
		if (ump_text_equals(event->attributes[i].name, name))
			return &event->attributes[i];
	return NULL;
}

static int declare(const json_t *test, struct ump_event *event, struct ump_error *error)
{
	struct ump_attribute_declaration declared[32];
	const json_t *type;
	const char *name;
	size_t count = 0;

	json_object_foreach((json_t *)json_object_get(test, "declared"), name, type) declared[count++] =
		(struct ump_attribute_declaration){name, type_named(json_string_value(type))};
	return ump_event_declare(event, declared, count, error);
}

static int expect_event(const struct ump_event *event, const json_t *expected, struct memory *memory, struct ump_error *error)
{
	const json_t *attributes = json_object_get(expected, "attributes");
	const json_t *kind = json_object_get(expected, "kind");
	const json_t *value;
	const char *name;

	json_object_foreach((json_t *)attributes, name,
			    value) if (expect_text(name, ump_event_get(event, name), text_of(value, memory), error)) return -1;
	if (event->count != json_object_size(attributes))
		return ump_fail(error, UMP_REJECT, "found %zu attributes, expected %zu", event->count, json_object_size(attributes));
	json_object_foreach((json_t *)json_object_get(expected, "types"), name, value)
	{
		const struct ump_attribute *attribute = find(event, ump_text(name));

		if (!attribute || attribute->type != type_named(json_string_value(value)))
			return ump_fail(error, UMP_REJECT, "%s: expected the type %s", name, json_string_value(value));
	}
	if (kind && strcmp(data_kinds[event->data_kind], json_string_value(kind)) != 0)
		return ump_fail(error, UMP_REJECT, "data: found %s, expected %s", data_kinds[event->data_kind], json_string_value(kind));
	return expect_text("data", event->data, text_of(json_object_get(expected, "data"), memory), error);
}

/* The headers that `written` lists, in any order, and no others. */
static int expect_headers(const struct ump_header *headers, size_t count, const json_t *expected, struct memory *memory,
			  struct ump_error *error)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(expected, i, pair)
	{
		const char *name = json_string_value(json_array_get(pair, 0));

		if (expect_text(name, ump_header_find(headers, count, name), text_of(json_array_get(pair, 1), memory), error))
			return -1;
	}
	if (count != json_array_size(expected))
		return ump_fail(error, UMP_REJECT, "wrote %zu headers, expected %zu", count, json_array_size(expected));
	return 0;
}

static int expect_written(const struct ump_event *event, const json_t *expected, struct memory *memory, struct ump_error *error)
{
	struct ump_http_message message = {0};
	int wrong;

	if (!expected)
		return 0;
	wrong = ump_event_to_http(event, UMP_HTTP_BINARY, UMP_HEADERS_STRICT, &message, error) ||
		expect_headers(message.headers, message.header_count, json_object_get(expected, "headers"), memory, error) ||
		expect_text("body", message.body, text_of(json_object_get(expected, "body"), memory), error);
	ump_http_message_release(&message);
	return wrong ? -1 : 0;
}

/* The attributes of `expected`, and the datacontenttype that JSON implies where it has none; the data, white space around JSON aside. */
static int same_event(const struct ump_event *found, const struct ump_event *expected, struct ump_error *error)
{
	struct ump_text type = UMP_TEXT("datacontenttype");
	bool implied = expected->data_kind == UMP_DATA_JSON && !find(expected, type) && find(found, type);

	if (found->count != expected->count + implied)
		return ump_fail(error, UMP_REJECT, "found %zu attributes, expected %zu", found->count, expected->count);
	for (size_t i = 0; i < expected->count; i++) {
		const struct ump_attribute *attribute = find(found, expected->attributes[i].name);

		if (!attribute || expect_text("attribute", attribute->value, expected->attributes[i].value, error))
			return -1;
	}
	if (expected->data.size == 0)
		return found->data.size == 0 ? 0 : ump_fail(error, UMP_REJECT, "found data, expected none");
	return expect_text("data", ump_text_trim(found->data), ump_text_trim(expected->data), error);
}

/* Through JSON, and through both modes of both bindings. */
static int write_and_read(const struct ump_event *event, struct ump_error *error)
{
	struct ump_http_message http = {0};
	struct ump_kafka_message kafka = {0};
	struct ump_event again = {0};
	int wrong = 0;

	for (int mode = UMP_HTTP_BINARY; mode <= UMP_HTTP_STRUCTURED && !wrong; mode++)
		for (int raw = 0; raw <= 1 && !wrong; raw++) {
			enum ump_header_encoding encoding = raw ? UMP_HEADERS_RAW : UMP_HEADERS_STRICT;

			wrong = ump_event_to_http(event, (enum ump_http_mode)mode, encoding, &http, error) ||
				ump_event_from_http(&again, http.headers, http.header_count, http.body, encoding, error) ||
				same_event(&again, event, error);
		}
	for (int mode = UMP_KAFKA_BINARY; mode <= UMP_KAFKA_STRUCTURED && !wrong; mode++)
		wrong = ump_event_to_kafka(event, (enum ump_kafka_mode)mode, &kafka, error) ||
			ump_event_from_kafka(&again, kafka.headers, kafka.header_count, kafka.value, error) ||
			same_event(&again, event, error);
	ump_http_message_release(&http);
	ump_kafka_message_release(&kafka);
	ump_event_release(&again);
	return wrong ? ump_error_prefix(error, "written and read again") : 0;
}

/* What is common to all cases of one message, once it was read. */
static int finish(const json_t *test, struct ump_event *event, int result, struct ump_error *problem, struct memory *memory,
		  struct ump_error *error)
{
	if (result == 0)
		result = declare(test, event, problem);
	int outcome = expect_outcome(test, result, problem, error);

	if (outcome == 0)
		if (expect_event(event, json_object_get(test, "event"), memory, error) || write_and_read(event, error) ||
		    expect_written(event, json_object_get(test, "written"), memory, error))
			outcome = -1;
	ump_event_release(event);
	return outcome < 0 ? -1 : 0;
}

static const json_t *headers_of(const json_t *test)
{
	const json_t *headers = json_object_get(test, "headers");

	if (json_array_size(headers) > HEADERS)
		malformed("a case has more than %d headers", HEADERS);
	return headers;
}

int run_http(const json_t *test, struct memory *memory, struct ump_error *error)
{
	bool raw = json_is_true(json_object_get(test, "raw"));
	const json_t *list = headers_of(test);
	struct ump_header headers[HEADERS];
	struct ump_event event = {0};
	struct ump_error problem = {0};
	const json_t *pair;
	size_t i;

	json_array_foreach(list, i, pair) headers[i] =
		(struct ump_header){text_of(json_array_get(pair, 0), memory), text_of(json_array_get(pair, 1), memory)};
	int result = ump_event_from_http(&event, headers, json_array_size(list), text_of(json_object_get(test, "body"), memory),
					 raw ? UMP_HEADERS_RAW : UMP_HEADERS_STRICT, &problem);

	return finish(test, &event, result, &problem, memory, error);
}

int run_kafka(const json_t *test, struct memory *memory, struct ump_error *error)
{
	const json_t *list = headers_of(test);
	struct ump_kafka_field headers[HEADERS];
	struct ump_event event = {0};
	struct ump_error problem = {0};
	const json_t *pair;
	size_t i;

	json_array_foreach(list, i, pair) headers[i] =
		(struct ump_kafka_field){text_of(json_array_get(pair, 0), memory), text_of(json_array_get(pair, 1), memory)};
	int result = ump_event_from_kafka(&event, headers, json_array_size(list), text_of(json_object_get(test, "body"), memory), &problem);

	return finish(test, &event, result, &problem, memory, error);
}

int run_json(const json_t *test, struct memory *memory, struct ump_error *error)
{
	struct ump_event event = {0};
	struct ump_error problem = {0};
	int result = ump_event_from_json(&event, text_of(json_object_get(test, "body"), memory), &problem);

	return finish(test, &event, result, &problem, memory, error);
}

struct batch {
	const json_t *test;
	struct memory *memory;
	size_t count;
};

static int expect_element(void *context, const struct ump_event *event, struct ump_error *error)
{
	struct batch *batch = context;
	const json_t *expected = json_array_get(json_object_get(batch->test, "events"), batch->count++);
	struct ump_event declared = *event; /* its memory stays with the reader */

	if (!expected)
		return ump_fail(error, UMP_REJECT, "found more events than expected");
	if (declare(batch->test, &declared, error) || expect_event(&declared, expected, batch->memory, error))
		return -1;
	return write_and_read(&declared, error);
}

int run_batch(const json_t *test, struct memory *memory, struct ump_error *error)
{
	const json_t *maximum = json_object_get(test, "maximum");
	struct batch batch = {.test = test, .memory = memory};
	struct ump_error problem = {0};
	int result = ump_batch_from_json(text_of(json_object_get(test, "body"), memory),
					 maximum ? (size_t)json_integer_value(maximum) : 100, expect_element, &batch, &problem);
	int outcome = expect_outcome(test, result, &problem, error);

	if (outcome == 0 && batch.count != json_array_size(json_object_get(test, "events")))
		return ump_fail(error, UMP_REJECT, "found %zu events, expected %zu", batch.count,
				json_array_size(json_object_get(test, "events")));
	if (outcome == 1 && batch.count > 0)
		return ump_fail(error, UMP_REJECT, "saw %zu events of an invalid batch, expected none", batch.count);
	return outcome < 0 ? -1 : 0;
}
