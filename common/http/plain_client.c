/* common/http/plain_client.c: calls over http, their turn, and where they go.
 *
 * libcurl's way of an exchange costs three times the processor time of the system calls that it needs; the adapter does little else. So
 * http has a client of its own behind the same header; https stays with libcurl, where cryptography costs more than anything here.
 *
 * A call takes the connection to its host and port that was used last; else a new one is opened, up to the limit; else it waits in one
 * queue, in order. Names are looked up when a connection is to be opened, and remembered for a while. */
#include "common/http/plain_private.h"
#include "common/memory.h"
#include <stdlib.h>

#define CALLS_KEPT     256
#define TARGETS_MOST   64
#define ADDRESSES_HOLD (30 * UMP_SECOND)
#define IDLE_LONGEST   (60 * UMP_SECOND) /* network equipment forgets silent connections */

/* ---- Calls ---- */

static void unqueue(struct plain_call *call)
{
	struct plain_client *client = call->client;

	if (!call->queued)
		return;
	*(call->previous ? &call->previous->next : &client->first) = call->next;
	*(call->next ? &call->next->previous : &client->last) = call->previous;
	call->queued = false;
}

static void enqueue(struct plain_call *call, bool in_front)
{
	struct plain_client *client = call->client;

	call->queued = true;
	call->next = in_front ? client->first : NULL;
	call->previous = in_front ? NULL : client->last;
	*(call->previous ? &call->previous->next : &client->first) = call;
	*(call->next ? &call->next->previous : &client->last) = call;
}

static void release_call(struct plain_call *call)
{
	ump_buffer_release(&call->head);
	free(call);
}

static void drop_call(struct plain_call *call)
{
	struct plain_client *client = call->client;

	unqueue(call);
	ump_timer_cancel(client->loop, &call->timer);
	call->target->calls--;
	*(call->newer ? &call->newer->older : &client->newest) = call->older;
	if (call->older)
		call->older->newer = call->newer;
	if (client->kept_count == CALLS_KEPT) {
		release_call(call);
		return;
	}
	call->next = client->kept;
	client->kept = call;
	client->kept_count++;
}

void ump_plain_finished(struct plain_call *call, const struct ump_reply *reply)
{
	ump_reply_fn *done = call->base.done;
	void *context = call->base.context;

	drop_call(call);
	done(context, reply);
}

static void expired(void *context)
{
	struct plain_call *call = context;
	struct plain_client *client = call->client;
	const struct ump_reply reply = {.failure = call->failure ? call->failure : "timeout"};

	if (call->connection)
		ump_plain_close(call->connection);
	unqueue(call);
	ump_plain_dispatch(client);
	ump_plain_finished(call, &reply);
}

void ump_plain_fail(struct plain_call *call, const char *failure)
{
	call->failure = failure;
	ump_timer_set(call->client->loop, &call->timer, ump_loop_now(call->client->loop), expired, call);
}

void ump_plain_retry(struct plain_call *call)
{
	call->retried = true;
	enqueue(call, true);
}

void ump_plain_cancel(struct ump_call *base)
{
	struct plain_call *call = (struct plain_call *)base;
	struct plain_client *client = call->client;

	if (call->connection)
		ump_plain_close(call->connection);
	drop_call(call);
	ump_plain_dispatch(client);
}

/* ---- Targets ---- */

static void resolved(void *context, const struct ump_addresses *addresses)
{
	struct plain_target *target = context;
	struct plain_client *client = target->client;

	target->lookup = NULL;
	if (addresses->count > 0) {
		target->addresses = *addresses;
		target->resolved_at = ump_loop_now(client->loop);
	} else if (target->addresses.count > 0) { /* better the old ones than none, while the name server does not answer */
		target->resolved_at = ump_loop_now(client->loop);
	} else {
		struct plain_call *next;
		for (struct plain_call *call = client->first; call; call = next) {
			next = call->next;
			if (call->target == target) {
				unqueue(call);
				ump_plain_fail(call, "the name of the host is not known");
			}
		}
	}
	ump_plain_dispatch(client);
}

static bool has_addresses(struct plain_target *target)
{
	struct plain_client *client = target->client;

	if (target->addresses.count > 0 && (target->literal || ump_loop_now(client->loop) - target->resolved_at < ADDRESSES_HOLD))
		return true;
	if (!target->lookup)
		target->lookup = ump_resolve(client->loop, ump_text(target->host), target->port, resolved, target);
	return false;
}

static void free_target(struct plain_target *target)
{
	if (target->lookup)
		ump_resolve_cancel(target->lookup);
	free(target->host);
	free(target->authority);
	free(target);
}

/* Forgets one that nobody uses, from the end. */
static void forget_target(struct plain_client *client)
{
	struct plain_target **unused = NULL;

	for (struct plain_target **target = &client->targets; *target; target = &(*target)->next) {
		if ((*target)->calls == 0)
			unused = target;
	}
	if (!unused)
		return;
	struct plain_target *target = *unused;
	*unused = target->next;
	while (target->idle)
		ump_plain_close(target->idle);
	free_target(target);
	client->target_count--;
}

static struct plain_target *find_target(struct plain_client *client, const struct ump_url *url)
{
	struct plain_target *target;

	for (struct plain_target **link = &client->targets; (target = *link); link = &target->next) {
		if (!ump_text_equals(ump_text(target->authority), url->authority))
			continue;
		if (link != &client->targets) {
			*link = target->next;
			target->next = client->targets;
			client->targets = target;
		}
		return target;
	}
	if (client->target_count >= TARGETS_MOST)
		forget_target(client);
	target = ump_allocate(1, sizeof *target);
	target->client = client;
	target->host = ump_copy_bytes(url->host.start, url->host.size);
	target->authority = ump_copy_bytes(url->authority.start, url->authority.size);
	target->port = url->port;
	target->literal = ump_resolve_literal(&target->addresses, url->host, url->port);
	target->next = client->targets;
	client->targets = target;
	client->target_count++;
	return target;
}

/* ---- Whose turn it is ---- */

/* The connection that has been idle longest, of whichever target. */
static struct plain_connection *oldest_idle(struct plain_client *client)
{
	struct plain_connection *oldest = NULL;

	if (client->idle_count == 0)
		return NULL;
	for (struct plain_connection *connection = client->connections; connection; connection = connection->next) {
		if (!connection->call && (!oldest || connection->idle_since < oldest->idle_since))
			oldest = connection;
	}
	return oldest;
}

/* Gives the call a connection; false: it must wait. */
static bool place(struct plain_call *call)
{
	struct plain_client *client = call->client;
	struct plain_target *target = call->target;
	struct plain_connection *idle;

	while ((idle = target->idle)) {
		if (!call->retried && ump_loop_now(client->loop) - idle->idle_since < IDLE_LONGEST) {
			target->idle = idle->below;
			client->idle_count--;
			ump_plain_begin(idle, call);
			return true;
		}
		ump_plain_close(idle); /* and a second try is never on a used one */
	}
	if (!has_addresses(target)) {
		if (!target->lookup)
			ump_plain_fail(call, "no thread for looking up the name of the host");
		return !target->lookup;
	}
	if (client->connection_count >= client->max_connections) {
		idle = oldest_idle(client);
		if (!idle)
			return false;
		ump_plain_close(idle);
	}
	ump_plain_open(target, call);
	return true;
}

/* From the front; one that waits for its name does not hold up those behind it. */
static void dispatch(void *context)
{
	struct plain_client *client = context;
	struct plain_call *next;

	for (struct plain_call *call = client->first; call; call = next) {
		next = call->next;
		unqueue(call);
		if (place(call))
			continue;
		call->queued = true; /* back to where it was */
		*(call->previous ? &call->previous->next : &client->first) = call;
		*(call->next ? &call->next->previous : &client->last) = call;
		if (client->connection_count >= client->max_connections && client->idle_count == 0)
			return;
	}
}

void ump_plain_dispatch(struct plain_client *client)
{
	if (client->first)
		ump_loop_defer(client->loop, &client->dispatch, dispatch, client);
}

/* ---- A call begins ---- */

static char *put(char *to, const char *from, size_t size)
{
	memcpy(to, from, size);
	return to + size;
}

static char *put_text(char *to, struct ump_text text)
{
	return put(to, text.start, text.size);
}

static char *put_number(char *to, size_t number)
{
	char digits[20], *begin = digits + sizeof digits;

	do {
		*--begin = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return put(to, begin, (size_t)(digits + sizeof digits - begin));
}

static void write_head(struct plain_call *call, const struct ump_url *url, const struct ump_call_options *options)
{
	const struct ump_text method = ump_text(options->method);
	const bool has_length = options->body.size > 0 || !(ump_text_equals(method, UMP_TEXT("GET")) || call->to_head);
	size_t size = 128 + method.size + url->target.size + url->authority.size;

	for (size_t i = 0; i < options->header_count; i++)
		size += options->headers[i].name.size + options->headers[i].value.size + 4;
	ump_buffer_reset(&call->head);
	char *begin = ump_buffer_reserve(&call->head, size), *out = put_text(begin, method);
	*out++ = ' ';
	if (url->target.size == 0 || url->target.start[0] != '/')
		*out++ = '/';
	if (url->target.size > 0)
		out = put_text(out, url->target);
	out = put_text(out, UMP_TEXT(" HTTP/1.1\r\nHost: "));
	out = put_text(out, url->authority);
	out = put(out, "\r\n", 2);
	for (size_t i = 0; i < options->header_count; i++) {
		out = put_text(out, options->headers[i].name);
		out = put(out, ": ", 2);
		if (options->headers[i].value.size > 0)
			out = put_text(out, options->headers[i].value);
		out = put(out, "\r\n", 2);
	}
	if (has_length) {
		out = put_text(out, UMP_TEXT("Content-Length: "));
		out = put_number(out, options->body.size);
		out = put(out, "\r\n", 2);
	}
	out = put(out, "\r\n", 2);
	call->head.size += (size_t)(out - begin);
}

struct ump_call *ump_plain_client_call(struct plain_client *client, const struct ump_url *url, const struct ump_call_options *options)
{
	struct plain_call *call = client->kept;

	if (call) {
		client->kept = call->next;
		client->kept_count--;
	} else {
		call = ump_allocate(1, sizeof *call);
		call->client = client;
	}
	call->target = find_target(client, url);
	call->target->calls++;
	call->connection = NULL;
	call->body = options->body;
	call->max_reply = options->max_reply;
	call->failure = NULL;
	call->to_head = ump_text_equals(ump_text(options->method), UMP_TEXT("HEAD"));
	call->retried = call->queued = false;
	call->newer = NULL;
	call->older = client->newest;
	if (call->older)
		call->older->newer = call;
	client->newest = call;
	write_head(call, url, options);
	if (options->timeout_us > 0)
		ump_timer_set(client->loop, &call->timer, ump_loop_now(client->loop) + options->timeout_us, expired, call);
	if (client->first || !place(call)) {
		enqueue(call, false);
		ump_plain_dispatch(client);
	}
	return &call->base;
}

/* ---- Begin and end ---- */

struct plain_client *ump_plain_client_new(struct ump_loop *loop, const struct ump_client_options *options)
{
	struct plain_client *client = ump_allocate(1, sizeof *client);

	client->loop = loop;
	client->max_connections = options->max_connections;
	client->connect_timeout_us = options->connect_timeout_us;
	return client;
}

void ump_plain_client_free(struct plain_client *client)
{
	if (!client)
		return;
	while (client->connections)
		ump_plain_close(client->connections);
	while (client->newest)
		drop_call(client->newest);
	ump_loop_cancel(client->loop, &client->dispatch);
	while (client->targets) {
		struct plain_target *target = client->targets;
		client->targets = target->next;
		free_target(target);
	}
	while (client->kept) {
		struct plain_call *call = client->kept;
		client->kept = call->next;
		release_call(call);
	}
	free(client);
}
