#include "source-adapter/parcel.h"
#include "common/memory.h"
#include <stdlib.h>

/* Copies a text to *position and moves that on. */
static struct ump_text move_text(char **position, struct ump_text text)
{
	if (!text.start)
		return text;
	struct ump_text copy = {*position, text.size};
	memcpy(*position, text.start, text.size);
	*position += text.size;
	return copy;
}

struct parcel *parcel_new(const struct ump_record *record)
{
	size_t topic_size = strlen(record->topic) + 1;
	size_t size = topic_size + record->key.size + record->value.size;
	for (size_t i = 0; i < record->header_count; i++)
		size += record->headers[i].name.size + record->headers[i].value.size;
	struct parcel *parcel = ump_allocate(1, sizeof *parcel + record->header_count * sizeof *parcel->headers);
	char *position = parcel->memory = ump_allocate(size + 1, 1); /* one more: an empty text at the end has a place as well */

	parcel->record = *record;
	parcel->record.topic = move_text(&position, (struct ump_text){record->topic, topic_size}).start;
	parcel->record.key = move_text(&position, record->key);
	parcel->record.value = move_text(&position, record->value);
	for (size_t i = 0; i < record->header_count; i++)
		parcel->headers[i] = (struct ump_kafka_field){move_text(&position, record->headers[i].name),
							      move_text(&position, record->headers[i].value)};
	parcel->record.headers = parcel->headers;
	parcel->bytes = sizeof *parcel + record->header_count * sizeof *parcel->headers + size;
	return parcel;
}

void parcel_free(struct parcel *parcel)
{
	if (!parcel)
		return;
	free(parcel->memory);
	free(parcel);
}
