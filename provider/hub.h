/* provider/hub.h: one stream of frames to many browsers, as server-sent events.
 *
 * A frame is written once and copied to each. The latest ones are kept, so a browser that comes back (Last-Event-ID) gets what it missed;
 * one that cannot, or that has not taken what it was sent, gets a snapshot instead when it is able to: nothing grows with slow readers.
 * Snapshots and frames hold absolute values, so a frame that repeats what a snapshot said does no harm. */
#pragma once
#include "common/http/server.h"

struct hub;

struct hub_options {
	size_t max_clients;
	char *(*snapshot)(void *context); /* the whole state as JSON, from malloc; NULL: not now */
	void *context;
};

struct hub *hub_new(const struct hub_options *options);
void hub_free(struct hub *hub); /* after the server, which closes the streams; accepts NULL */

/* Answers the request with the stream, or with 503. */
void hub_join(struct hub *hub, struct ump_request *request);

/* To all: `json` becomes the next frame. Copied. */
void hub_send(struct hub *hub, const char *json);

/* A comment to all, so that proxies do not close the streams. */
void hub_keep_alive(struct hub *hub);

/* The state as JSON: at most one is made for each frame, however many ask. Valid until the next frame; NULL: not now. */
const char *hub_snapshot(struct hub *hub);

/* Without browsers there are no frames: the state that was written for somebody else is old by now. */
void hub_expire(struct hub *hub);

size_t hub_clients(const struct hub *hub);
uint64_t hub_dropped(const struct hub *hub); /* how often a slow browser was put back to snapshots */
