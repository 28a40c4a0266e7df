/* provider/door.h: what all doors have in common: who may come in, and how one is answered.
 *
 * A door is a path that takes requests which change something. Before it looks at a request it asks door_admits(), and answers with the
 * functions here, so that every answer is counted. */
#pragma once
#include "common/telemetry/metrics.h"
#include "provider/configuration.h"
#include "provider/limiter.h"
#include "provider/receipt.h"
#include "provider/sender.h"

/* Shared by all doors; doors.c owns it. */
struct door_shared {
	struct ump_loop *loop;
	const struct provider_config *config;
	struct ump_metrics *metrics;
	struct receipts *receipts;
	struct limiter *addresses; /* requests */
	struct sender_network *trusted;
	size_t trusted_count;
	char *token;           /* of the admin */
	const char *listening; /* where the server listens; NULL: not yet */
};

struct door {
	struct door_shared *shared;
	const char *name; /* in metrics */
};

/* False where the request is answered: another method than those in `methods` ("GET, POST"), a foreign page, too many from its address. */
bool door_admits(const struct door *door, struct ump_request *request, const char *methods);

/* False where the request is answered: it has no admin token (401), or a wrong one (403). */
bool door_knows_admin(const struct door *door, struct ump_request *request);

/* The same, but without a token it is enough to be on this machine: the server listens on a loopback address, was called by it, and no
 * proxy stands in between. */
bool door_knows_admin_or_neighbour(const struct door *door, struct ump_request *request);

/* False where the request is answered with 429: `key` takes too much of `limiter`, which the metric calls `limit`. */
bool door_has_room(const struct door *door, struct ump_request *request, struct limiter *limiter, const char *limit, uint64_t key);

uint64_t door_sender(const struct door *door, struct ump_request *request);

/* Answers; `json` and `more` headers are copied. */
void door_answer(const struct door *door, struct ump_request *request, int status, struct ump_text json, const struct ump_header *more,
		 size_t more_count);
void door_refuse(const struct door *door, struct ump_request *request, int status, const char *title, const char *detail,
		 int retry_after_s);

/* By the kind of error: 400 for what will be refused again, 503 with Retry-After for what may go later. */
void door_refuse_error(const struct door *door, struct ump_request *request, const struct ump_error *error);

/* False where the request is answered with 503: no record should be sent now. */
bool door_may_send(const struct door *door, struct ump_request *request);
