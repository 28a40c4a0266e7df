/* source-adapter/skip.h: records that an operator wants passed over: the way out of a stall. Pure. */
#pragma once
#include "common/config/options.h"

struct skip_list;

/* Each item is "<topic>:<partition>:<offset>", with a topic of `topics`. NULL where there are none. */
int skip_list_read(const struct ump_list *items, const struct ump_list *topics, struct skip_list **ret_list, struct ump_error *error);
void skip_list_free(struct skip_list *list); /* accepts NULL */

bool skip_list_has(const struct skip_list *list, const char *topic, int32_t partition, int64_t offset); /* of NULL: no */
