/* provider/letter.h: a dead letter as the page's inspector shows it, as JSON: where it is, why, and what it holds. Pure. */
#pragma once
#include "common/buffer.h"
#include "provider/archive.h"

/* {"dead_letter": {topic, partition, offset, stored, key, reason, headers: [[name, value], …], value}}: the reason is what
 * ce_knativeerrordata says, or null; the headers are all of the record's. free() releases it. */
char *letter_write(const struct archive_record *record, const char *topic);

/* Appends {partition, offset} and, unless `record` is NULL (no longer kept), {stored, key, id, code, reason}, each null where it is
 * not known. */
void letter_summarise(struct ump_buffer *out, const struct archive_key *where, const struct archive_record *record);
