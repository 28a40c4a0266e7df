/* tests/bench/measure.c */
#include "tests/bench/measure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>

enum { STEPS = 64 };

int64_t measure_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

int64_t measure_cpu(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* Up to 127 each has its own count; then 64 for each doubling. */
static size_t index_of(int64_t value)
{
	unsigned shift = 0;
	while (value >> shift >= 2 * STEPS)
		shift++;
	return shift * STEPS + (size_t)(value >> shift);
}

static int64_t value_of(size_t index)
{
	size_t shift = index < STEPS ? 0 : index / STEPS - 1;
	return (int64_t)(index - shift * STEPS) << shift;
}

void histogram_add(struct histogram *histogram, int64_t microseconds)
{
	if (microseconds < 0)
		microseconds = 0;
	if (microseconds >= INT64_C(1) << 40)
		microseconds = (INT64_C(1) << 40) - 1;
	histogram->counts[index_of(microseconds)]++;
	histogram->total++;
	if (microseconds > histogram->largest)
		histogram->largest = microseconds;
}

int64_t histogram_share(const struct histogram *histogram, double share)
{
	uint64_t seen = 0;
	for (size_t i = 0; i < sizeof histogram->counts / sizeof *histogram->counts; i++) {
		seen += histogram->counts[i];
		if (seen > 0 && (double)seen >= share * (double)histogram->total)
			return value_of(i);
	}
	return 0;
}

void histogram_print(const struct histogram *histogram, FILE *out)
{
	fprintf(out, "{\"count\":%" PRIu64 ",\"p50_us\":%" PRId64 ",\"p99_us\":%" PRId64 ",\"p999_us\":%" PRId64 ",\"max_us\":%" PRId64 "}",
		histogram->total, histogram_share(histogram, 0.5), histogram_share(histogram, 0.99), histogram_share(histogram, 0.999),
		histogram->largest);
}

int64_t measure_number(const char *option, const char *text, int64_t maximum)
{
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (end == text || *end || errno || number < 0 || number > maximum) {
		fprintf(stderr, "--%s: expected a number from 0 to %" PRId64 ", found \"%s\"\n", option, maximum, text);
		exit(EX_USAGE);
	}
	return number;
}
