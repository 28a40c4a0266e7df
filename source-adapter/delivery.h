/* source-adapter/delivery.h: one try to deliver a record: as an event, over HTTP, to an answer. */
#pragma once
#include "common/cloudevents/http.h"
#include "common/http/client.h"
#include "source-adapter/mapping.h"
#include "source-adapter/record.h"

struct delivery;

struct delivery_options {
	struct ump_client *client;
	struct record_pool *pool;
	const struct mapping *mapping;
	const char *sink;
	const char *namespace_name; /* told to the sink, as Knative does */
	enum ump_header_encoding encoding;
	bool letters; /* the records are dead letters: what is sent is the event that failed */
	bool replies; /* whether the sink is told that its replies are used */
	int64_t timeout_us;
	size_t max_reply; /* bytes of an answer that are kept */

	/* The answer has come, or there is none. The reply's views hold during this call. */
	void (*answered)(void *context, struct record *record, const struct ump_reply *reply);
	void *context;
};

struct delivery *delivery_new(const struct delivery_options *options);
void delivery_free(struct delivery *delivery); /* accepts NULL; cancels nothing */

/* Sends the record. Fails with UMP_REJECT where it is no valid event, with UMP_RETRY where the call could not begin. */
int delivery_send(struct delivery *delivery, struct record *record, struct ump_error *error);

/* Takes a try back; its answer is not waited for. */
void delivery_cancel(struct record *record);
