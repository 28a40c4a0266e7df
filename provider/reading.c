#include "provider/reading.h"

bool event_open(struct ump_event *event, const struct ump_kafka_field *headers, size_t count, struct ump_text value)
{
	struct ump_error error;
	ump_event_reset(event);
	return ump_kafka_mode(headers, count) != UMP_KAFKA_NOT_CLOUDEVENT &&
	       ump_event_from_kafka(event, headers, count, value, &error) == 0;
}

static json_t *object_of(const struct ump_event *event)
{
	/* In binary mode data is bytes, and the media type says what they are. */
	if (event->data_kind != UMP_DATA_JSON &&
	    (event->data_kind != UMP_DATA_BINARY || !ump_media_type_is_json(ump_event_get(event, "datacontenttype"))))
		return NULL;
	json_t *data = json_loadb(event->data.start, event->data.size, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(data))
		return data;
	json_decref(data);
	return NULL;
}

static struct ump_text text_at(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	return json_is_string(value) ? (struct ump_text){json_string_value(value), json_string_length(value)} : UMP_TEXT_NONE;
}

static bool number_at(const json_t *object, const char *name, double *ret_number)
{
	const json_t *value = json_object_get(object, name);
	*ret_number = json_number_value(value);
	return json_is_number(value);
}

/* Which member holds what is counted: by the event's type. */
static const char *value_name(struct ump_text type)
{
	static const struct {
		const char *type, *name;
	} names[] = {{"game.hits", "hits"},
		     {"bonus", "shots"},
		     {"web.activity", "requests"},
		     {"metrics.sample", "percent"},
		     {"log.summary", "errors"}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (ump_text_equals(type, ump_text(names[i].type)))
			return names[i].name;
	return NULL;
}

bool hit_read(const struct ump_event *event, struct hit_reading *ret_hit)
{
	struct hit_reading hit = {
		.source = ump_event_get(event, "source"), .id = ump_event_get(event, "id"), .type = ump_event_get(event, "type")};
	const char *value = value_name(hit.type);
	if (!value || !(hit.data = object_of(event)))
		return false;
	const json_t *by = json_object_get(hit.data, "by");
	hit.player = by ? text_at(by, "uuid") : text_at(hit.data, "player");
	hit.name = by ? text_at(by, "username") : text_at(hit.data, "name");
	hit.match = text_at(hit.data, "match");
	if (!number_at(hit.data, value, &hit.value) || !hit.player.size) {
		json_decref(hit.data);
		return false;
	}
	*ret_hit = hit;
	return true;
}

void hit_reading_release(struct hit_reading *hit)
{
	json_decref(hit->data);
}

bool verdict_read(const struct ump_event *event, struct verdict_reading *ret_verdict)
{
	struct ump_text type = ump_event_get(event, "type");
	struct verdict_reading verdict = {.id = ump_event_get(event, "id"), .cheating = ump_text_equals(type, UMP_TEXT("audit.fail"))};
	if (!verdict.cheating && !ump_text_equals(type, UMP_TEXT("audit.pass")))
		return false;
	if (!(verdict.data = object_of(event)))
		return false;
	const json_t *about = json_object_get(verdict.data, "event");
	verdict.event_source = text_at(about, "source");
	verdict.event_id = text_at(about, "id");
	verdict.player = text_at(verdict.data, "player");
	verdict.rule = text_at(verdict.data, "rule");
	number_at(verdict.data, "hits", &verdict.value);
	number_at(verdict.data, "threshold", &verdict.threshold);
	if (!verdict.event_source.size || !verdict.event_id.size || !verdict.player.size) {
		json_decref(verdict.data);
		return false;
	}
	*ret_verdict = verdict;
	return true;
}

void verdict_reading_release(struct verdict_reading *verdict)
{
	json_decref(verdict->data);
}
