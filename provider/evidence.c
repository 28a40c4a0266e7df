#include "provider/evidence.h"
#include "common/memory.h"
#include "provider/inspection.h"
#include "provider/letter.h"
#include <stdlib.h>

#define EVENTS_SIZE  ((size_t)8 << 20) /* bytes, and as many for what was flagged */
#define LETTERS_SIZE ((size_t)1 << 20)

struct evidence {
	struct evidence_topics topics;
	struct archive *events, *letters;
	struct archive_key latest[EVIDENCE_DEAD_LETTERS]; /* number n at n % EVIDENCE_DEAD_LETTERS */
	uint64_t letter_count;
};

struct evidence *evidence_new(const struct evidence_topics *topics)
{
	struct evidence *evidence = ump_allocate(1, sizeof *evidence);
	evidence->topics = *topics;
	evidence->events = archive_new(EVENTS_SIZE);
	evidence->letters = archive_new(LETTERS_SIZE);
	return evidence;
}

void evidence_free(struct evidence *evidence)
{
	if (!evidence)
		return;
	archive_free(evidence->events);
	archive_free(evidence->letters);
	free(evidence);
}

void evidence_keep(struct evidence *evidence, const struct archive_record *record)
{
	if (record->where.kind != ARCHIVE_DEAD_LETTER) {
		archive_keep(evidence->events, record);
		return;
	}
	archive_keep(evidence->letters, record);
	evidence->latest[evidence->letter_count++ % EVIDENCE_DEAD_LETTERS] = record->where;
}

void evidence_pair(struct evidence *evidence, const struct archive_key *hit, const struct archive_key *verdict, bool flagged)
{
	archive_pair(evidence->events, hit, verdict, flagged);
}

const struct archive_record *evidence_find(const struct evidence *evidence, const struct archive_key *where)
{
	return archive_find(where->kind == ARCHIVE_DEAD_LETTER ? evidence->letters : evidence->events, where);
}

char *evidence_write(const struct evidence *evidence, const struct archive_record *record, int64_t committed)
{
	if (record->where.kind == ARCHIVE_DEAD_LETTER)
		return letter_write(record, evidence->topics.dead_letters);
	struct inspection inspection = {
		.hit = record, .hit_topic = evidence->topics.hits, .verdict_topic = evidence->topics.verdicts, .committed = committed};
	if (record->other.partition >= 0)
		inspection.verdict = archive_find(evidence->events, &record->other);
	return inspection_write(&inspection);
}

char *evidence_write_dead_letters(const struct evidence *evidence)
{
	struct ump_buffer out = {0};
	uint64_t count = evidence->letter_count < EVIDENCE_DEAD_LETTERS ? evidence->letter_count : EVIDENCE_DEAD_LETTERS;
	ump_buffer_add_string(&out, "{\"dead_letters\":[");
	for (uint64_t i = 0; i < count; i++) {
		const struct archive_key *where = &evidence->latest[(evidence->letter_count - 1 - i) % EVIDENCE_DEAD_LETTERS];
		if (i)
			ump_buffer_add_character(&out, ',');
		letter_summarise(&out, where, archive_find(evidence->letters, where));
	}
	ump_buffer_add_string(&out, "]}\n");
	return out.start;
}
