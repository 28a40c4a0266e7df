/* common/config/log_options.h: --log-level and --log-format, which every program has.
 *
 * In the table of groups: {"Log", ump_log_options, UMP_LOG_OPTIONS, offsetof(struct config, log)}; then
 * ump_log_setup(program, config.log.level, config.log.format). */
#pragma once
#include "common/config/options.h"
#include "common/telemetry/log.h"

struct ump_log_options {
	int level;  /* enum ump_log_level */
	int format; /* enum ump_log_format */
};

enum { UMP_LOG_OPTIONS = 2 };
extern const struct ump_option ump_log_options[UMP_LOG_OPTIONS];
