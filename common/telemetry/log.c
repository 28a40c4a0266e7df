/* common/telemetry/log.c
 *
 * A line is built on the stack and is no longer than PIPE_BUF, so that a pipe takes it whole or not at all and lines of several processes
 * on one pipe do not mix; values that are too long are cut, and fields that have no room are left out, which the line says.
 *
 * Standard error is shared with other processes, so O_NONBLOCK is not set on it: that would change it for all of them. A pipe or terminal
 * is opened a second time by way of /proc, which makes a description of our own; a socket is sent to with MSG_DONTWAIT. Where the second
 * opening is refused (a pipe of another user), we ask poll() before each write.
 *
 * This is the one module beside the loop that reads a clock: any thread may log, and lines of one round are told apart. */
#include "common/telemetry/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE_SIZE = PIPE_BUF,
	VALUE_SIZE = 1024, /* of one value at most, escaped */
	TAIL_SIZE = 32     /* kept free for the end of the line */
};

static struct {
	pthread_mutex_t lock;
	const char *program;
	enum ump_log_level level;
	bool json, colour;

	enum { NOT_OPEN, OWN, SOCKET, SHARED } output;
	int fd;
	uint64_t dropped;     /* lines, since writing worked last */
	char rest[LINE_SIZE]; /* of a line that a terminal or socket took in part */
	size_t rest_at, rest_size;
} log_state = {.lock = PTHREAD_MUTEX_INITIALIZER, .program = "", .level = UMP_LOG_INFO, .json = true};

static const struct {
	const char *name, *label, *colour;
} levels[] = {
	[UMP_LOG_DEBUG] = {"debug", "DEBUG", "\033[2m"},
	[UMP_LOG_INFO] = {"info", "INFO ", "\033[32m"},
	[UMP_LOG_WARNING] = {"warning", "WARN ", "\033[33m"},
	[UMP_LOG_ERROR] = {"error", "ERROR", "\033[31m"},
};

/* ---- The output ---- */

static void open_output(void)
{
	struct stat status;
	if (log_state.output == OWN)
		close(log_state.fd);
	log_state.fd = STDERR_FILENO;
	log_state.output = SHARED;
	if (fstat(STDERR_FILENO, &status) < 0)
		return;
	if (S_ISSOCK(status.st_mode)) {
		log_state.output = SOCKET;
	} else if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) {
		int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
		if (fd >= 0) {
			log_state.fd = fd;
			log_state.output = OWN;
		}
	}
}

/* What was taken of the bytes; -1 where that is nothing, now or for good. */
static ssize_t try_write(const char *bytes, size_t size)
{
	struct pollfd ready = {.fd = log_state.fd, .events = POLLOUT};
	ssize_t written;
	do {
		if (log_state.output == SHARED && poll(&ready, 1, 0) == 0)
			return -1;
		written = log_state.output == SOCKET ? send(log_state.fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL)
						     : write(log_state.fd, bytes, size);
	} while (written < 0 && errno == EINTR);
	return written;
}

static bool write_rest(void)
{
	while (log_state.rest_at < log_state.rest_size) {
		ssize_t written = try_write(log_state.rest + log_state.rest_at, log_state.rest_size - log_state.rest_at);
		if (written <= 0)
			return false;
		log_state.rest_at += (size_t)written;
	}
	return true;
}

static bool write_line(const char *bytes, size_t size)
{
	if (!write_rest())
		return false;
	ssize_t written = try_write(bytes, size);
	if (written < 0)
		return false;
	log_state.rest_at = 0;
	log_state.rest_size = size - (size_t)written;
	memcpy(log_state.rest, bytes + written, log_state.rest_size);
	return true;
}

/* ---- A line ---- */

struct line {
	char bytes[LINE_SIZE];
	size_t size;
	bool full; /* something did not fit since this was cleared */
};

static void add(struct line *line, const char *bytes, size_t size)
{
	if (line->full || size > LINE_SIZE - TAIL_SIZE - line->size) {
		line->full = true;
		return;
	}
	memcpy(line->bytes + line->size, bytes, size);
	line->size += size;
}

static void add_string(struct line *line, const char *string)
{
	add(line, string, strlen(string));
}

__attribute__((format(printf, 2, 3))) static void print(struct line *line, const char *format, ...)
{
	char text[64];
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	add(line, text, size < 0 ? 0 : (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

/* Text as it stands between quotes: controls (also those above ASCII) escaped, and what is no UTF-8 replaced. */
static void add_escaped(struct line *line, struct ump_text text)
{
	size_t end = line->size + VALUE_SIZE;
	while (text.size > 0) {
		size_t size = ump_text_character(text);
		unsigned char first = (unsigned char)text.start[0];
		if (line->size >= end) {
			add_string(line, "\xE2\x80\xA6");
			return;
		}
		if (size == 0)
			add_string(line, "\xEF\xBF\xBD");
		else if (first == '"' || first == '\\')
			add(line, (char[]){'\\', (char)first}, 2);
		else if (first == '\n')
			add_string(line, "\\n");
		else if (first < 0x20 || first == 0x7F)
			print(line, "\\u%04x", (unsigned)first);
		else if (first == 0xC2 && (unsigned char)text.start[1] < 0xA0)
			print(line, "\\u%04x", (unsigned)(unsigned char)text.start[1]);
		else
			add(line, text.start, size);
		size += size == 0;
		text.start += size;
		text.size -= size;
	}
}

static void add_quoted(struct line *line, struct ump_text text)
{
	add_string(line, "\"");
	add_escaped(line, text);
	add_string(line, "\"");
}

static void add_number(struct line *line, double number)
{
	if (isfinite(number))
		print(line, "%.15g", number);
	else
		add_string(line, "null");
}

static bool is_plain(struct ump_text text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.start[i] <= ' ' || text.start[i] > '~' || strchr("\"\\=", text.start[i]))
			return false;
	return text.size > 0;
}

static void add_value(struct line *line, const struct ump_log_field *field)
{
	switch (field->type) {
	case UMP_FIELD_TEXT:
		if (log_state.json && !field->text.start)
			add_string(line, "null");
		else if (!log_state.json && field->text.size < VALUE_SIZE && is_plain(field->text))
			add(line, field->text.start, field->text.size);
		else
			add_quoted(line, field->text);
		break;
	case UMP_FIELD_INTEGER:
		print(line, "%" PRId64, field->integer);
		break;
	case UMP_FIELD_NUMBER:
		add_number(line, field->number);
		break;
	case UMP_FIELD_BOOLEAN:
		add_string(line, field->integer ? "true" : "false");
		break;
	}
}

static void add_json_head(struct line *line, enum ump_log_level level, const char *message)
{
	struct timespec now;
	struct tm utc;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	print(line, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ\"", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
	      utc.tm_min, utc.tm_sec, now.tv_nsec / 1000);
	add_string(line, ",\"level\":\"");
	add_string(line, levels[level].name);
	add_string(line, "\",\"program\":");
	add_quoted(line, ump_text(log_state.program));
	add_string(line, ",\"message\":");
	add_quoted(line, ump_text(message));
}

static void add_text_head(struct line *line, enum ump_log_level level, const char *message)
{
	struct timespec now;
	struct tm local;
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	print(line, "%02d:%02d:%02d.%03ld ", local.tm_hour, local.tm_min, local.tm_sec, now.tv_nsec / 1000000);
	add_string(line, log_state.colour ? levels[level].colour : "");
	add_string(line, levels[level].label);
	add_string(line, log_state.colour ? "\033[0m " : " ");
	add_escaped(line, ump_text(log_state.program));
	add_string(line, log_state.colour ? ": \033[1m" : ": ");
	add_escaped(line, ump_text(message));
	add_string(line, log_state.colour ? "\033[0m" : "");
}

static void add_field(struct line *line, const struct ump_log_field *field)
{
	size_t mark = line->size;
	if (log_state.json) {
		add_string(line, ",");
		add_quoted(line, ump_text(field->name));
		add_string(line, ":");
	} else {
		add_string(line, log_state.colour ? " \033[2m" : " ");
		add_escaped(line, ump_text(field->name));
		add_string(line, log_state.colour ? "=\033[0m" : "=");
	}
	add_value(line, field);
	if (line->full)
		line->size = mark;
}

static void build(struct line *line, enum ump_log_level level, const char *message, const struct ump_log_field *fields)
{
	bool cut = false;
	line->size = 0;
	line->full = false;
	if (log_state.json)
		add_json_head(line, level, message);
	else
		add_text_head(line, level, message);
	for (; fields->name; fields++) {
		add_field(line, fields);
		cut = cut || line->full;
		line->full = false; /* a shorter one may still fit */
	}
	/* Into the tail, which add() keeps free. */
	line->size += (size_t)snprintf(line->bytes + line->size, TAIL_SIZE, "%s%s\n",
				       cut ? (log_state.json ? ",\"cut\":true" : " cut=true") : "", log_state.json ? "}" : "");
}

/* ---- For others ---- */

void ump_log_setup(const char *program, enum ump_log_level level, enum ump_log_format format)
{
	const char *no_colour = getenv("NO_COLOR");
	bool terminal = isatty(STDERR_FILENO);
	tzset();
	pthread_mutex_lock(&log_state.lock);
	log_state.program = program;
	log_state.level = level;
	log_state.json = format == UMP_LOG_JSON || (format == UMP_LOG_AUTOMATIC && !terminal);
	log_state.colour = terminal && !(no_colour && *no_colour);
	log_state.rest_at = log_state.rest_size = 0;
	open_output();
	pthread_mutex_unlock(&log_state.lock);
}

bool ump_log_enabled(enum ump_log_level level)
{
	return level >= log_state.level;
}

void ump_log_write(enum ump_log_level level, const char *message, const struct ump_log_field *fields)
{
	struct line line;
	int old_errno = errno;
	if (!ump_log_enabled(level))
		return;
	pthread_mutex_lock(&log_state.lock);
	if (log_state.output == NOT_OPEN)
		open_output();
	if (log_state.dropped > 0) {
		build(&line, UMP_LOG_WARNING, "log lines dropped",
		      (const struct ump_log_field[]){UMP_LOG_I("count", log_state.dropped), {.name = NULL}});
		if (write_line(line.bytes, line.size))
			log_state.dropped = 0;
	}
	build(&line, level, message, fields);
	if (log_state.dropped > 0 || !write_line(line.bytes, line.size))
		log_state.dropped++;
	pthread_mutex_unlock(&log_state.lock);
	errno = old_errno;
}
