#include "provider/hub.h"
#include "common/buffer.h"
#include "common/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define KEPT          128          /* frames: about 13 s at 10 a second */
#define KEPT_BYTES    (4u << 20)   /* of these, at most */
#define BEHIND_BYTES  (256u << 10) /* a browser that has left so many unread, beside a snapshot, gets no more frames */
#define PENDING_BYTES (16u << 20)  /* a snapshot has to fit */

struct hub_client {
	struct hub *hub;
	struct ump_stream *stream;
	struct hub_client *next, *previous;
	bool behind;     /* has missed frames: gets a snapshot when it has taken what is pending */
	size_t snapshot; /* bytes of the one that it may not have taken yet: it is not slow for having been given much at once */
};

struct hub {
	struct hub_options options;
	struct hub_client *clients;
	size_t client_count;
	uint32_t boot;   /* frames of another process are not ours */
	uint64_t number; /* of the latest frame */
	struct ump_buffer frames[KEPT];
	size_t kept_bytes;
	uint64_t kept_from; /* the oldest frame that is kept whole */
	char *snapshot;
	uint64_t snapshot_number;
	uint64_t dropped;
};

struct hub *hub_new(const struct hub_options *options)
{
	struct hub *hub = ump_allocate(1, sizeof *hub);
	hub->options = *options;
	hub->kept_from = 1;
	if (getrandom(&hub->boot, sizeof hub->boot, GRND_NONBLOCK) != (ssize_t)sizeof hub->boot)
		hub->boot = (uint32_t)(uintptr_t)hub;
	return hub;
}

void hub_free(struct hub *hub)
{
	if (!hub)
		return;
	for (size_t i = 0; i < KEPT; i++)
		ump_buffer_release(&hub->frames[i]);
	free(hub->snapshot);
	free(hub);
}

/* ---- Frames ---- */

static void print_frame(const struct hub *hub, struct ump_buffer *out, const char *event, const char *json)
{
	ump_buffer_print(out, "id: %08x-%llu\nevent: %s\ndata: ", hub->boot, (unsigned long long)hub->number, event);
	ump_buffer_add_string(out, json);
	ump_buffer_add_string(out, "\n\n");
}

static struct ump_buffer *frame_of(struct hub *hub, uint64_t number)
{
	return &hub->frames[number % KEPT];
}

static void forget(struct hub *hub)
{
	struct ump_buffer *oldest = frame_of(hub, hub->kept_from++);
	hub->kept_bytes -= oldest->size;
	ump_buffer_reset(oldest);
}

const char *hub_snapshot(struct hub *hub)
{
	if (hub->snapshot && hub->snapshot_number == hub->number)
		return hub->snapshot;
	free(hub->snapshot);
	hub->snapshot = hub->options.snapshot(hub->options.context);
	hub->snapshot_number = hub->number;
	return hub->snapshot;
}

void hub_expire(struct hub *hub)
{
	free(hub->snapshot);
	hub->snapshot = NULL;
}

static void send_snapshot(struct hub *hub, struct hub_client *client)
{
	const char *json = hub_snapshot(hub);
	struct ump_buffer frame = {0};
	if (json)
		print_frame(hub, &frame, "snapshot", json);
	client->behind = !json || ump_stream_write(client->stream, ump_buffer_text(&frame));
	client->snapshot = frame.size;
	ump_buffer_release(&frame);
}

static void send_frame(struct hub *hub, struct hub_client *client, const struct ump_buffer *frame)
{
	if (client->behind)
		return;
	if (ump_stream_pending(client->stream) < BEHIND_BYTES + client->snapshot &&
	    ump_stream_write(client->stream, ump_buffer_text(frame)) == 0)
		return;
	client->behind = true;
	hub->dropped++;
}

void hub_send(struct hub *hub, const char *json)
{
	hub->number++;
	while (hub->number - hub->kept_from >= KEPT || (hub->kept_bytes > KEPT_BYTES && hub->kept_from < hub->number))
		forget(hub);
	struct ump_buffer *frame = frame_of(hub, hub->number);
	print_frame(hub, frame, "update", json);
	hub->kept_bytes += frame->size;
	for (struct hub_client *client = hub->clients, *next; client; client = next) {
		next = client->next; /* a failing write may end in closed() */
		send_frame(hub, client, frame);
	}
}

void hub_keep_alive(struct hub *hub)
{
	for (struct hub_client *client = hub->clients, *next; client; client = next) {
		next = client->next;
		if (!client->behind)
			ump_stream_write(client->stream, UMP_TEXT(": \n\n"));
	}
}

/* ---- Clients ---- */

static void closed(struct ump_stream *stream, void *context)
{
	struct hub_client *client = context;
	struct hub *hub = client->hub;
	(void)stream;
	if (client->next)
		client->next->previous = client->previous;
	if (client->previous)
		client->previous->next = client->next;
	else
		hub->clients = client->next;
	hub->client_count--;
	free(client);
}

static void drained(struct ump_stream *stream, void *context)
{
	struct hub_client *client = context;
	(void)stream;
	client->snapshot = 0;
	if (client->behind)
		send_snapshot(client->hub, client);
}

/* The number of the last frame that a browser says it has, where frames since then are all kept; else 0. */
static uint64_t resume_from(const struct hub *hub, struct ump_request *request)
{
	struct ump_text id = ump_request_header(request, "Last-Event-ID");
	char boot[16];
	uint64_t number;
	snprintf(boot, sizeof boot, "%08x-", hub->boot);
	struct ump_text prefix = ump_text(boot);
	if (!id.start || !ump_text_starts_with(id, prefix))
		return 0;
	struct ump_text digits = {id.start + prefix.size, id.size - prefix.size};
	if (!ump_text_to_number(digits, hub->number, &number) || number + 1 < hub->kept_from)
		return 0;
	return number;
}

void hub_join(struct hub *hub, struct ump_request *request)
{
	if (hub->client_count >= hub->options.max_clients) {
		ump_request_problem(request, 503, "Too many pages", "as many browsers follow this board as it allows", 5);
		return;
	}
	static const struct ump_header headers[] = {{{"Content-Type", 12}, {"text/event-stream; charset=utf-8", 32}},
						    {{"Cache-Control", 13}, {"no-store", 8}},
						    {{"X-Accel-Buffering", 17}, {"no", 2}}};
	struct hub_client *client = ump_allocate(1, sizeof *client);
	uint64_t from = resume_from(hub, request);
	client->hub = hub;
	client->next = hub->clients;
	if (client->next)
		client->next->previous = client;
	hub->clients = client;
	hub->client_count++;
	client->stream = ump_request_stream(request, &(struct ump_stream_options){.headers = headers,
										  .header_count = sizeof headers / sizeof *headers,
										  .max_pending = PENDING_BYTES,
										  .closed = closed,
										  .drained = drained,
										  .context = client});
	if (!from)
		send_snapshot(hub, client);
	for (uint64_t number = from + 1; from && number <= hub->number; number++)
		send_frame(hub, client, frame_of(hub, number));
}

size_t hub_clients(const struct hub *hub)
{
	return hub->client_count;
}

uint64_t hub_dropped(const struct hub *hub)
{
	return hub->dropped;
}
