/* A Kafka record to an event: headers are the input's lines up to an empty one ("name:value", "name" alone: a null value), the value is the
 * rest, or null where there is none. What is read can be written in both modes, and is the same when it is read again. */
#include "common/cloudevents/kafka.h"
#include "common/memory.h"
#include "tests/fuzz/fuzz.h"

static size_t split(struct ump_text input, struct ump_kafka_field *headers, size_t room, struct ump_text *ret_value)
{
	size_t count = 0;

	*ret_value = UMP_TEXT_NONE;
	while (input.size > 0) {
		const char *end = memchr(input.start, '\n', input.size);
		struct ump_text line = {input.start, end ? (size_t)(end - input.start) : input.size};
		const char *colon = memchr(line.start, ':', line.size);

		input.start += line.size + (end != NULL);
		input.size -= line.size + (end != NULL);
		if (line.size == 0 || count == room) {
			*ret_value = input;
			break;
		}
		size_t name = colon ? (size_t)(colon - line.start) : line.size;

		headers[count++] = (struct ump_kafka_field){{line.start, name},
							    colon ? (struct ump_text){colon + 1, line.size - name - 1} : UMP_TEXT_NONE};
	}
	return count;
}

static void check_again(const struct ump_event *event, enum ump_kafka_mode mode)
{
	ump_cleanup(ump_kafka_message_release) struct ump_kafka_message message = {0};
	ump_cleanup(ump_event_release) struct ump_event again = {0};
	struct ump_error error;

	must(ump_event_to_kafka(event, mode, &message, &error) == 0);
	must(ump_event_from_kafka(&again, message.headers, message.header_count, message.value, &error) == 0);
	must((again.data_kind == UMP_DATA_NONE) == (event->data_kind == UMP_DATA_NONE));
	for (size_t i = 0; i < event->count; i++) {
		const struct ump_attribute *attribute = &event->attributes[i];
		ump_cleanup_free char *name = ump_copy_bytes(attribute->name.start, attribute->name.size);

		must(ump_text_equals(ump_event_get(&again, name), attribute->value));
	}
	bool is_binary = ump_kafka_mode(message.headers, message.header_count) == UMP_KAFKA_BINARY;
	must(is_binary ? ump_text_equals(again.data, event->data) : ump_text_equals(ump_text_trim(again.data), ump_text_trim(event->data)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ump_kafka_field headers[100];
	struct ump_text value;
	size_t count = split(fuzz_text(bytes, size), headers, 100, &value);
	ump_cleanup(ump_event_release) struct ump_event event = {0};
	struct ump_error error;

	if (ump_event_from_kafka(&event, headers, count, value, &error) < 0) {
		must(error.kind == UMP_REJECT && *error.text);
		return 0;
	}
	must(ump_event_validate(&event, &error) == 0);
	check_again(&event, UMP_KAFKA_BINARY);
	check_again(&event, UMP_KAFKA_STRUCTURED);
	return 0;
}
