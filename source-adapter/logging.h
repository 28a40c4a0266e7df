/* source-adapter/logging.h: the level in the logging configuration that Knative gives its sources. Pure. */
#pragma once
#include "common/telemetry/log.h"

/* Reads the level out of K_LOGGING_CONFIG: {"zap-logger-config":"{\"level\":\"debug\"}"}. False where it names none that is known: what
 * Knative configures for others is no mistake of ours. */
bool logging_level(const char *configuration, enum ump_log_level *ret_level);
