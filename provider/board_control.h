/* provider/board_control.h: the speaker's hold of the board: a new round, who is hidden.
 *
 * Orders go into Kafka and come back from there, to this board as to any other; an action is done when Kafka has its order. */
#pragma once
#include "provider/control_door.h"
#include "provider/feed.h"

struct board_control {
	struct ump_loop *loop;
	struct feed *const *feed;         /* where it is, or will be; NULL there: no board */
	struct control_action actions[4]; /* filled by board_control_init() */
};

/* Fills `actions` from the other members; the structure must stay where it is. */
void board_control_init(struct board_control *control);
