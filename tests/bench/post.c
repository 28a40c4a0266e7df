/* tests/bench/post.c: our own HTTP client on our own loop against the same sink: what of the adapter's cost is HTTP.
 *
 *   bench-post --target PORT [--connections 32] [--events 500000] [--size 200]
 *
 * Prints the same line as bench-client. */
#include "common/http/client.h"
#include "tests/bench/measure.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static struct {
	struct ump_loop *loop;
	struct ump_client *client;
	char url[64], body[1 << 20];
	int64_t events, sent, answered;
	int connections, size;
} post = {.events = 500000, .connections = 32, .size = 200};

static void start(void);

static void done(void *context, const struct ump_reply *reply)
{
	(void)context;
	if (reply->status / 100 != 2) {
		fprintf(stderr, "bench-post: %d %s\n", reply->status, reply->failure ? reply->failure : "");
		ump_loop_stop(post.loop, EX_UNAVAILABLE);
	} else if (++post.answered == post.events) {
		ump_loop_stop(post.loop, 0);
	} else if (post.sent < post.events) {
		start();
	}
}

static void start(void)
{
	char id[32];
	snprintf(id, sizeof id, "%012" PRId64, post.sent++);
	const struct ump_header headers[] = {{UMP_TEXT("Content-Type"), UMP_TEXT("application/json")},
					     {UMP_TEXT("ce-specversion"), UMP_TEXT("1.0")},
					     {UMP_TEXT("ce-id"), ump_text(id)},
					     {UMP_TEXT("ce-source"), UMP_TEXT("/umpire/bench")},
					     {UMP_TEXT("ce-type"), UMP_TEXT("game.hits")},
					     {UMP_TEXT("ce-subject"), UMP_TEXT("p-0042")},
					     {UMP_TEXT("ce-partitionkey"), UMP_TEXT("p-0042")},
					     {UMP_TEXT("ce-time"), UMP_TEXT("2026-01-01T00:00:00Z")}};
	struct ump_call_options options = {.method = "POST",
					   .url = post.url,
					   .headers = headers,
					   .header_count = sizeof headers / sizeof *headers,
					   .body = {post.body, (size_t)post.size},
					   .timeout_us = 600 * UMP_SECOND,
					   .max_reply = 65536};
	struct ump_call *call;
	struct ump_error error;
	if (ump_client_call(post.client, &options, done, NULL, &call, &error) < 0) {
		fprintf(stderr, "bench-post: %s\n", error.text);
		ump_loop_stop(post.loop, EX_SOFTWARE);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"target", required_argument, NULL, 't'},
						{"connections", required_argument, NULL, 'c'},
						{"events", required_argument, NULL, 'e'},
						{"size", required_argument, NULL, 's'},
						{0}};
	struct ump_error error;
	int option, port = 0;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			port = (int)measure_number("target", optarg, 65535);
		else if (option == 'c')
			post.connections = (int)measure_number("connections", optarg, 4096);
		else if (option == 'e')
			post.events = measure_number("events", optarg, INT64_MAX);
		else if (option == 's')
			post.size = (int)measure_number("size", optarg, sizeof post.body);
		else
			return EX_USAGE;
	}
	snprintf(post.url, sizeof post.url, "http://127.0.0.1:%d/", port);
	memset(post.body, 'x', sizeof post.body);
	struct ump_client_options client = {.max_connections = post.connections, .connect_timeout_us = 10 * UMP_SECOND};
	if (ump_loop_new(&post.loop, &error) < 0 || ump_client_new(&post.client, post.loop, &client, &error) < 0) {
		fprintf(stderr, "bench-post: %s\n", error.text);
		return EX_SOFTWARE;
	}
	int64_t started = measure_now();
	for (int i = 0; i < post.connections && post.sent < post.events; i++)
		start();
	int status = ump_loop_run(post.loop);
	double seconds = (double)(measure_now() - started) / 1e6;
	printf("{\"events\":%" PRId64 ",\"seconds\":%.6f,\"events_per_second\":%.0f,\"cpu_us_per_event\":%.3f}\n", post.answered, seconds,
	       (double)post.answered / seconds, (double)measure_cpu() / (double)post.answered);
	ump_client_free(post.client);
	ump_loop_free(post.loop);
	return status;
}
