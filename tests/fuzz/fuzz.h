/* tests/fuzz/fuzz.h: what the targets share. */
#pragma once
#include "common/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* An assertion that stays, and that the fuzzer takes for a find. */
#define must(condition)           \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/* The input as a view. */
static inline struct ump_text fuzz_text(const uint8_t *bytes, size_t size)
{
	return (struct ump_text){size ? (const char *)bytes : "", size};
}
