/* common/config/pages.h: what --help, the man page and the reference page share. Private to the configuration. */
#pragma once
#include "common/buffer.h"
#include "common/config/settings.h"

struct ump_status {
	int status;
	const char *meaning;
};
extern const struct ump_status ump_statuses[];
extern const size_t ump_status_count;

/* "--sink=URL", "--once, --no-once"; of a secret its name only, as there is no flag. */
void ump_page_flag(struct ump_buffer *out, const struct ump_option *option);

/* A table's sentence as it stands on a page: with a capital, and ended by one full stop. */
void ump_page_sentence(struct ump_buffer *out, const char *text);

/* "ADAPTER_SINK, K_SINK" */
void ump_page_variables(struct ump_buffer *out, const struct ump_setting *setting);
