/* common/telemetry/process.h: the metrics that every process has, by the names that Prometheus' own clients give them. */
#pragma once
#include "common/buffer.h"

/* Adds process_* and umpire_build_info; what /proc does not tell is left out. */
void ump_process_metrics_write(struct ump_buffer *out);
