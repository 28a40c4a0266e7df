#include "provider/followers.h"
#include "common/buffer.h"
#include "common/memory.h"
#include "provider/table.h"
#include <stdlib.h>

#define ID_MOST       128
#define PENDING_BYTES (64u << 10) /* of one phone: what does not fit any more closes it */

struct follower {
	struct player_of_some *player;
	struct ump_stream *stream;
	struct follower *next, *previous; /* of the same player */
};

/* A player whom somebody has followed; stays, so that a phone that comes back costs nothing new. */
struct player_of_some {
	struct table_entry entry; /* first */
	struct followers *followers;
	struct follower *first;
	char id[];
};

struct followers {
	struct followers_options options;
	struct table players;
	size_t count;
};

struct followers *followers_new(const struct followers_options *options)
{
	struct followers *followers = ump_allocate(1, sizeof *followers);
	followers->options = *options;
	return followers;
}

void followers_free(struct followers *followers)
{
	if (!followers)
		return;
	for (size_t i = 0; i < followers->players.count; i++)
		free(followers->players.entries[i]);
	table_release(&followers->players);
	free(followers);
}

static void write_event(struct follower *follower, const char *event, const char *json)
{
	struct ump_buffer text = {0};
	ump_buffer_print(&text, "event: %s\ndata: ", event);
	ump_buffer_add_string(&text, json);
	ump_buffer_add_string(&text, "\n\n");
	if (ump_stream_write(follower->stream, ump_buffer_text(&text)))
		ump_stream_close(follower->stream);
	ump_buffer_release(&text);
}

static void write_player(struct follower *follower)
{
	struct followers *followers = follower->player->followers;
	ump_cleanup_free char *json = followers->options.player(followers->options.context, follower->player->entry.name);
	if (json)
		write_event(follower, "player", json);
}

static struct player_of_some *player_of(struct followers *followers, struct ump_text id)
{
	struct player_of_some *player = (struct player_of_some *)table_find(&followers->players, id);
	if (player || followers->players.count >= 16 * followers->options.max_clients)
		return player;
	player = ump_allocate(1, sizeof *player + id.size + 1);
	memcpy(player->id, id.start, id.size);
	player->entry.name = (struct ump_text){player->id, id.size};
	player->followers = followers;
	table_add(&followers->players, &player->entry);
	return player;
}

static void closed(struct ump_stream *stream, void *context)
{
	struct follower *follower = context;
	struct player_of_some *player = follower->player;
	(void)stream;
	if (follower->next)
		follower->next->previous = follower->previous;
	*(follower->previous ? &follower->previous->next : &player->first) = follower->next;
	player->followers->count--;
	free(follower);
}

void followers_join(struct followers *followers, struct ump_request *request, struct ump_text id)
{
	static const struct ump_header headers[] = {{{"Content-Type", 12}, {"text/event-stream; charset=utf-8", 32}},
						    {{"Cache-Control", 13}, {"no-store", 8}},
						    {{"X-Accel-Buffering", 17}, {"no", 2}}};
	if (!id.size || id.size > ID_MOST) {
		ump_request_problem(request, 400, "No such player", "player: expected 1 to 128 bytes", 0);
		return;
	}
	struct player_of_some *player = followers->count < followers->options.max_clients ? player_of(followers, id) : NULL;
	if (!player) {
		ump_request_problem(request, 503, "Too many phones", "as many phones follow their players as this server allows", 5);
		return;
	}
	struct follower *follower = ump_allocate(1, sizeof *follower);
	follower->player = player;
	follower->next = player->first;
	if (follower->next)
		follower->next->previous = follower;
	player->first = follower;
	followers->count++;
	follower->stream = ump_request_stream(request, &(struct ump_stream_options){.headers = headers,
										    .header_count = sizeof headers / sizeof *headers,
										    .max_pending = PENDING_BYTES,
										    .closed = closed,
										    .context = follower});
	write_player(follower);
}

bool followers_are_there(const struct followers *followers, struct ump_text id)
{
	const struct player_of_some *player = (const struct player_of_some *)table_find(&followers->players, id);
	return player && player->first;
}

void followers_tell(struct followers *followers, struct ump_text id, const char *event, const char *json)
{
	struct player_of_some *player = (struct player_of_some *)table_find(&followers->players, id);
	for (struct follower *follower = player ? player->first : NULL, *next; follower; follower = next) {
		next = follower->next; /* a write may end in closed() */
		write_event(follower, event, json);
	}
}

void followers_refresh(struct followers *followers)
{
	for (size_t i = 0; i < followers->players.count; i++) {
		struct player_of_some *player = (struct player_of_some *)followers->players.entries[i];
		for (struct follower *follower = player->first, *next; follower; follower = next) {
			next = follower->next;
			write_player(follower);
		}
	}
}

size_t followers_count(const struct followers *followers)
{
	return followers->count;
}
