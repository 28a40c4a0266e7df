/* source-adapter/window.h: how many events may be in flight, by what became of those before: a sink that is down is probed, not hammered.
 *
 * Each event whose first try failed takes one place, and each that was answered well gives one back. So a sink that fails now and then
 * keeps its places; one that fails more than it answers loses them; and when the last is gone the window is shut: one event at a time is
 * tried, with growing pauses. The first good answer opens it, and it doubles with every round trip. That a single event fails again and
 * again says nothing about the sink: only first tries count, and the tries of a shut window. Pure. */
#pragma once
#include "source-adapter/retry.h"
#include <stdbool.h>
#include <stddef.h>

struct window {
	size_t most, size; /* places; 0: it is shut */
	int64_t probes;    /* that failed since it was shut */
	int64_t probe_at;  /* while it is shut: when the next one may go */
};

struct window window_of(size_t most);

/* Events were tried, and there was no good answer. `pauses` is how the pauses between probes grow. True: that shut the window. */
bool window_failed(struct window *window, size_t events, bool first_try, const struct retry_schedule *pauses, int64_t now);

/* Events were answered in a way that shows the sink at work. True: that opened the window. */
bool window_worked(struct window *window, size_t events);

/* Events that may be in flight now, those that are included. */
size_t window_places(const struct window *window, int64_t now);
