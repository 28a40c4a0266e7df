/* source-adapter/overrides.h: Knative's K_CE_OVERRIDES: extensions that are set on every event. Pure. */
#pragma once
#include "common/error.h"
#include "source-adapter/mapping.h"

/* Reads {"extensions":{"name":"value",…}}: names of [a-z0-9] that are no attribute of CloudEvents itself, values that a CloudEvents string
 * may hold. NULL, an empty text and {} give none. */
int overrides_read(const char *json, struct mapping_override **ret_overrides, size_t *ret_count, struct ump_error *error);
void overrides_free(struct mapping_override *overrides, size_t count); /* accepts NULL */
