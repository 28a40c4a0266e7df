/* Whatever an event is, each form that it can be written in gives it back, and so do any two of them, one behind the other.
 *
 * Events are generated, others in each run; UMPIRE_SEED=n repeats the run that a failure names, from the event at fault. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/cloudevents/character.h"
#include "common/cloudevents/http.h"
#include "common/cloudevents/json.h"
#include "common/cloudevents/kafka.h"
#include "common/cloudevents/scan.h"
#include "tests/unit/cloudevents/generate.h"

enum { EVENTS = 500 };

enum form { HTTP_BINARY, HTTP_RAW, HTTP_STRUCTURED, KAFKA_BINARY, KAFKA_STRUCTURED, JSON, BATCH, FORMS };

static const char *const names[FORMS] = {
	"binary HTTP", "binary HTTP with raw headers", "structured HTTP", "a binary Kafka record", "a structured Kafka record", "JSON",
	"a batch"};

/* An event on its way: the message that it was written to, and what was read of it. */
struct passage {
	struct ump_http_message http;
	struct ump_kafka_message kafka;
	struct ump_buffer json;
	struct ump_event event;
	size_t seen;
};

static void release(struct passage *passage)
{
	ump_http_message_release(&passage->http);
	ump_kafka_message_release(&passage->kafka);
	ump_buffer_release(&passage->json);
	ump_event_release(&passage->event);
}

static int keep(void *context, const struct ump_event *event, struct ump_error *error)
{
	struct passage *passage = context;
	struct ump_event *copy = &passage->event;

	passage->seen++;
	ump_event_reset(copy);
	for (size_t i = 0; i < event->count; i++) {
		const struct ump_attribute *attribute = &event->attributes[i];

		if (ump_event_set_copy(copy, attribute->name, attribute->value, attribute->type, error))
			return -1;
	}
	char *data = ump_event_allocate(copy, event->data.size);

	if (event->data.size > 0)
		memcpy(data, event->data.start, event->data.size);
	copy->data = (struct ump_text){data, event->data.size};
	copy->data_kind = event->data_kind;
	return 0;
}

static int carry_http(const struct ump_event *event, enum ump_http_mode mode, enum ump_header_encoding encoding, struct passage *passage,
		      struct ump_error *error)
{
	struct ump_http_message *message = &passage->http;

	return ump_event_to_http(event, mode, encoding, message, error) ||
	       ump_event_from_http(&passage->event, message->headers, message->header_count, message->body, encoding, error);
}

static int carry_kafka(const struct ump_event *event, enum ump_kafka_mode mode, struct passage *passage, struct ump_error *error)
{
	struct ump_kafka_message *message = &passage->kafka;

	return ump_event_to_kafka(event, mode, message, error) ||
	       ump_event_from_kafka(&passage->event, message->headers, message->header_count, message->value, error);
}

static int carry_json(const struct ump_event *event, struct passage *passage, struct ump_error *error)
{
	ump_buffer_reset(&passage->json);
	return ump_event_to_json(event, &passage->json, error) ||
	       ump_event_from_json(&passage->event, ump_buffer_text(&passage->json), error);
}

static int carry_batch(const struct ump_event *event, struct passage *passage, struct ump_error *error)
{
	struct ump_buffer *json = &passage->json;

	ump_buffer_reset(json);
	passage->seen = 0;
	for (int i = 0; i < 2; i++) {
		ump_buffer_add_character(json, i == 0 ? '[' : ',');
		if (ump_event_to_json(event, json, error))
			return -1;
	}
	ump_buffer_add_character(json, ']');
	if (ump_batch_from_json(ump_buffer_text(json), 2, keep, passage, error))
		return -1;
	return passage->seen == 2 ? 0 : ump_fail(error, UMP_REJECT, "found %zu events of two", passage->seen);
}

/* Writes the event in this form and reads it again: 0 where both went well. */
static int carry(enum form form, const struct ump_event *event, struct passage *passage, struct ump_error *error)
{
	switch (form) {
	case HTTP_BINARY:
		return carry_http(event, UMP_HTTP_BINARY, UMP_HEADERS_STRICT, passage, error);
	case HTTP_RAW:
		return carry_http(event, UMP_HTTP_BINARY, UMP_HEADERS_RAW, passage, error);
	case HTTP_STRUCTURED:
		return carry_http(event, UMP_HTTP_STRUCTURED, UMP_HEADERS_STRICT, passage, error);
	case KAFKA_BINARY:
		return carry_kafka(event, UMP_KAFKA_BINARY, passage, error);
	case KAFKA_STRUCTURED:
		return carry_kafka(event, UMP_KAFKA_STRUCTURED, passage, error);
	case JSON:
		return carry_json(event, passage, error);
	case BATCH:
		return carry_batch(event, passage, error);
	case FORMS:
		break;
	}
	return ump_fail(error, UMP_FATAL, "no such form");
}

/* HTTP takes white space off the ends of a header's value; only percent-encoding keeps it. */
static bool can_carry(enum form form, const struct ump_event *event)
{
	for (size_t i = 0; form == HTTP_RAW && i < event->count; i++)
		if (ump_text_trim(event->attributes[i].value).size < event->attributes[i].value.size)
			return false;
	return true;
}

/* What the event is behind this form: all that a form may change stands here. */
static void expect_changes(enum form form, struct ump_event *event)
{
	struct ump_text type = ump_event_get(event, "datacontenttype");
	bool is_json = type.start ? ump_media_type_is_json(type) : event->data_kind == UMP_DATA_JSON;
	bool is_event = ump_text_starts_with_ignoring_case(type, UMP_TEXT("application/cloudevents"));
	struct ump_json value;
	struct ump_error error;

	if (!is_event && (form == HTTP_BINARY || form == HTTP_RAW || form == KAFKA_BINARY)) {
		/* Only JSON may leave it unsaid that data is JSON, and only JSON knows numbers and booleans. */
		if (is_json && !type.start)
			(void)ump_event_set(event, UMP_TEXT("datacontenttype"), UMP_TEXT("application/json"), UMP_ATTRIBUTE_STRING, &error);
		for (size_t i = 0; i < event->count; i++)
			event->attributes[i].type = UMP_ATTRIBUTE_STRING;
		if (event->data_kind != UMP_DATA_NONE)
			event->data_kind = form != KAFKA_BINARY && event->data.size == 0 ? UMP_DATA_NONE : UMP_DATA_BINARY;
	} else if (is_json && event->data_kind != UMP_DATA_NONE && ump_json_parse(event->data, &value, &error) == 0) {
		event->data = value.text; /* without the white space around it */
	}
}

static bool is_scalar(enum ump_attribute_type type)
{
	return type == UMP_ATTRIBUTE_INTEGER || type == UMP_ATTRIBUTE_BOOLEAN;
}

static int compare(const struct ump_event *found, const struct ump_event *expected, struct ump_error *error)
{
	if (found->count != expected->count)
		return ump_fail(error, UMP_REJECT, "found %zu attributes, expected %zu", found->count, expected->count);
	for (size_t i = 0; i < found->count; i++) {
		const struct ump_attribute *one = &found->attributes[i], *other = expected->attributes;

		while (other < expected->attributes + expected->count && !ump_text_equals(other->name, one->name))
			other++;
		if (other == expected->attributes + expected->count || !ump_text_equals(other->value, one->value))
			return ump_fail(error, UMP_REJECT, "%.*s: found another value", UMP_TEXT_ARGUMENTS(one->name));
		if (is_scalar(other->type) ? one->type != other->type : is_scalar(one->type))
			return ump_fail(error, UMP_REJECT, "%.*s: found another type", UMP_TEXT_ARGUMENTS(one->name));
	}
	if ((found->data_kind == UMP_DATA_NONE) != (expected->data_kind == UMP_DATA_NONE) || !ump_text_equals(found->data, expected->data))
		return ump_fail(error, UMP_REJECT, "data: found %zu bytes, expected %zu, or these others", found->data.size,
				expected->data.size);
	return 0;
}

/* Through `first`, and then through each of the others. */
static int carry_on(const struct ump_event *event, enum form first, struct ump_error *error)
{
	struct passage one = {0}, two = {0};
	struct ump_event expected = *event; /* borrows its memory, and allocates none */
	int wrong = carry(first, event, &one, error);

	expect_changes(first, &expected);
	wrong = wrong || compare(&one.event, &expected, error) ? ump_error_prefix(error, "%s", names[first]) : 0;
	for (int second = 0; second < FORMS && !wrong; second++) {
		struct ump_event last = expected;

		if (!can_carry((enum form)second, event))
			continue;
		expect_changes((enum form)second, &last);
		if (carry((enum form)second, &one.event, &two, error) || compare(&two.event, &last, error))
			wrong = ump_error_prefix(error, "%s, then %s", names[first], names[second]);
	}
	release(&one);
	release(&two);
	return wrong;
}

static int carry_everywhere(const struct ump_event *event, struct ump_error *error)
{
	if (ump_event_validate(event, error))
		return ump_error_prefix(error, "as generated");
	for (int form = 0; form < FORMS; form++)
		if (can_carry((enum form)form, event) && carry_on(event, (enum form)form, error))
			return -1;
	return 0;
}

static uint64_t first_seed(void)
{
	const char *given = getenv("UMPIRE_SEED");
	uint32_t seed = 0;

	if (given)
		return strtoull(given, NULL, 10);
	cr_assert(getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
	return (uint64_t)seed << 16;
}

Test(property, every_form_and_every_two_forms_give_the_event_back)
{
	uint64_t seed = first_seed();
	struct ump_event event = {0};
	struct ump_error error;

	for (uint64_t end = seed + EVENTS; seed < end; seed++) {
		generate_event(seed, &event);
		cr_assert(carry_everywhere(&event, &error) == 0, "UMPIRE_SEED=%" PRIu64 ": %s", seed, error.text);
	}
	ump_event_release(&event);
}

static void start_event(struct ump_event *event, struct ump_text subject, struct ump_text data)
{
	struct ump_error error;

	ump_event_reset(event);
	ump_event_set(event, UMP_TEXT("specversion"), UMP_TEXT("1.0"), UMP_ATTRIBUTE_STRING, &error);
	ump_event_set(event, UMP_TEXT("id"), UMP_TEXT("1"), UMP_ATTRIBUTE_STRING, &error);
	ump_event_set(event, UMP_TEXT("source"), UMP_TEXT("/"), UMP_ATTRIBUTE_STRING, &error);
	ump_event_set(event, UMP_TEXT("type"), UMP_TEXT("t"), UMP_ATTRIBUTE_STRING, &error);
	ump_event_set(event, UMP_TEXT("datacontenttype"), UMP_TEXT("text/plain"), UMP_ATTRIBUTE_STRING, &error);
	ump_event_set(event, UMP_TEXT("subject"), subject, UMP_ATTRIBUTE_STRING, &error);
	event->data = data;
	event->data_kind = UMP_DATA_TEXT;
}

static int carry_once(const struct ump_event *event, struct ump_error *error)
{
	struct passage passage = {0};
	int wrong = 0;

	for (int form = 0; form < FORMS && !wrong; form++) {
		struct ump_event expected = *event;

		expect_changes((enum form)form, &expected);
		if (carry((enum form)form, event, &passage, error) || compare(&passage.event, &expected, error))
			wrong = ump_error_prefix(error, "%s", names[form]);
	}
	release(&passage);
	return wrong;
}

/* As data each of the 1,112,064; as an attribute those that may be in one. */
Test(property, every_character_of_unicode_passes_through_every_form)
{
	struct ump_buffer subject = {0}, data = {0};
	struct ump_event event = {0};
	struct ump_error error;
	size_t passed = 0;

	for (uint32_t first = 0; first < 0x110000; first += 0x400) {
		if (first >= 0xD800 && first < 0xE000) /* surrogates */
			continue;
		ump_buffer_reset(&subject);
		ump_buffer_reset(&data);
		ump_buffer_add_string(&subject, "x");
		for (uint32_t character = first; character < first + 0x400; character++) {
			char bytes[4];
			size_t size = ump_character_write(character, bytes);
			bool may = character >= 0x20 && !(character >= 0x7F && character <= 0x9F) &&
				   !(character >= 0xFDD0 && character <= 0xFDEF) && (character & 0xFFFF) < 0xFFFE;

			ump_buffer_add(&data, bytes, size);
			if (may)
				ump_buffer_add(&subject, bytes, size);
		}
		start_event(&event, ump_buffer_text(&subject), ump_buffer_text(&data));
		cr_assert(carry_once(&event, &error) == 0, "U+%04" PRIX32 " and on: %s", first, error.text);
		passed += 0x400;
	}
	cr_expect(passed == 1112064);
	ump_buffer_release(&subject);
	ump_buffer_release(&data);
	ump_event_release(&event);
}

Test(property, the_largest_value_and_a_megabyte_of_data_pass_through_every_form)
{
	struct ump_buffer subject = {0}, data = {0};
	struct ump_event event = {0};
	struct ump_error error;

	while (subject.size < UMP_EVENT_ATTRIBUTE_SIZE)
		ump_buffer_add_character(&subject, subject.size % 2 ? '"' : '%');
	while (data.size < 1 << 20)
		ump_buffer_add_character(&data, "\\\"\n\x01<"[data.size % 5]);
	start_event(&event, ump_buffer_text(&subject), ump_buffer_text(&data));
	cr_expect(carry_once(&event, &error) == 0, "%s", error.text);
	ump_buffer_release(&subject);
	ump_buffer_release(&data);
	ump_event_release(&event);
}
