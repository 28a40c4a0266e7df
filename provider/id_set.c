#include "provider/id_set.h"
#include "common/memory.h"
#include <stdlib.h>
#include <string.h>

void id_set_release(struct id_set *set)
{
	free(set->words);
	*set = (struct id_set){0};
}

bool id_set_add(struct id_set *set, uint64_t id)
{
	size_t word = (size_t)(id / 64);
	if (id >= ID_SET_MAXIMUM)
		return false;
	if (word >= set->size) {
		size_t size = word * 2 + 16;
		set->words = ump_reallocate(set->words, size, sizeof *set->words);
		memset(set->words + set->size, 0, (size - set->size) * sizeof *set->words);
		set->size = size;
	}
	uint64_t bit = UINT64_C(1) << (id % 64);
	if (set->words[word] & bit)
		return false;
	set->words[word] |= bit;
	set->count++;
	return true;
}

bool id_set_has(const struct id_set *set, uint64_t id)
{
	return id / 64 < set->size && (set->words[id / 64] >> (id % 64) & 1);
}

uint64_t id_set_next(const struct id_set *set, uint64_t from)
{
	for (size_t word = (size_t)(from / 64); word < set->size; word++) {
		uint64_t bits = set->words[word];
		if (word == from / 64)
			bits &= ~UINT64_C(0) << (from % 64);
		if (bits)
			return (uint64_t)word * 64 + (unsigned)__builtin_ctzll(bits);
	}
	return UINT64_MAX;
}
