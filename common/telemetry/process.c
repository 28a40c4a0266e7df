/* common/telemetry/process.c */
#include "common/telemetry/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static bool read_file(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t size = read(fd, text, room - 1);
	close(fd);
	if (size < 0)
		return false;
	text[size] = '\0';
	return true;
}

static void write_metric(struct ump_buffer *out, const char *name, const char *type, const char *help, double value)
{
	ump_buffer_print(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type, name, value);
}

/* Seconds since 1970 when the machine started. */
static bool boot_time(double *ret_seconds)
{
	char text[8192];
	/* The counts of interrupts may make it long, but the line stands before what we do not need, or we do without. */
	const char *line = read_file("/proc/stat", text, sizeof text) ? strstr(text, "\nbtime ") : NULL;
	if (!line)
		return false;
	*ret_seconds = strtod(line + sizeof "\nbtime " - 1, NULL);
	return true;
}

static void write_stat(struct ump_buffer *out)
{
	char text[1024];
	unsigned long user, system, size;
	unsigned long long start;
	long resident;
	double boot;
	double ticks = (double)sysconf(_SC_CLK_TCK);

	/* The name in parentheses may hold anything: what follows is counted from the last one. proc(5) numbers the fields; state is 3. */
	const char *fields = read_file("/proc/self/stat", text, sizeof text) ? strrchr(text, ')') : NULL;
	if (!fields || sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %llu %lu %ld",
			      &user, &system, &start, &size, &resident) != 5)
		return;
	write_metric(out, "process_cpu_seconds_total", "counter", "Time spent on the processors, in user and system mode",
		     (double)(user + system) / ticks);
	write_metric(out, "process_resident_memory_bytes", "gauge", "Memory that is present",
		     (double)resident * (double)sysconf(_SC_PAGESIZE));
	write_metric(out, "process_virtual_memory_bytes", "gauge", "Size of the address space", (double)size);
	if (boot_time(&boot))
		write_metric(out, "process_start_time_seconds", "gauge", "When the process started, since 1970",
			     boot + (double)start / ticks);
}

static void write_descriptors(struct ump_buffer *out)
{
	struct rlimit limit;
	DIR *folder = opendir("/proc/self/fd");
	if (folder) {
		double count = -3; /* ".", ".." and the one that reads this */
		while (readdir(folder))
			count++;
		closedir(folder);
		write_metric(out, "process_open_fds", "gauge", "Open file descriptors", count);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		write_metric(out, "process_max_fds", "gauge", "File descriptors that may be open", (double)limit.rlim_cur);
}

void ump_process_metrics_write(struct ump_buffer *out)
{
	write_stat(out);
	write_descriptors(out);
	ump_buffer_add_string(out, "# HELP umpire_build_info Of which build this process is\n# TYPE umpire_build_info gauge\n"
				   "umpire_build_info{version=\"" UMPIRE_VERSION "\"} 1\n");
}
