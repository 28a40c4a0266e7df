/* source-adapter/delivery.h: one try to deliver a record, or a batch of them: as events, over HTTP, to an answer. */
#pragma once
#include "common/cloudevents/http.h"
#include "common/http/client.h"
#include "source-adapter/filter.h"
#include "source-adapter/mapping.h"
#include "source-adapter/record.h"
#include "source-adapter/token.h"

enum content_mode { CONTENT_BINARY, CONTENT_STRUCTURED, CONTENT_BATCH };

struct delivery;

struct delivery_options {
	struct ump_client *client;
	struct record_pool *pool;
	const struct mapping *mapping;
	const char *sink;
	const char *failed_sink;     /* this is the sink for dead letters of that one: events say why they failed; NULL: it is not */
	const struct token *token;   /* NULL: none is sent */
	const struct filter *filter; /* NULL: all events pass */
	const char *namespace_name;  /* told to the sink, as Knative does */
	enum content_mode content;
	enum ump_header_encoding encoding;
	bool letters;           /* the records are dead letters: what is sent is the event that failed */
	size_t max_batch_bytes; /* of a batch's body; one event may be larger */
	bool replies;           /* whether the sink is told that its replies are used */
	int64_t timeout_us;
	size_t max_reply; /* bytes of an answer that are kept */

	/* The answer has come, or there is none. The reply's views hold during this call. */
	void (*answered)(void *context, struct record *record, const struct ump_reply *reply);
	void *context;
};

struct delivery *delivery_new(const struct delivery_options *options);
void delivery_free(struct delivery *delivery); /* accepts NULL; cancels nothing */

/* Makes the record's event, for delivery_add() or delivery_send() as the next call; where the filter does not let it pass, that is the
 * record's fate. UMP_REJECT: it is no valid event. */
int delivery_prepare(struct delivery *delivery, struct record *record, struct ump_error *error);

/* In batch mode: puts the record's event into the body of the batch that `leader` leads; the leader's own comes first. False, and nothing
 * is changed, where the batch would be too large, or that is no valid event. */
bool delivery_add(struct delivery *delivery, struct record *leader, struct record *record);

/* Sends the record, with the batch that it leads. Fails with UMP_REJECT where it is no valid event, with UMP_RETRY where the call could not
 * begin. */
int delivery_send(struct delivery *delivery, struct record *record, struct ump_error *error);

/* Takes a try back; its answer is not waited for. */
void delivery_cancel(struct record *record);
