#include "source-adapter/skip.h"
#include "common/memory.h"
#include "source-adapter/replay.h"
#include <stdlib.h>

struct skip_list {
	struct replay_bounds *places; /* each with one start */
	size_t count;
};

int skip_list_read(const struct ump_list *items, const struct ump_list *topics, struct skip_list **ret_list, struct ump_error *error)
{
	struct skip_list *list = NULL;
	for (size_t i = 0; i < items->count; i++) {
		struct replay_bounds place = {0};
		if (replay_parse_from(items->items[i], topics, &place, error) < 0 || place.from != REPLAY_OFFSETS ||
		    place.start_count != 1) {
			replay_bounds_release(&place);
			skip_list_free(list);
			return ump_fail(error, UMP_REJECT, "expected <topic>:<partition>:<offset> with one of --topics, found \"%s\"",
					items->items[i]);
		}
		if (!list)
			list = ump_allocate(1, sizeof *list);
		list->places = ump_reallocate(list->places, list->count + 1, sizeof *list->places);
		list->places[list->count++] = place;
	}
	*ret_list = list;
	return 0;
}

void skip_list_free(struct skip_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++)
		replay_bounds_release(&list->places[i]);
	free(list->places);
	free(list);
}

bool skip_list_has(const struct skip_list *list, const char *topic, int32_t partition, int64_t offset)
{
	for (size_t i = 0; list && i < list->count; i++) {
		const struct replay_start *place = list->places[i].starts;
		if (place->offset == offset && place->partition == partition && strcmp(place->topic, topic) == 0)
			return true;
	}
	return false;
}
