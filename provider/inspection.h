/* provider/inspection.h: one event as the page's inspector shows it, as JSON. Pure. */
#pragma once
#include "provider/archive.h"

struct inspection {
	const struct archive_record *hit;
	const struct archive_record *verdict; /* NULL: none is known */
	const char *hit_topic, *verdict_topic;
	int64_t committed; /* offset of the hit's partition up to which the adapter has committed; -1: not known */
};

/* {"hit": {attributes, topic, partition, offset, key, made, stored, read, http}, "verdict": {…} or null, "committed": true, false or null}.
 * "read" is null, and a verdict that is there is not known, where the hit was read back from Kafka.
 * The HTTP form is that in which the adapter sends it, in binary mode. free() releases it; NULL where a record is no event. */
char *inspection_write(const struct inspection *inspection);
