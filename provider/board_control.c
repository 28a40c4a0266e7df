#include "provider/board_control.h"
#include <stdlib.h>

#define NOTICE_MS 1000 /* a round begins so long after its order: by then every board has read it, before the round's first event */

static void ordered(void *context, const struct ump_error *error)
{
	if (error)
		control_failed(context, error);
	else
		control_done(context);
}

/* Sends what board_order_…() has made, or says why there is none. */
static void send_order(struct board_control *control, struct control_call *call, bool made, char *key, char *order, struct ump_error *error)
{
	if (!made || feed_order(*control->feed, key, order, ordered, call, error))
		control_failed(call, error);
	free(key);
	free(order);
}

static bool has_board(const struct board_control *control, struct ump_error *error)
{
	return *control->feed || (ump_fail(error, UMP_FATAL, "there is no board here: --listen is none"), false);
}

static void begin_round(void *context, struct control_call *call, const json_t *body)
{
	struct board_control *control = context;
	struct ump_error error;
	char *key = NULL, *order = NULL;
	int64_t start_ms = ump_loop_wall(control->loop) / UMP_MILLISECOND + NOTICE_MS;
	(void)body;
	bool made = has_board(control, &error) && board_order_round(feed_board(*control->feed), start_ms, &key, &order, &error) == 0;
	send_order(control, call, made, key, order, &error);
}

static void hide(void *context, struct control_call *call, const json_t *body)
{
	struct board_control *control = context;
	const char *player = json_string_value(json_object_get(body, "player"));
	const json_t *hidden = json_object_get(body, "hidden");
	struct ump_error error;
	char *key = NULL, *order = NULL;
	bool made = false;
	if (!player)
		ump_fail(&error, UMP_REJECT, "player: expected a string");
	else if (hidden && !json_is_boolean(hidden))
		ump_fail(&error, UMP_REJECT, "hidden: expected true or false");
	else if (has_board(control, &error))
		made = board_order_hide(feed_board(*control->feed), player, !hidden || json_is_true(hidden), &key, &order, &error) == 0;
	send_order(control, call, made, key, order, &error);
}

/* Changes nothing: who asks learns whether the token is right. */
static void check(void *context, struct control_call *call, const json_t *body)
{
	(void)context;
	(void)body;
	control_done(call);
}

void board_control_init(struct board_control *control)
{
	control->actions[0] = (struct control_action){"round", begin_round, control};
	control->actions[1] = (struct control_action){"hide", hide, control};
	control->actions[2] = (struct control_action){"check", check, control};
	control->actions[3] = (struct control_action){0};
}
