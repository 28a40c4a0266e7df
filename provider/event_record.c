#include "provider/event_record.h"

int event_fill(const struct event_form *form, struct ump_event *ret_event, struct ump_error *error)
{
	const struct {
		const char *name, *value;
		enum ump_attribute_type type;
	} attributes[] = {
		{"specversion", "1.0", UMP_ATTRIBUTE_STRING},          {"id", form->id, UMP_ATTRIBUTE_STRING},
		{"source", form->source, UMP_ATTRIBUTE_URI_REFERENCE}, {"type", form->type, UMP_ATTRIBUTE_STRING},
		{"subject", form->player, UMP_ATTRIBUTE_STRING},       {"time", form->time, UMP_ATTRIBUTE_TIMESTAMP},
		{"partitionkey", form->player, UMP_ATTRIBUTE_STRING},  {"datacontenttype", "application/json", UMP_ATTRIBUTE_STRING}};
	ump_event_reset(ret_event);
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
		if (ump_event_set(ret_event, ump_text(attributes[i].name), ump_text(attributes[i].value), attributes[i].type, error))
			return -1;
	ret_event->data = form->data;
	ret_event->data_kind = UMP_DATA_JSON;
	return 0;
}

int event_to_record(const struct ump_event *event, const char *topic, struct ump_kafka_message *message, struct ump_record *ret_record,
		    struct ump_error *error)
{
	struct ump_text key = ump_event_get(event, "partitionkey");
	ump_kafka_message_reset(message);
	if (ump_event_to_kafka(event, UMP_KAFKA_BINARY, message, error))
		return -1;
	*ret_record = (struct ump_record){
		.topic = topic,
		.partition = -1,
		.key = key.start ? key : ump_event_get(event, "subject"),
		.value = message->value,
		.headers = message->headers,
		.header_count = message->header_count,
	};
	return 0;
}
