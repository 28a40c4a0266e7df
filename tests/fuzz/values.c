/* Durations and sizes: what is read and printed is read as the same again. */
#include "common/config/values.h"
#include "common/memory.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	ump_cleanup_free char *text = ump_copy_bytes((const char *)bytes, size);
	ump_cleanup(ump_buffer_release) struct ump_buffer out = {0};
	struct ump_error error;
	int64_t value, again;
	if (ump_parse_duration(text, &value, &error) == 0) {
		must(value >= 0);
		ump_print_duration(&out, value);
		must(ump_parse_duration(out.start, &again, &error) == 0 && again == value);
	}
	ump_buffer_reset(&out);
	if (ump_parse_size(text, &value, &error) == 0) {
		must(value >= 0);
		ump_print_size(&out, value);
		must(ump_parse_size(out.start, &again, &error) == 0 && again == value);
	}
	static const char *const known[] = {"sink", "topics", "retry-after-max"};
	ump_nearest(text, known, 3);
	return 0;
}
