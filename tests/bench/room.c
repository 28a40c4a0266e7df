/* tests/bench/room.c: a room full of attendees behind one address, who join and then play.
 *
 *   bench-room --url http://127.0.0.1:PORT [--guests 300] [--rate 5] [--hits N] --accepted FILE
 *
 * Each guest sends N hits, `rate` a second, evenly paced whatever becomes of the one before (open loop), with the cookie that it got. FILE
 * gets a line "source id" for each hit that was answered with 202. Prints one line of JSON: how many joined, were sent, accepted, refused,
 * and the time from when a hit was due to its answer. Status 0 when every guest joined and every hit was answered. */
#include "common/cloudevents/scan.h"
#include "common/http/client.h"
#include "common/memory.h"
#include "tests/bench/measure.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct guest {
	char *cookie;
	int64_t first; /* when its first hit is due */
	int64_t sent;
	struct ump_timer timer;
};

struct hit {
	struct guest *guest;
	int64_t due;
};

static struct {
	struct ump_loop *loop;
	struct ump_client *client;
	const char *url;
	FILE *accepted_file;
	struct guest *guests;
	int64_t guest_count, rate, hits;
	int64_t joined, sent, answered, accepted;
	int refused[600]; /* by status; 0: no answer */
	struct histogram latency;
} room = {.guest_count = 300, .rate = 5, .hits = 25};

static void fail(const char *text)
{
	fprintf(stderr, "bench-room: %s\n", text);
	exit(EX_UNAVAILABLE);
}

static void post(const char *path, const char *cookie, const char *body, ump_reply_fn *done, void *context)
{
	char url[256];
	struct ump_error error;
	struct ump_call *call;
	const struct ump_header headers[] = {{UMP_TEXT("Content-Type"), UMP_TEXT("application/json")},
					     {UMP_TEXT("Cookie"), ump_text(cookie)}};
	snprintf(url, sizeof url, "%s%s", room.url, path);
	const struct ump_call_options options = {.method = "POST",
						 .url = url,
						 .headers = headers,
						 .header_count = cookie ? 2 : 1,
						 .body = ump_text(body),
						 .timeout_us = 60 * UMP_SECOND,
						 .max_reply = 4096};
	if (ump_client_call(room.client, &options, done, context, &call, &error) < 0)
		fail(error.text);
}

/* ---- Playing ---- */

static void note(const struct ump_reply *reply)
{
	struct ump_json answer, source, id;
	struct ump_error error;
	if (ump_json_parse(reply->body, &answer, &error) || !ump_json_find(&answer, UMP_TEXT("/source"), &source) ||
	    !ump_json_find(&answer, UMP_TEXT("/id"), &id))
		fail("a 202 without source and id");
	fprintf(room.accepted_file, "%.*s %.*s\n", (int)source.text.size - 2, source.text.start + 1, (int)id.text.size - 2,
		id.text.start + 1);
	room.accepted++;
}

static void answered(void *context, const struct ump_reply *reply)
{
	struct hit *hit = context;
	histogram_add(&room.latency, ump_loop_clock() - hit->due);
	free(hit);
	if (reply->status == 202)
		note(reply);
	else
		room.refused[reply->status]++;
	if (++room.answered == room.guest_count * room.hits)
		ump_loop_stop(room.loop, 0);
}

static void play(void *context)
{
	struct guest *guest = context;
	struct hit *hit = ump_allocate(1, sizeof *hit);
	*hit = (struct hit){guest, guest->first + guest->sent++ * UMP_SECOND / room.rate};
	room.sent++;
	post("/api/hits", guest->cookie, "{\"match\":\"room\",\"hits\":7}", answered, hit);
	if (guest->sent < room.hits)
		ump_timer_set(room.loop, &guest->timer, guest->first + guest->sent * UMP_SECOND / room.rate, play, guest);
}

static void play_all(void)
{
	int64_t now = ump_loop_clock();
	for (int64_t i = 0; i < room.guest_count; i++) {
		struct guest *guest = &room.guests[i];
		guest->first = now + i * UMP_SECOND / (room.rate * room.guest_count);
		ump_timer_set(room.loop, &guest->timer, guest->first, play, guest);
	}
}

/* ---- Joining ---- */

static void join(void *context);

static void joined(void *context, const struct ump_reply *reply)
{
	struct guest *guest = context;
	struct ump_text cookie = ump_header_find(reply->headers, reply->header_count, "Set-Cookie");
	if (reply->status == 429) { /* a room has patience */
		ump_timer_set(room.loop, &guest->timer, ump_loop_now(room.loop) + UMP_SECOND, join, guest);
		return;
	}
	if (reply->status != 201 || !cookie.size)
		fail("a guest could not join");
	const char *end = memchr(cookie.start, ';', cookie.size);
	guest->cookie = ump_copy_bytes(cookie.start, end ? (size_t)(end - cookie.start) : cookie.size);
	if (++room.joined == room.guest_count)
		play_all();
}

static void join(void *context)
{
	post("/api/players", NULL, "", joined, context);
}

/* ---- Beginning and end ---- */

static void print(void)
{
	printf("{\"joined\":%" PRId64 ",\"sent\":%" PRId64 ",\"accepted\":%" PRId64 ",\"refused\":{", room.joined, room.sent,
	       room.accepted);
	const char *comma = "";
	for (int status = 0; status < 600; status++)
		if (room.refused[status]) {
			printf("%s\"%d\":%d", comma, status, room.refused[status]);
			comma = ",";
		}
	printf("},\"answer\":");
	histogram_print(&room.latency, stdout);
	printf("}\n");
}

static int run(void)
{
	struct ump_error error;
	const struct ump_client_options client = {.max_connections = room.guest_count, .connect_timeout_us = 10 * UMP_SECOND};
	if (ump_loop_new(&room.loop, &error) < 0 || ump_client_new(&room.client, room.loop, &client, &error) < 0)
		fail(error.text);
	room.guests = ump_allocate((size_t)room.guest_count, sizeof *room.guests);
	for (int64_t i = 0; i < room.guest_count; i++)
		join(&room.guests[i]);
	int status = ump_loop_run(room.loop);
	print();
	ump_client_free(room.client);
	for (int64_t i = 0; i < room.guest_count; i++)
		free(room.guests[i].cookie);
	free(room.guests);
	ump_loop_free(room.loop);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"url", required_argument, NULL, 'u'},      {"guests", required_argument, NULL, 'g'},
						{"rate", required_argument, NULL, 'r'},     {"hits", required_argument, NULL, 'h'},
						{"accepted", required_argument, NULL, 'a'}, {0}};
	const char *path = NULL;
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'u')
			room.url = optarg;
		else if (option == 'g')
			room.guest_count = measure_number("guests", optarg, 10000);
		else if (option == 'r')
			room.rate = measure_number("rate", optarg, 1000);
		else if (option == 'h')
			room.hits = measure_number("hits", optarg, 1000000);
		else if (option == 'a')
			path = optarg;
		else
			return EX_USAGE;
	}
	if (!room.url || !path || !room.guest_count || !room.rate || !room.hits) {
		fprintf(stderr, "bench-room: expected --url and --accepted\n");
		return EX_USAGE;
	}
	if (!(room.accepted_file = fopen(path, "we")))
		fail(path);
	int status = run();
	return fclose(room.accepted_file) ? EX_IOERR : status;
}
