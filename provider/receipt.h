/* provider/receipt.h: requests that are answered when Kafka has acknowledged their records.
 *
 * A receipt is one request with the records that it brought: it is settled when all of them are acknowledged or given up, or when its time
 * is over, whichever is first. In the second case its records may still arrive: what was refused with 503 may be there all the same, as
 * everywhere in Kafka without transactions. While Kafka is silent (a time is over, and nothing was acknowledged since) one
 * request at a time is let through, to see; the others are refused at once instead of waiting for the same end. */
#pragma once
#include "common/http/server.h"
#include "common/kafka/producer.h"

struct receipts;

struct receipts_options {
	struct ump_loop *loop;
	struct ump_producer *producer;
	int64_t timeout_us;
	const char *(*held)(void *context); /* why nothing may be sent now, or NULL */
	void *context;
};

/* To be the first member of what a door knows of a request; freed with free(). */
struct receipt {
	/* Set by the door: called once, unless the peer has gone. `error` NULL: all is in Kafka, `delivery` being the last acknowledgement.
	 * Else kind UMP_REJECT: these records will be refused again; another: they may go later. */
	void (*settled)(struct receipt *receipt, struct ump_request *request, const struct ump_delivery *delivery,
			const struct ump_error *error);

	/* Private. */
	struct receipts *receipts;
	struct ump_request *request; /* NULL: answered, or gone */
	struct receipt *next, *previous;
	int64_t until;
	size_t waiting; /* for so many acknowledgements, and one more while records are added */
	bool failed, overdue;
	struct ump_error error;
};

struct receipts *receipts_new(const struct receipts_options *options);
void receipts_free(struct receipts *receipts); /* after the server and the producer; accepts NULL */

/* Why a request with records should be refused with 503 now, or NULL. Valid until the next call. */
const char *receipts_refusal(struct receipts *receipts);

/* Begins a receipt for a request, adds records, ends the adding. A record that cannot be sent fails the receipt: then add no more. The
 * request may be answered, and the receipt freed, from inside the last of these. */
void receipt_begin(struct receipts *receipts, struct receipt *receipt, struct ump_request *request);
int receipt_add(struct receipt *receipt, const struct ump_record *record);
void receipt_fail(struct receipt *receipt, const struct ump_error *error); /* for another reason */
void receipt_end(struct receipt *receipt);

/* The request's peer has gone. Accepts requests without a receipt. */
void receipt_gone(struct ump_request *request);

/* A completion of the producer whose opaque pointer is a receipt. */
void receipts_delivered(struct receipts *receipts, const struct ump_delivery *delivery);
