/* provider/play_door.h: POST /api/players and POST /api/hits: people join, and their hits become events.
 *
 * A client is its signed cookie (guest.h), so nobody plays as another, and a room behind one address is many clients. docs/INTERFACES.md
 * has the requests and answers. */
#pragma once
#include "provider/door.h"

#define PLAY_MAX_BODY 4096

struct play_door;

/* `run` is borrowed: the events' source is /umpire/provider/<run>/play, beside the simulator's and never mistaken for it. */
struct play_door *play_door_new(struct door_shared *shared, const char *run);
void play_door_free(struct play_door *door); /* accepts NULL */

/* Handlers of the two paths; `context` is the door. */
void play_door_join(struct ump_request *request, void *context);
void play_door_hit(struct ump_request *request, void *context);
