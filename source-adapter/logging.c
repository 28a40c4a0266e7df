#include "source-adapter/logging.h"
#include "common/cloudevents/scan.h"
#include "common/memory.h"

static bool level_named(struct ump_text name, enum ump_log_level *ret_level)
{
	static const struct {
		const char *name; /* as zap has it, in quotes */
		enum ump_log_level level;
	} levels[] = {
		{"\"debug\"", UMP_LOG_DEBUG},  {"\"info\"", UMP_LOG_INFO},   {"\"warn\"", UMP_LOG_WARNING}, {"\"error\"", UMP_LOG_ERROR},
		{"\"dpanic\"", UMP_LOG_ERROR}, {"\"panic\"", UMP_LOG_ERROR}, {"\"fatal\"", UMP_LOG_ERROR},
	};
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		if (ump_text_equals_ignoring_case(name, ump_text(levels[i].name))) {
			*ret_level = levels[i].level;
			return true;
		}
	}
	return false;
}

bool logging_level(const char *configuration, enum ump_log_level *ret_level)
{
	struct ump_json document, zap, level;
	struct ump_error ignored;
	ump_cleanup(ump_buffer_release) struct ump_buffer text = {0};
	if (!configuration || ump_json_parse(ump_text(configuration), &document, &ignored) < 0 ||
	    !ump_json_find(&document, UMP_TEXT("/zap-logger-config"), &zap) || zap.type != UMP_JSON_STRING ||
	    ump_json_unescape(zap.text, &text, &ignored) < 0)
		return false;
	return ump_json_parse(ump_buffer_text(&text), &document, &ignored) == 0 && ump_json_find(&document, UMP_TEXT("/level"), &level) &&
	       level_named(level.text, ret_level);
}
