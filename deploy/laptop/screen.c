#include "deploy/laptop/screen.h"
#include "common/memory.h"
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char bold[] = "\033[1m", plain[] = "\033[0m", erase_below[] = "\033[J";

/* "12,345" */
static const char *number(int64_t number, char *out, size_t size)
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%lld", (long long)number);
	size_t used = 0;
	for (int i = 0; i < length && used + 2 < size; i++) {
		out[used++] = digits[i];
		int left = length - 1 - i;
		if (left > 0 && left % 3 == 0 && digits[i] != '-')
			out[used++] = ',';
	}
	out[used] = '\0';
	return out;
}

/* ---- The block ---- */

/* Ends the line that starts at `start`, cut to the width: a line that wraps would be drawn over wrongly. No escape sequence is cut, since
 * only whole lines are dressed. Texts are ASCII but for paths, which may come out shorter. */
static void end_line(struct ump_buffer *out, size_t start, unsigned columns, bool heavy)
{
	ump_cleanup_free char *line = ump_copy_bytes(out->start + start, out->size - start);
	size_t width = strlen(line);
	if (columns > 0 && width > columns)
		width = columns;
	out->size = start;
	ump_buffer_print(out, "%s%.*s%s\n", heavy ? bold : "", (int)width, line, heavy ? plain : "");
}

static void render_part(const struct screen_part *part, struct ump_buffer *out)
{
	ump_buffer_print(out, "  %-15s %-9s %s", part->name, part->state, part->where);
	if (part->interrupts > 0)
		ump_buffer_print(out, "  (restarted %u x)", part->interrupts);
}

void screen_render_counts(const struct screen_counts *counts, struct ump_buffer *out)
{
	char hits[32], verdicts[32];
	ump_buffer_print(out, "%s hits (%.0f/s)   %s verdicts   %lld players flagged", number(counts->hits, hits, sizeof hits),
			 counts->rate, number(counts->verdicts, verdicts, sizeof verdicts), (long long)counts->flagged);
	if (counts->p50_ms >= 0)
		ump_buffer_print(out, "   hit to verdict p50 %.0f ms, p99 %.0f ms", counts->p50_ms, counts->p99_ms);
	if (counts->held_back)
		ump_buffer_add_string(out, "   held back");
}

unsigned screen_render(const struct screen_view *view, unsigned columns, bool colours, struct ump_buffer *out)
{
	unsigned lines = 0;
	size_t start = out->size;
	if (view->board)
		ump_buffer_print(out, "  board           %s", view->board);
	else
		ump_buffer_add_string(out, "  starting ...");
	end_line(out, start, columns, colours);
	lines++;
	if (view->phones) {
		start = out->size;
		ump_buffer_print(out, "  phones          %s", view->phones);
		end_line(out, start, columns, colours);
		lines++;
	}
	if (view->token) {
		start = out->size;
		ump_buffer_print(out, "  speaker         token %s", view->token);
		end_line(out, start, columns, false);
		lines++;
	}
	for (size_t i = 0; i < view->part_count; i++, lines++) {
		start = out->size;
		render_part(&view->parts[i], out);
		end_line(out, start, columns, false);
	}
	if (view->counts) {
		start = out->size;
		ump_buffer_add_string(out, "  ");
		screen_render_counts(view->counts, out);
		end_line(out, start, columns, colours);
		lines++;
	}
	start = out->size;
	ump_buffer_print(out, "  logs in %s; Ctrl-C stops everything", view->logs);
	end_line(out, start, columns, false);
	return lines + 1;
}

int screen_counts_read(struct ump_text json, struct screen_counts *ret_counts, struct ump_error *error)
{
	json_error_t wrong;
	json_int_t hits, verdicts, flagged;
	json_t *rate, *p50, *p99;
	int held;
	json_t *root = json_loadb(json.start ? json.start : "", json.size, 0, &wrong);
	if (!root)
		return ump_fail(error, UMP_REJECT, "no JSON: %s", wrong.text);
	if (json_unpack_ex(root, &wrong, 0, "{s:{s:I, s:I, s:I}, s:{s:o}, s:{s:o, s:o}, s:{s:b}}", "totals", "hits", &hits, "verdicts",
			   &verdicts, "flagged", &flagged, "rate", "hits", &rate, "latency", "p50", &p50, "p99", &p99, "simulation", "held",
			   &held) < 0) {
		json_decref(root);
		return ump_fail(error, UMP_REJECT, "not the board's state: %s", wrong.text);
	}
	*ret_counts = (struct screen_counts){
		.hits = hits,
		.verdicts = verdicts,
		.flagged = flagged,
		.rate = json_number_value(rate),
		.p50_ms = json_is_number(p50) ? json_number_value(p50) : -1,
		.p99_ms = json_is_number(p99) ? json_number_value(p99) : -1,
		.held_back = held,
	};
	json_decref(root);
	return 0;
}

/* ---- The terminal ---- */

void screen_init(struct screen *screen, int fd)
{
	const char *no_colour = getenv("NO_COLOR"), *kind = getenv("TERM");
	bool terminal = isatty(fd) && !(kind && strcmp(kind, "dumb") == 0);
	*screen = (struct screen){.fd = fd, .terminal = terminal, .colours = terminal && !(no_colour && *no_colour)};
}

/* A terminal that has gone is noticed by SIGHUP, a pipe without a reader is no reason to stop: nothing to do about either here. */
static void put(const struct screen *screen, const struct ump_buffer *text)
{
	size_t done = 0;
	while (done < text->size) {
		ssize_t size = write(screen->fd, text->start + done, text->size - done);
		if (size <= 0)
			return;
		done += (size_t)size;
	}
}

static void add_erase(const struct screen *screen, struct ump_buffer *out)
{
	if (screen->lines > 0)
		ump_buffer_print(out, "\033[%uA\r%s", screen->lines, erase_below);
}

void screen_clear(struct screen *screen)
{
	struct ump_buffer out = {0};
	add_erase(screen, &out);
	put(screen, &out);
	screen->lines = 0;
	ump_buffer_release(&out);
}

void screen_leave(struct screen *screen)
{
	screen->lines = 0;
}

void screen_say(struct screen *screen, const char *format, ...)
{
	struct ump_buffer out = {0};
	va_list arguments;
	ump_cleanup_free char *line = NULL;
	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) < 0)
		line = NULL;
	va_end(arguments);
	add_erase(screen, &out);
	screen->lines = 0;
	ump_buffer_print(&out, "%s\n", line ? line : format);
	put(screen, &out);
	ump_buffer_release(&out);
}

void screen_draw(struct screen *screen, const struct screen_view *view)
{
	struct ump_buffer out = {0};
	struct winsize size = {0};
	if (!screen->terminal)
		return;
	ioctl(screen->fd, TIOCGWINSZ, &size);
	add_erase(screen, &out);
	screen->lines = screen_render(view, size.ws_col, screen->colours, &out);
	put(screen, &out);
	ump_buffer_release(&out);
}
