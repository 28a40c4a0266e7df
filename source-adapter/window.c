#include "source-adapter/window.h"

struct window window_of(size_t most)
{
	return (struct window){.most = most, .size = most};
}

bool window_failed(struct window *window, size_t events, bool first_try, const struct retry_schedule *pauses, int64_t now)
{
	bool was_open = window->size > 0;
	if (was_open && !first_try)
		return false;
	window->size -= events < window->size ? events : window->size;
	if (window->size > 0)
		return false;
	window->probes += !was_open;
	window->probe_at = now + retry_pause(pauses, window->probes + 1, UINT32_MAX, -1);
	return was_open;
}

bool window_worked(struct window *window, size_t events)
{
	bool was_shut = window->size == 0;
	window->size = events < window->most - window->size ? window->size + events : window->most;
	window->probes = 0;
	return was_shut;
}

size_t window_places(const struct window *window, int64_t now)
{
	if (window->size > 0)
		return window->size;
	return now >= window->probe_at;
}
