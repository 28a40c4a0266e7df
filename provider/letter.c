#include "provider/letter.h"
#include "common/cloudevents/base64.h"
#include "common/cloudevents/scan.h"
#include "common/memory.h"
#include <inttypes.h>

static struct ump_text header_of(const struct archive_record *record, const char *name)
{
	for (size_t i = 0; i < record->header_count; i++)
		if (ump_text_equals(record->headers[i].name, ump_text(name)))
			return record->headers[i].value;
	return UMP_TEXT_NONE;
}

static void add_text(struct ump_buffer *out, const char *name, struct ump_text text)
{
	ump_buffer_print(out, "\"%s\":", name);
	if (text.start)
		ump_json_quote(out, text);
	else
		ump_buffer_add_string(out, "null");
}

/* What came back: base64, as Knative writes it. */
static void add_reason(struct ump_buffer *out, const struct archive_record *record)
{
	struct ump_text data = header_of(record, "ce_knativeerrordata");
	if (!data.size || !ump_base64_is_valid(data)) {
		add_text(out, "reason", data);
		return;
	}
	ump_cleanup_free char *bytes = ump_allocate(data.size, 1);
	size_t size = ump_base64_decode(data, bytes);
	add_text(out, "reason", (struct ump_text){bytes, size});
}

char *letter_write(const struct archive_record *record, const char *topic)
{
	struct ump_buffer out = {0};
	ump_buffer_add_string(&out, "{\"dead_letter\":{");
	add_text(&out, "topic", ump_text(topic));
	ump_buffer_print(&out, ",\"partition\":%d,\"offset\":%" PRId64 ",\"stored\":%" PRId64 ",", record->where.partition,
			 record->where.offset, record->timestamp_ms);
	add_text(&out, "key", record->key);
	ump_buffer_add_character(&out, ',');
	add_reason(&out, record);
	ump_buffer_add_string(&out, ",\"headers\":[");
	for (size_t i = 0; i < record->header_count; i++) {
		ump_buffer_add_string(&out, i ? ",[" : "[");
		ump_json_quote(&out, record->headers[i].name);
		ump_buffer_add_character(&out, ',');
		ump_json_quote(&out, record->headers[i].value);
		ump_buffer_add_character(&out, ']');
	}
	ump_buffer_add_string(&out, "],");
	add_text(&out, "value", record->value);
	ump_buffer_add_string(&out, "}}\n");
	return out.start;
}

void letter_summarise(struct ump_buffer *out, const struct archive_key *where, const struct archive_record *record)
{
	ump_buffer_print(out, "{\"partition\":%d,\"offset\":%" PRId64, where->partition, where->offset);
	if (record) {
		ump_buffer_print(out, ",\"stored\":%" PRId64 ",", record->timestamp_ms);
		add_text(out, "key", record->key);
		ump_buffer_add_character(out, ',');
		add_text(out, "id", header_of(record, "ce_id"));
		ump_buffer_add_character(out, ',');
		add_text(out, "code", header_of(record, "ce_knativeerrorcode"));
		ump_buffer_add_character(out, ',');
		add_reason(out, record);
	}
	ump_buffer_add_character(out, '}');
}
