/* common/config/log_options.c */
#include "common/config/log_options.h"

/* The choices stand in the order of the enumerations. */
const struct ump_option ump_log_options[UMP_LOG_OPTIONS] = {
	{.name = "log-level",
	 .type = UMP_OPTION_CHOICE,
	 .offset = offsetof(struct ump_log_options, level),
	 .fallback = "info",
	 .choices = "debug|info|warning|error",
	 .help = "Logs what is at least this important"},
	{.name = "log-format",
	 .type = UMP_OPTION_CHOICE,
	 .offset = offsetof(struct ump_log_options, format),
	 .fallback = "auto",
	 .choices = "auto|text|json",
	 .help = "Logs lines of text, or of JSON; auto is text on a terminal and JSON else"},
};
