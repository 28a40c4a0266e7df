/* The JSON event format: an event that is read can be written, and is the same when it is read again. */
#include "common/cloudevents/json.h"
#include "common/memory.h"
#include "tests/fuzz/fuzz.h"

static int check_again(void *context, const struct ump_event *event, struct ump_error *error)
{
	ump_cleanup(ump_event_release) struct ump_event again = {0};
	ump_cleanup(ump_buffer_release) struct ump_buffer out = {0};
	(void)context;
	if (ump_event_to_json(event, &out, error) < 0)
		return 0; /* data whose kind and type do not go together */
	must(ump_event_from_json(&again, ump_buffer_text(&out), error) == 0);
	must(again.count == event->count);
	for (size_t i = 0; i < event->count; i++) {
		const struct ump_attribute *attribute = &event->attributes[i];
		ump_cleanup_free char *name = ump_copy_bytes(attribute->name.start, attribute->name.size);
		must(ump_text_equals(ump_event_get(&again, name), attribute->value));
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ump_text document = fuzz_text(bytes, size);
	ump_cleanup(ump_event_release) struct ump_event event = {0};
	struct ump_error error;
	if (ump_event_from_json(&event, document, &error) == 0) {
		must(ump_event_validate(&event, &error) == 0);
		check_again(NULL, &event, &error);
	}
	ump_batch_from_json(document, 100, check_again, NULL, &error);
	return 0;
}
