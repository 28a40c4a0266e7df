/* provider/followers.h: phones that each follow one player, by server-sent events.
 *
 * A phone gets how its player stands when it comes ("player"), and then each verdict as it is read ("verdict"): a few bytes, and not the
 * whole board. One that does not take what it is sent is closed; it comes back by itself and gets how its player stands by then. */
#pragma once
#include "common/http/server.h"

struct followers;

struct followers_options {
	size_t max_clients;
	char *(*player)(void *context, struct ump_text id); /* how it stands, as JSON, from malloc; NULL: not now */
	void *context;
};

struct followers *followers_new(const struct followers_options *options);
void followers_free(struct followers *followers); /* after the server, which closes the streams; accepts NULL */

/* Answers the request with the stream of the player of that id, or with 400 or 503. */
void followers_join(struct followers *followers, struct ump_request *request, struct ump_text id);

/* To those who follow this player: an event of that name. */
bool followers_are_there(const struct followers *followers, struct ump_text id);
void followers_tell(struct followers *followers, struct ump_text id, const char *event, const char *json);

/* To everybody, how their players stand: a round has begun. */
void followers_refresh(struct followers *followers);

size_t followers_count(const struct followers *followers);
