#include "provider/open_files.h"
#include "common/telemetry/log.h"
#include <sys/resource.h>

#define OTHERS 512 /* files: requests for a moment, Kafka's brokers, --target */

static int64_t raise_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return INT64_MAX; /* not known: whoever comes too late waits in the kernel's queue */
	const struct rlimit highest = {limit.rlim_max, limit.rlim_max};
	if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &highest) == 0)
		limit = highest;
	return limit.rlim_cur < INT64_MAX ? (int64_t)limit.rlim_cur : INT64_MAX;
}

int64_t open_files_for_pages(int64_t wanted)
{
	int64_t files = raise_limit(), fitting = files > OTHERS + 2 ? (files - OTHERS) / 2 : 1;
	if (wanted <= fitting)
		return wanted;
	ump_log(UMP_LOG_WARNING, "fewer pages than --max-pages: the hard limit of open files is too low", UMP_LOG_I("max_pages", wanted),
		UMP_LOG_I("pages", fitting), UMP_LOG_I("open_files", files));
	return fitting;
}
