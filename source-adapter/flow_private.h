/* source-adapter/flow_private.h: what the files of the flow share: flow.c (sending, and what comes of it) and choosing.c (what goes next).
 */
#pragma once
#include "source-adapter/flow.h"
#include "source-adapter/pace.h"
#include "source-adapter/window.h"

struct flow {
	struct flow_options options;
	struct flow_parts parts;
	struct ump_task look;
	struct assigned *turn; /* whose it is; NULL: the first one's */
	struct pace pace;
	struct ump_timer next_beat; /* when the pace lets the next one go */
	struct ump_timer next_batch;
	struct ump_timer next_probe; /* while the window is shut */
	struct window window;
	bool stopped;
	size_t in_flight;
	int64_t held_bytes;

	int64_t quiet_since; /* loop time since which nothing is in flight */
	int64_t woken_at;    /* when the first event after idleness was sent; 0: its answer has come */
	struct flow_facts facts;
};

/* How many more events may be in flight. */
size_t flow_room(const struct flow *flow);

/* The next record of the partition that goes, with its batch, or NULL. Reads what is needed for that. */
struct record *flow_next(struct flow *flow, struct assigned *assigned);

/* The record is finished, in flight or not. */
void flow_let_go(struct flow *flow, struct record *record);

/* For timers. */
void flow_look_again(void *flow);
