#include "provider/live.h"
#include "common/cloudevents/scan.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "provider/code.h"
#include "provider/followers.h"
#include "provider/hub.h"
#include "provider/metrics.h"
#include <stdio.h>
#include <stdlib.h>

#define FRAME_US (100 * UMP_MILLISECOND)
#define QUIET_US (1 * UMP_SECOND) /* a frame at least this often while somebody looks */
#define ROUTES   3

struct live {
	struct live_options options;
	struct ump_loop *loop;
	struct hub *hub;
	struct followers *followers;
	struct ump_timer frame;
	int64_t framed_at;
	unsigned round; /* that the phones know of */
	char *play;     /* the game's address, or NULL */
	struct ump_buffer code;
	struct site_route routes[ROUTES];
};

static struct board *board_of(const struct live *live)
{
	return feed_board(live->options.feed);
}

static int64_t now_ms(const struct live *live)
{
	return ump_loop_wall(live->loop) / UMP_MILLISECOND;
}

/* ---- The board ---- */

static void gather(struct live *live, struct board_facts *facts)
{
	*facts = (struct board_facts){.now_ms = now_ms(live), .pages = hub_clients(live->hub), .play = live->play};
	feed_facts(live->options.feed, facts);
	live->options.describe(live->options.context, facts);
}

static char *state_of(struct live *live, unsigned round)
{
	struct board_facts facts;
	gather(live, &facts);
	return board_state(board_of(live), &facts, round);
}

static char *snapshot(void *context)
{
	return state_of(context, 0);
}

static void tell_phones_of_round(struct live *live)
{
	unsigned round = board_round(board_of(live), now_ms(live));
	if (round != live->round && live->round)
		followers_refresh(live->followers);
	live->round = round;
}

static void send_frame(void *context)
{
	struct live *live = context;
	int64_t now = ump_loop_now(live->loop);
	ump_timer_set(live->loop, &live->frame, now + FRAME_US, send_frame, live);
	tell_phones_of_round(live);
	if (!hub_clients(live->hub)) {
		hub_expire(live->hub);
		return;
	}
	if (!board_changed(board_of(live)) && now - live->framed_at < QUIET_US)
		return;
	struct board_facts facts;
	gather(live, &facts);
	ump_cleanup_free char *update = board_update(board_of(live), &facts);
	if (update)
		hub_send(live->hub, update);
	live->framed_at = now;
}

void live_hurry(struct live *live)
{
	live->framed_at = 0;
}

/* ---- Requests ---- */

static void answer_state(struct ump_request *request, void *context)
{
	struct live *live = context;
	uint64_t round;
	if (!site_is_reading(request))
		return;
	if (!ump_request_query(request, "round").start) {
		const char *json = hub_snapshot(live->hub);
		if (json)
			site_answer_json(request, 200, ump_text(json), NULL, 0);
		else
			ump_request_problem(request, 503, "No state", "the board cannot be written at the moment", 1);
		return;
	}
	ump_cleanup_free char *json =
		site_query_number(request, "round", BOARD_ROUNDS, &round) && round ? state_of(live, (unsigned)round) : NULL;
	if (json)
		site_answer_json(request, 200, ump_text(json), NULL, 0);
	else
		ump_request_problem(request, 404, "No such round", "round: expected one that has begun", 0);
}

static void answer_stream(struct ump_request *request, void *context)
{
	struct live *live = context;
	struct ump_text player = ump_request_query(request, "player");
	if (!ump_text_equals(ump_request_method(request), UMP_TEXT("GET")))
		site_refuse_method(request);
	else if (player.start)
		followers_join(live->followers, request, player);
	else
		hub_join(live->hub, request);
}

static void answer_code(struct ump_request *request, void *context)
{
	struct live *live = context;
	if (!site_is_reading(request))
		return;
	if (live->code.size)
		site_answer_picture(request, ump_buffer_text(&live->code));
	else
		ump_request_problem(request, 404, "No code", "only this machine reaches this address: give --public-url", 0);
}

/* ---- Phones ---- */

static char *player_of(void *context, struct ump_text id)
{
	struct live *live = context;
	unsigned round = board_round(board_of(live), now_ms(live));
	const struct board_player *player = board_player(board_of(live), id);
	const struct board_score *score = player ? board_score(player, round) : NULL;
	return ump_format("{\"round\":%u,\"hits\":%llu,\"verdicts\":%llu,\"cheats\":%llu}", round,
			  (unsigned long long)(score ? score->hits : 0), (unsigned long long)(score ? score->verdicts : 0),
			  (unsigned long long)(score ? score->cheats : 0));
}

void live_verdict(struct live *live, const struct verdict_reading *verdict, double ms)
{
	if (!followers_are_there(live->followers, verdict->player))
		return;
	struct ump_buffer json = {0};
	ump_buffer_add_string(&json, "{\"event\":");
	ump_json_quote(&json, verdict->event_id);
	ump_buffer_print(&json, ",\"verdict\":\"%s\",\"hits\":%.17g,\"threshold\":%.17g,\"rule\":", verdict->cheating ? "cheating" : "fair",
			 verdict->value, verdict->threshold);
	ump_json_quote(&json, verdict->rule);
	if (ms >= 0)
		ump_buffer_print(&json, ",\"ms\":%.0f", ms);
	ump_buffer_add_character(&json, '}');
	followers_tell(live->followers, verdict->player, "verdict", json.start);
	ump_buffer_release(&json);
}

static bool is_for_this_machine_alone(const char *address)
{
	static const char *const prefixes[] = {"127.", "localhost:", "[::1]:", "0.0.0.0:", "[::]:", ":"};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strncmp(address, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

void live_listen(struct live *live, const char *address)
{
	const char *url = live->options.config->pages.public_url;
	struct ump_error error;
	if (url)
		live->play = ump_format("%.*s/play", (int)(strlen(url) - (*url && url[strlen(url) - 1] == '/')), url);
	else if (!is_for_this_machine_alone(address))
		live->play = ump_format("http://%s/play", address);
	if (live->play && code_draw(&live->code, live->play, &error))
		ump_log(UMP_LOG_WARNING, "the code for phones cannot be drawn", UMP_LOG_S("error", error.text));
}

/* ---- Making and ending ---- */

struct live *live_new(struct ump_loop *loop, const struct live_options *options)
{
	struct live *live = ump_allocate(1, sizeof *live);
	size_t most = options->max_pages;
	live->options = *options;
	live->loop = loop;
	live->hub = hub_new(&(struct hub_options){most, snapshot, live});
	live->followers = followers_new(&(struct followers_options){most, player_of, live});
	live->routes[0] = (struct site_route){.path = "/api/state", .handle = answer_state, .context = live};
	live->routes[1] = (struct site_route){.path = "/api/stream", .handle = answer_stream, .context = live};
	live->routes[2] = (struct site_route){.path = "/code.svg", .handle = answer_code, .context = live};
	send_frame(live);
	return live;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	ump_timer_cancel(live->loop, &live->frame);
	hub_free(live->hub);
	followers_free(live->followers);
	ump_buffer_release(&live->code);
	free(live->play);
	free(live);
}

const struct site_route *live_routes(const struct live *live, size_t *ret_count)
{
	*ret_count = ROUTES;
	return live->routes;
}

void live_measure(const struct live *live, struct ump_metrics *metrics)
{
	ump_metrics_set(metrics, METRIC_PAGES, (double)hub_clients(live->hub));
	ump_metrics_set(metrics, METRIC_PHONES, (double)followers_count(live->followers));
	ump_metrics_set(metrics, METRIC_PAGES_DROPPED, (double)hub_dropped(live->hub));
}
