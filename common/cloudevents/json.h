/* common/cloudevents/json.h: the JSON event format of CloudEvents 1.0, single events and batches.
 *
 * Reading and writing keep the bytes of `data`: a JSON value is a span of the document, never a tree. Duplicate members, data deeper
 * than UMP_JSON_DEPTH and sizes over the caps are refused. Pure. */
#pragma once
#include "common/buffer.h"
#include "common/cloudevents/event.h"

/* Reads one event. Views point into `document` where they can. The event is validated. */
int ump_event_from_json(struct ump_event *ret_event, struct ump_text document, struct ump_error *error);

/* Appends the event as one JSON object. Data stands there as a JSON value where datacontenttype is a type of JSON and the bytes are JSON,
 * as a string where they are text (the data's kind, or text/anything) in UTF-8, else as data_base64; white space around a JSON value is not
 * part of it. `out` keeps its size when this fails. */
int ump_event_to_json(const struct ump_event *event, struct ump_buffer *out, struct ump_error *error);

/* Calls `each` for every event of a batch (a JSON array, perhaps empty), in order, after the whole batch was found valid. Stops at the
 * first -1, returning it. The event is valid during the call. Errors name the element, counted from 1: "event 3 of the batch: …". More than
 * `maximum` events are refused. */
int ump_batch_from_json(struct ump_text document, size_t maximum,
			int (*each)(void *context, const struct ump_event *event, struct ump_error *error), void *context,
			struct ump_error *error);
