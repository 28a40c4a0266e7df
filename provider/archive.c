#include "provider/archive.h"
#include "common/memory.h"
#include "provider/random.h"
#include <stdlib.h>

/* One block of memory with all that it points to. On exactly one shelf. */
struct entry {
	struct archive_record record; /* first */
	size_t size;
	struct entry *bucket_next;
	struct entry *newer, *older;
	struct shelf *shelf;
};

/* Newest at one end, oldest at the other. */
struct shelf {
	struct entry *newest, *oldest;
	size_t bytes, max_bytes;
};

struct archive {
	struct shelf latest, flagged;
	struct entry *buckets[ARCHIVE_BUCKETS];
};

struct archive *archive_new(size_t max_bytes)
{
	struct archive *archive = ump_allocate(1, sizeof *archive);
	archive->latest.max_bytes = archive->flagged.max_bytes = max_bytes;
	return archive;
}

static struct entry **bucket_of(struct archive *archive, const struct archive_key *where)
{
	uint64_t mixed = random_mix((uint64_t)where->offset * 4 + where->kind + ((uint64_t)(uint32_t)where->partition << 40));
	return &archive->buckets[mixed % ARCHIVE_BUCKETS];
}

static bool is_at(const struct entry *entry, const struct archive_key *where)
{
	const struct archive_key *own = &entry->record.where;
	return own->kind == where->kind && own->partition == where->partition && own->offset == where->offset;
}

static struct entry *find(const struct archive *archive, const struct archive_key *where)
{
	struct entry *entry = *bucket_of((struct archive *)archive, where);
	while (entry && !is_at(entry, where))
		entry = entry->bucket_next;
	return entry;
}

/* ---- Shelves ---- */

static void take_off(struct entry *entry)
{
	struct shelf *shelf = entry->shelf;
	*(entry->newer ? &entry->newer->older : &shelf->newest) = entry->older;
	*(entry->older ? &entry->older->newer : &shelf->oldest) = entry->newer;
	shelf->bytes -= entry->size;
}

static void throw_away(struct archive *archive, struct entry *entry)
{
	struct entry **link = bucket_of(archive, &entry->record.where);
	while (*link != entry)
		link = &(*link)->bucket_next;
	*link = entry->bucket_next;
	take_off(entry);
	free(entry);
}

static void put_on(struct archive *archive, struct shelf *shelf, struct entry *entry)
{
	entry->shelf = shelf;
	entry->older = shelf->newest;
	entry->newer = NULL;
	*(shelf->newest ? &shelf->newest->newer : &shelf->oldest) = entry;
	shelf->newest = entry;
	shelf->bytes += entry->size;
	while (shelf->bytes > shelf->max_bytes && shelf->oldest)
		throw_away(archive, shelf->oldest);
}

void archive_free(struct archive *archive)
{
	if (!archive)
		return;
	while (archive->latest.oldest)
		throw_away(archive, archive->latest.oldest);
	while (archive->flagged.oldest)
		throw_away(archive, archive->flagged.oldest);
	free(archive);
}

/* ---- Records ---- */

static struct ump_text copy(char **to, struct ump_text text)
{
	if (!text.start)
		return UMP_TEXT_NONE;
	struct ump_text copied = {*to, text.size};
	if (text.size)
		memcpy(*to, text.start, text.size);
	*to += text.size;
	return copied;
}

static struct entry *copy_record(const struct archive_record *record)
{
	size_t fields = record->header_count * sizeof *record->headers, size = record->key.size + record->value.size;
	for (size_t i = 0; i < record->header_count; i++)
		size += record->headers[i].name.size + record->headers[i].value.size;
	struct entry *entry = ump_allocate(1, sizeof *entry + fields + size);
	struct ump_kafka_field *headers = (struct ump_kafka_field *)(entry + 1);
	char *bytes = (char *)(headers + record->header_count);
	entry->size = sizeof *entry + fields + size;
	entry->record = *record;
	entry->record.other.partition = -1;
	entry->record.key = copy(&bytes, record->key);
	entry->record.value = copy(&bytes, record->value);
	entry->record.headers = headers;
	for (size_t i = 0; i < record->header_count; i++) {
		headers[i].name = copy(&bytes, record->headers[i].name);
		headers[i].value = copy(&bytes, record->headers[i].value);
	}
	return entry;
}

struct archive_record *archive_copy(const struct archive_record *record)
{
	return &copy_record(record)->record; /* the first member */
}

void archive_keep(struct archive *archive, const struct archive_record *record)
{
	if (find(archive, &record->where))
		return;
	struct entry *entry = copy_record(record), **bucket = bucket_of(archive, &record->where);
	entry->bucket_next = *bucket;
	*bucket = entry;
	put_on(archive, &archive->latest, entry);
}

void archive_pair(struct archive *archive, const struct archive_key *hit, const struct archive_key *verdict, bool flagged)
{
	const struct archive_key *const ends[] = {hit, verdict, hit};
	for (int i = 0; i < 2; i++) {
		struct entry *entry = find(archive, ends[i]);
		if (!entry)
			continue;
		entry->record.other = *ends[i + 1];
		if (flagged && entry->shelf != &archive->flagged) {
			take_off(entry);
			put_on(archive, &archive->flagged, entry);
		}
	}
}

const struct archive_record *archive_find(const struct archive *archive, const struct archive_key *where)
{
	struct entry *entry = find(archive, where);
	return entry ? &entry->record : NULL;
}
