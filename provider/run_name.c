#include "provider/run_name.h"
#include <stdio.h>

int run_check(const char *run, struct ump_error *error)
{
	size_t size = strlen(run);
	if (!size || size >= RUN_SIZE || strspn(run, RUN_LETTERS) != size)
		return ump_fail(error, UMP_REJECT, "expected 1 to %d letters, digits, '.', '_' or '-', found \"%.80s\"", RUN_SIZE - 1, run);
	return 0;
}

void run_source(char source[RUN_SOURCE_SIZE], const char *run)
{
	snprintf(source, RUN_SOURCE_SIZE, RUN_SOURCE "%s", run);
}

struct ump_text run_of(struct ump_text source)
{
	struct ump_text prefix = UMP_TEXT(RUN_SOURCE);
	if (!ump_text_starts_with(source, prefix))
		return source;
	return (struct ump_text){source.start + prefix.size, source.size - prefix.size};
}

bool run_is_source(const char *run, struct ump_text source)
{
	struct ump_text rest = run_of(source);
	return rest.size != source.size && ump_text_equals(rest, ump_text(run));
}

bool run_contains(const char *run, struct ump_text source)
{
	struct ump_text rest = run_of(source), name = ump_text(run);
	return rest.size != source.size && ump_text_starts_with(rest, name) && (rest.size == name.size || rest.start[name.size] == '/');
}
