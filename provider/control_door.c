#include "provider/control_door.h"
#include "common/config/options.h"
#include "common/memory.h"
#include <stdlib.h>

#define ACTIONS 32 /* named in an error, at most */

struct control_door {
	struct door door;
	struct control_options options;
};

struct control_call {
	struct control_door *door;
	struct ump_request *request; /* NULL: its peer has gone */
};

struct control_door *control_door_new(struct door_shared *shared, const struct control_options *options)
{
	struct control_door *door = ump_allocate(1, sizeof *door);
	*door = (struct control_door){{shared, "simulation"}, *options};
	return door;
}

void control_door_free(struct control_door *door)
{
	free(door);
}

static void tell(struct control_door *door, struct ump_request *request)
{
	struct ump_buffer json = {0};
	door->options.tell(door->options.context, &json);
	door_answer(&door->door, request, 200, ump_buffer_text(&json), NULL, 0);
	ump_buffer_release(&json);
}

static struct ump_request *end_call(struct control_call *call)
{
	struct ump_request *request = call->request;
	if (request)
		ump_request_attach(request, NULL);
	free(call);
	return request;
}

void control_done(struct control_call *call)
{
	struct control_door *door = call->door;
	struct ump_request *request = end_call(call);
	if (request)
		tell(door, request);
}

void control_failed(struct control_call *call, const struct ump_error *error)
{
	struct control_door *door = call->door;
	struct ump_request *request = end_call(call);
	if (request && error->kind == UMP_FATAL)
		door_refuse(&door->door, request, 409, "Not as things stand", error->text, 0);
	else if (request)
		door_refuse_error(&door->door, request, error);
}

static const struct control_action *find_action(const struct control_door *door, const char *name, struct ump_error *error)
{
	const char *names[ACTIONS];
	size_t count = 0;
	for (const struct control_action *const *table = door->options.tables; *table; table++)
		for (const struct control_action *action = *table; action->name; action++) {
			if (strcmp(action->name, name) == 0)
				return action;
			if (count < ACTIONS)
				names[count++] = action->name;
		}
	const char *near = ump_nearest(name, names, count);
	ump_fail(error, UMP_REJECT, "action: there is no \"%.40s\"%s%s%s", name, near ? ", did you mean \"" : "", near ? near : "",
		 near ? "\"?" : "");
	return NULL;
}

static void perform(struct control_door *door, struct ump_request *request)
{
	struct ump_text body = ump_request_body(request);
	json_error_t problem;
	struct ump_error error;
	json_t *object = json_loadb(body.start, body.size, JSON_REJECT_DUPLICATES, &problem);
	const char *name = json_string_value(json_object_get(object, "action"));
	const struct control_action *action = name ? find_action(door, name, &error) : NULL;
	if (!object)
		ump_fail(&error, UMP_REJECT, "the body is not JSON: %s", problem.text);
	else if (!name)
		ump_fail(&error, UMP_REJECT, "action: expected a string");
	if (action) {
		struct control_call *call = ump_allocate(1, sizeof *call);
		*call = (struct control_call){door, request};
		ump_request_attach(request, call);
		action->perform(action->context, call, object);
	} else {
		door_refuse_error(&door->door, request, &error);
	}
	json_decref(object);
}

void control_door_handle(struct ump_request *request, void *context)
{
	struct control_door *door = context;
	if (!door_admits(&door->door, request, "GET, HEAD, POST"))
		return;
	if (!ump_text_equals(ump_request_method(request), UMP_TEXT("POST")))
		tell(door, request);
	else if (door_knows_admin(&door->door, request))
		perform(door, request);
}

void control_door_gone(struct ump_request *request, void *context)
{
	struct control_call *call = ump_request_attached(request);
	(void)context;
	if (call)
		call->request = NULL;
}
