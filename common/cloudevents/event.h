/* common/cloudevents/event.h: a CloudEvent 1.0 as a value, and the one validator behind all bindings.
 *
 * Attributes are kept in their canonical string form with the type that they are known to have; data is bytes plus what they are. The bytes
 * of data are never copied nor re-encoded: `data` is a view of the message that the event was read from, or of the writer's memory, and
 * holds as long as that does. Attributes are views too: of the message where it has them as they are, else of memory that the event owns.
 * Pure: no clock, no socket, no global state. */
#pragma once
#include "common/error.h"
#include "common/text.h"

enum ump_attribute_type { /* CloudEvents 1.0, "Type System" */
			  UMP_ATTRIBUTE_STRING,
			  UMP_ATTRIBUTE_BOOLEAN,
			  UMP_ATTRIBUTE_INTEGER,
			  UMP_ATTRIBUTE_BINARY, /* kept as base64 */
			  UMP_ATTRIBUTE_URI,
			  UMP_ATTRIBUTE_URI_REFERENCE,
			  UMP_ATTRIBUTE_TIMESTAMP /* kept as it was written: RFC 3339 */
};

enum ump_data_kind {
	UMP_DATA_NONE,   /* no data at all, which is not the same as empty */
	UMP_DATA_BINARY, /* bytes of which nothing is known */
	UMP_DATA_JSON,   /* the text of one JSON value */
	UMP_DATA_TEXT    /* UTF-8 text: what a JSON string held */
};

struct ump_attribute {
	struct ump_text name;
	struct ump_text value;
	enum ump_attribute_type type;
};

#define UMP_EVENT_ATTRIBUTES     128   /* at most, in one event */
#define UMP_EVENT_ATTRIBUTE_SIZE 65536 /* bytes of a value, at most */

struct ump_event {
	struct ump_attribute attributes[UMP_EVENT_ATTRIBUTES]; /* in the order of their setting; specversion among them */
	size_t count;
	struct ump_text data;
	enum ump_data_kind data_kind;
	struct ump_event_memory *memory; /* private: what the event owns */
};

/* Zeroed memory is an empty event (specversion unset). Reset keeps some memory for the next one, release gives it back. */
void ump_event_reset(struct ump_event *event);
void ump_event_release(struct ump_event *event);

/* Sets an attribute, replacing one of the same name. The view is kept: name and value must live as long as the event. The name is checked
 * ([a-z0-9]+, not "data"), the value is not, until ump_event_validate(). Core attributes get the type that the specification gives them,
 * whatever `type` says. */
int ump_event_set(struct ump_event *event, struct ump_text name, struct ump_text value, enum ump_attribute_type type,
		  struct ump_error *error);

/* The same with a copy of name and value that the event owns. */
int ump_event_set_copy(struct ump_event *event, struct ump_text name, struct ump_text value, enum ump_attribute_type type,
		       struct ump_error *error);

/* The value, or UMP_TEXT_NONE. */
struct ump_text ump_event_get(const struct ump_event *event, const char *name);

/* Takes an attribute out; nothing happens where there is none. */
void ump_event_remove(struct ump_event *event, const char *name);

/* Memory that lives as long as the event (until reset), for values that are put together. */
char *ump_event_allocate(struct ump_event *event, size_t size);

/* 0 when this is a valid CloudEvent 1.0: required attributes, values by their type. An error reads 'time: found "noon", expected an
 * RFC 3339 timestamp'. Error kind UMP_REJECT. */
int ump_event_validate(const struct ump_event *event, struct ump_error *error);

/* One value by its type: what ump_event_validate() does for each. */
int ump_attribute_check(const struct ump_attribute *attribute, struct ump_error *error);

/* What an extension attribute is known to be, where its sender or a specification says so. */
struct ump_attribute_declaration {
	const char *name;
	enum ump_attribute_type type;
};

/* Gives the declared types to the extension attributes that the event has, and checks their values. A value that came without a type (a
 * header, a JSON string) may be of any; one with a type (a JSON number) must be of the declared one. */
int ump_event_declare(struct ump_event *event, const struct ump_attribute_declaration *declared, size_t count, struct ump_error *error);

/* True for anything/json, anything/anything+json, and for none at all (the JSON format's default). */
bool ump_media_type_is_json(struct ump_text media_type);
