/* common/config/nearest.c: "did you mean". */
#include "common/config/options.h"

#include <string.h>

enum { LONGEST = 64 };

static size_t smaller(size_t left, size_t right)
{
	return left < right ? left : right;
}

/* Insertions, deletions, replacements and swaps of neighbours that make one word of the other. */
static size_t distance(const char *left, size_t left_size, const char *right, size_t right_size)
{
	size_t rows[3][LONGEST + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= right_size; j++)
		above[j] = j;
	for (size_t i = 1; i <= left_size; i++) {
		row[0] = i;
		for (size_t j = 1; j <= right_size; j++) {
			size_t replaced = above[j - 1] + (left[i - 1] != right[j - 1]);
			row[j] = smaller(replaced, smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
		size_t *free_row = before;
		before = above;
		above = row;
		row = free_row;
	}
	return above[right_size];
}

const char *ump_nearest(const char *name, const char *const *known, size_t count)
{
	const char *nearest = NULL;
	size_t size = strlen(name);
	size_t best = size / 3 + 2; /* a third of the letters may be wrong, and one */

	if (size == 0 || size > LONGEST)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t known_size = strlen(known[i]);
		if (known_size > LONGEST)
			continue;
		size_t found = distance(name, size, known[i], known_size);
		if (found < best && found < known_size) {
			best = found;
			nearest = known[i];
		}
	}
	return nearest;
}
