#include "provider/table.h"
#include "common/memory.h"
#include "provider/random.h"
#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

void table_release(struct table *table)
{
	free(table->slots);
	free(table->entries);
	*table = (struct table){0};
}

static uint64_t hash_of(const struct table *table, struct ump_text name)
{
	uint64_t hash = table->key ^ name.size;
	for (size_t i = 0; i < name.size; i += 8) {
		uint64_t chunk = 0;
		memcpy(&chunk, name.start + i, name.size - i < 8 ? name.size - i : 8);
		hash = random_mix(hash ^ chunk) + table->key;
	}
	return hash;
}

static struct table_entry **slot_of(const struct table *table, struct ump_text name, uint64_t hash)
{
	for (size_t i = hash & (table->capacity - 1);; i = (i + 1) & (table->capacity - 1)) {
		struct table_entry *entry = table->slots[i];
		if (!entry || (entry->hash == hash && ump_text_equals(entry->name, name)))
			return &table->slots[i];
	}
}

static void grow(struct table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : 64;
	if (!table->capacity && getrandom(&table->key, sizeof table->key, GRND_NONBLOCK) != (ssize_t)sizeof table->key)
		table->key = (uint64_t)(uintptr_t)table; /* early at boot: the place in memory is random, too */
	free(table->slots);
	table->slots = ump_allocate(capacity, sizeof(struct table_entry *));
	table->entries = ump_reallocate(table->entries, capacity, sizeof(struct table_entry *));
	table->capacity = capacity;
	for (size_t i = 0; i < table->count; i++) {
		struct table_entry *entry = table->entries[i];
		entry->hash = hash_of(table, entry->name);
		*slot_of(table, entry->name, entry->hash) = entry;
	}
}

struct table_entry *table_find(const struct table *table, struct ump_text name)
{
	return table->capacity ? *slot_of(table, name, hash_of(table, name)) : NULL;
}

void table_add(struct table *table, struct table_entry *entry)
{
	if (table->count * 2 >= table->capacity)
		grow(table);
	entry->hash = hash_of(table, entry->name);
	struct table_entry **slot = slot_of(table, entry->name, entry->hash);
	assert(!*slot);
	*slot = entry;
	table->entries[table->count++] = entry;
}
