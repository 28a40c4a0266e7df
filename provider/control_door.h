/* provider/control_door.h: /api/simulation: what the speaker can do, and how things stand.
 *
 * GET tells; POST {"action":"…", …} with the admin token does one of the actions of a table, and then tells. Who knows how to do something
 * brings its row: the simulation's are in simulation_control.c. */
#pragma once
#include "common/buffer.h"
#include "provider/door.h"
#include <jansson.h>

#define CONTROL_MAX_BODY 4096

struct control_door;
struct control_call; /* a request whose action is under way */

/* Does it now or later: ends in exactly one control_done() or control_failed(), also after the peer has gone. `body` is the whole object of
 * the request, and holds until the function returns. */
struct control_action {
	const char *name;
	void (*perform)(void *context, struct control_call *call, const json_t *body);
	void *context;
};

struct control_options {
	const struct control_action *const *tables;          /* each ends with a row without a name; NULL at the end; borrowed */
	void (*tell)(void *context, struct ump_buffer *out); /* how things stand, as JSON */
	void *context;
};

struct control_door *control_door_new(struct door_shared *shared, const struct control_options *options);
void control_door_free(struct control_door *door); /* accepts NULL */

/* The handler of the path, and that for a request whose peer has gone; `context` is the door. */
void control_door_handle(struct ump_request *request, void *context);
void control_door_gone(struct ump_request *request, void *context);

void control_done(struct control_call *call);

/* UMP_REJECT: 400; UMP_RETRY: 503; UMP_FATAL: 409, it does not fit the state of things. */
void control_failed(struct control_call *call, const struct ump_error *error);
