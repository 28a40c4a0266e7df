/* provider/table.h: from a name to a pointer.
 *
 * Open addressing, keyed so that names from outside cannot be chosen to collide on purpose; what is stored is the owner's and is kept in a
 * list beside, in the order of adding. Names are borrowed from the entry that was added: they must live as long as the table has it. */
#pragma once
#include "common/text.h"

struct table_entry {
	struct ump_text name;
	uint64_t hash; /* private */
};

/* Zeroed memory is an empty table; its key is drawn at the first add. */
struct table {
	struct table_entry **slots;   /* private */
	struct table_entry **entries; /* in the order of their adding */
	size_t capacity;              /* private: a power of two */
	size_t count;
	uint64_t key; /* private */
};

/* Forgets all; what was stored is the owner's to free, before. */
void table_release(struct table *table);

/* The entry of that name, or NULL. */
struct table_entry *table_find(const struct table *table, struct ump_text name);

/* Adds an entry whose name is set and not in the table yet. Embed struct table_entry as the first member. */
void table_add(struct table *table, struct table_entry *entry);
