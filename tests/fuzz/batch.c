/* Batches: none of the events is seen where one of them is bad, and the events that are seen can be written as a batch, which has the same
 * ones. */
#include "common/cloudevents/json.h"
#include "common/memory.h"
#include "tests/fuzz/fuzz.h"

enum { MAXIMUM = 20 };

struct seen {
	struct ump_buffer events; /* as they are written, each with a comma */
	size_t count;
};

static int see(void *context, const struct ump_event *event, struct ump_error *error)
{
	struct seen *seen = context;

	must(++seen->count <= MAXIMUM && ump_event_validate(event, error) == 0);
	must(ump_event_to_json(event, &seen->events, error) == 0);
	ump_buffer_add_character(&seen->events, ',');
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer batch = {0};
	struct seen once = {0}, again = {0};
	struct ump_error error;

	if (ump_batch_from_json(fuzz_text(bytes, size), MAXIMUM, see, &once, &error) < 0) {
		must(once.count == 0 && *error.text);
	} else {
		ump_buffer_add_character(&batch, '[');
		ump_buffer_add(&batch, once.events.start, once.count ? once.events.size - 1 : 0);
		ump_buffer_add_character(&batch, ']');
		must(ump_batch_from_json(ump_buffer_text(&batch), MAXIMUM, see, &again, &error) == 0);
		must(once.count == again.count && ump_text_equals(ump_buffer_text(&once.events), ump_buffer_text(&again.events)));
	}
	ump_buffer_release(&once.events);
	ump_buffer_release(&again.events);
	return 0;
}
