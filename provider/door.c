#include "provider/door.h"
#include "common/memory.h"
#include "provider/guest.h"
#include "provider/metrics.h"
#include "provider/site.h"
#include <stdio.h>

#define RETRY_AFTER_S 2 /* where nothing says when it will be better */

/* ---- Answers ---- */

static void count(const struct door *door, int status)
{
	char text[8];
	snprintf(text, sizeof text, "%d", status);
	ump_metrics_series(door->shared->metrics, METRIC_DOOR_REQUESTS, (const char *[]){door->name, text})->value++;
}

void door_answer(const struct door *door, struct ump_request *request, int status, struct ump_text json, const struct ump_header *more,
		 size_t more_count)
{
	count(door, status);
	site_answer_json(request, status, json, more, more_count);
}

void door_refuse(const struct door *door, struct ump_request *request, int status, const char *title, const char *detail, int retry_after_s)
{
	count(door, status);
	ump_request_problem(request, status, title, detail, retry_after_s);
}

void door_refuse_error(const struct door *door, struct ump_request *request, const struct ump_error *error)
{
	if (error->kind == UMP_REJECT)
		door_refuse(door, request, 400, "Not accepted", error->text, 0);
	else
		door_refuse(door, request, 503, "Not now", error->text, RETRY_AFTER_S);
}

bool door_may_send(const struct door *door, struct ump_request *request)
{
	const char *why = receipts_refusal(door->shared->receipts);
	if (why)
		door_refuse(door, request, 503, "Not now", why, RETRY_AFTER_S);
	return !why;
}

/* ---- Who may come in ---- */

static bool has_method(const char *methods, struct ump_text method)
{
	for (const char *start = methods; *start;) {
		size_t size = strcspn(start, ",");
		if (ump_text_equals((struct ump_text){start, size}, method))
			return true;
		start += size + strspn(start + size, ", ");
	}
	return false;
}

static void refuse_method(const struct door *door, struct ump_request *request, const char *methods)
{
	const struct ump_header headers[] = {{UMP_TEXT("Allow"), ump_text(methods)},
					     {UMP_TEXT("Content-Type"), UMP_TEXT("application/problem+json")}};
	count(door, 405);
	ump_request_answer(request,
			   &(struct ump_answer){405, headers, 2, UMP_TEXT("{\"title\":\"Another method\",\"status\":405}\n"), true});
}

uint64_t door_sender(const struct door *door, struct ump_request *request)
{
	size_t count;
	const struct ump_header *headers = ump_request_headers(request, &count);
	return sender_key(ump_request_peer(request), headers, count, door->shared->trusted, door->shared->trusted_count);
}

bool door_has_room(const struct door *door, struct ump_request *request, struct limiter *limiter, const char *limit, uint64_t key)
{
	int64_t wait_us;
	enum limiter_answer answer = limiter_take(limiter, key, ump_loop_now(door->shared->loop), &wait_us);
	if (answer == LIMITER_GOOD)
		return true;
	const char *label = answer == LIMITER_FULL ? "keys" : limit;
	ump_metrics_series(door->shared->metrics, METRIC_DOOR_LIMITED, (const char *[]){label})->value++;
	door_refuse(door, request, 429, "Too many requests",
		    answer == LIMITER_FULL ? "more are busy here than this server tells apart" : "slower, please",
		    (int)((wait_us + UMP_SECOND - 1) / UMP_SECOND));
	return false;
}

bool door_admits(const struct door *door, struct ump_request *request, const char *methods)
{
	struct ump_text origin = ump_request_header(request, "Origin"), host = ump_request_header(request, "Host");
	if (!has_method(methods, ump_request_method(request)))
		refuse_method(door, request, methods);
	else if (!sender_is_ours(origin, host, door->shared->config->pages.public_url))
		door_refuse(door, request, 403, "A foreign page", "the page that sent this is not one of this server's", 0);
	else
		return door_has_room(door, request, door->shared->addresses, "address", door_sender(door, request));
	return false;
}

static void refuse_without_token(const struct door *door, struct ump_request *request)
{
	static const struct ump_header headers[] = {{{"WWW-Authenticate", 16}, {"Bearer realm=\"umpire\"", 21}},
						    {{"Content-Type", 12}, {"application/problem+json", 24}}};
	count(door, 401);
	ump_request_answer(request, &(struct ump_answer){401, headers, 2,
							 UMP_TEXT("{\"title\":\"The admin token is needed\",\"status\":401,"
								  "\"detail\":\"send it as Authorization: Bearer TOKEN\"}\n"),
							 true});
}

bool door_knows_admin(const struct door *door, struct ump_request *request)
{
	struct ump_text value = ump_request_header(request, "Authorization"), scheme = UMP_TEXT("Bearer ");
	if (!ump_text_starts_with_ignoring_case(value, scheme)) {
		refuse_without_token(door, request);
		return false;
	}
	struct ump_text given = ump_text_trim((struct ump_text){value.start + scheme.size, value.size - scheme.size});
	if (guest_same_secret(given, ump_text(door->shared->token)))
		return true;
	door_refuse(door, request, 403, "Another token", "this is not the admin token of this server", 0);
	return false;
}

static bool is_neighbour(const struct door *door, struct ump_request *request)
{
	static const char *const of_proxies[] = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};
	for (size_t i = 0; i < sizeof of_proxies / sizeof *of_proxies; i++)
		if (ump_request_header(request, of_proxies[i]).start)
			return false;
	return door->shared->listening && sender_is_loopback(ump_text(door->shared->listening)) &&
	       sender_is_loopback(ump_request_header(request, "Host"));
}

bool door_knows_admin_or_neighbour(const struct door *door, struct ump_request *request)
{
	if (!ump_request_header(request, "Authorization").start && is_neighbour(door, request))
		return true;
	return door_knows_admin(door, request);
}
