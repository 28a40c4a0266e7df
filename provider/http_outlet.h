/* provider/http_outlet.h: the simulator's events over HTTP, for networks where brokers cannot be reached.
 *
 * Two forms: a CloudEvent in structured mode to whatever takes these (the provider's own /events, the ingress of a Knative Broker), and the
 * records of Strimzi's Kafka Bridge with JSON embedded, where attributes are record headers and key and value are JSON (so the key has
 * quotes).
 *
 * At least once: what gets no answer, or one of 404, 408, 409, 429 and 5xx, is sent again after a pause that doubles up to 5 s, or for as
 * long as Retry-After says, until its time is over. Requests run side by side, so events may arrive in another order. */
#pragma once
#include "common/cloudevents/event.h"
#include "common/kafka/producer.h"

enum http_outlet_form { HTTP_OUTLET_EVENTS, HTTP_OUTLET_BRIDGE };

struct http_outlet;

struct http_outlet_options {
	struct ump_loop *loop;
	enum http_outlet_form form;
	const char *url;   /* of HTTP_OUTLET_BRIDGE, with the path of its API: topics/NAME is put behind it */
	const char *topic; /* of HTTP_OUTLET_BRIDGE */
	const char *token; /* for Authorization: Bearer, or NULL */
	size_t most;       /* requests on their way or waiting to be sent again */
	int64_t limit_us;  /* an event's whole time */
	void (*delivered)(void *context, const struct ump_delivery *delivery); /* partition and offset: -1 where nobody says */
	void (*writable)(void *context);
	void *context;
};

int http_outlet_new(struct http_outlet **ret_outlet, const struct http_outlet_options *options, struct ump_error *error);
void http_outlet_free(struct http_outlet *outlet); /* gives up what is on its way, without completions; accepts NULL */

/* As ump_producer_send(): UMP_RETRY where as many are on their way as may be, and `writable` follows. */
int http_outlet_send(struct http_outlet *outlet, const struct ump_event *event, void *opaque, struct ump_error *error);
