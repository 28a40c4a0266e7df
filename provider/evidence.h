/* provider/evidence.h: the records behind the board, for who looks closely at one.
 *
 * The latest hits and verdicts, those that ended in a flag for longer, and the latest dead letters, some ten thousand in all; each as JSON.
 * What is no longer kept can be read back from Kafka (retrieval.h) and written in the same way. Pure. */
#pragma once
#include "provider/archive.h"

#define EVIDENCE_DEAD_LETTERS 16 /* that are listed */

struct evidence;

/* Borrowed. */
struct evidence_topics {
	const char *hits, *verdicts, *dead_letters;
};

struct evidence *evidence_new(const struct evidence_topics *topics);
void evidence_free(struct evidence *evidence); /* accepts NULL */

/* As archive_keep() and archive_pair(). */
void evidence_keep(struct evidence *evidence, const struct archive_record *record);
void evidence_pair(struct evidence *evidence, const struct archive_key *hit, const struct archive_key *verdict, bool flagged);

/* The record there, NULL where it is not kept. Valid until the next evidence_keep() or evidence_pair(). */
const struct archive_record *evidence_find(const struct evidence *evidence, const struct archive_key *where);

/* A hit as inspection.h says, with its verdict as far as it is kept; or a dead letter, as letter.h says. `committed` as in struct
 * inspection. free() releases it; NULL where a hit is no event. */
char *evidence_write(const struct evidence *evidence, const struct archive_record *record, int64_t committed);

/* The latest dead letters, the newest first: {"dead_letters":[…]}. free() releases it. */
char *evidence_write_dead_letters(const struct evidence *evidence);
