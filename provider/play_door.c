#include "provider/play_door.h"
#include "common/cloudevents/scan.h"
#include "common/memory.h"
#include "provider/event_record.h"
#include "provider/guest.h"
#include "provider/metrics.h"
#include "provider/moment.h"
#include "provider/names.h"
#include "provider/run_name.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define MATCH_SIZE    65 /* bytes with the terminating zero */
#define VOLLEY_SIZE   33 /* likewise */
#define DEFAULT_MATCH "lobby"
#define COOKIE_SIZE   (sizeof GUEST_COOKIE + GUEST_COOKIE_SIZE + 64)

struct play_door {
	struct door players, hits;
	struct door_shared *shared;
	struct limiter *joins; /* by address */
	struct limiter *pace;  /* by guest */
	struct guest_key key;
	char source[RUN_SOURCE_SIZE + 8];
	uint64_t seed;
	uint32_t boot, joined; /* of this process; so many have joined */
	uint64_t sequence;
	struct ump_event event;
	struct ump_kafka_message message;
};

struct hit {
	struct receipt receipt;
	struct play_door *door;
	struct guest guest;
	bool is_new; /* has joined by this very request */
	char id[GUEST_ID_SIZE + VOLLEY_SIZE], time[MOMENT_SIZE];
};

static uint64_t draw(void)
{
	uint64_t number;
	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		abort(); /* up to 256 bytes never come short (getrandom(2)) */
	return number;
}

struct play_door *play_door_new(struct door_shared *shared, const char *run)
{
	struct play_door *door = ump_allocate(1, sizeof *door);
	const struct provider_config *config = shared->config;
	char source[RUN_SOURCE_SIZE];
	door->shared = shared;
	door->players = (struct door){shared, "players"};
	door->hits = (struct door){shared, "hits"};
	door->joins = limiter_new(config->doors.join_rate, (size_t)config->doors.max_senders);
	door->pace = limiter_new(config->doors.player_rate, (size_t)config->doors.max_senders);
	guest_key_derive(&door->key, ump_text(shared->token));
	run_source(source, run);
	snprintf(door->source, sizeof door->source, "%s/play", source);
	door->seed = draw();
	door->boot = (uint32_t)draw();
	return door;
}

void play_door_free(struct play_door *door)
{
	if (!door)
		return;
	limiter_free(door->joins);
	limiter_free(door->pace);
	ump_event_release(&door->event);
	ump_kafka_message_release(&door->message);
	free(door);
}

/* ---- Bodies ---- */

struct body {
	bool has_hits;
	uint64_t hits;
	char match[MATCH_SIZE];   /* empty: none */
	char volley[VOLLEY_SIZE]; /* likewise */
	struct ump_buffer name;   /* empty: none */
};

static int read_match(struct body *body, struct ump_text text, struct ump_error *error)
{
	struct ump_buffer match = {0};
	int result = ump_json_unescape(text, &match, error);
	const struct ump_attribute attribute = {UMP_TEXT("match"), ump_buffer_text(&match), UMP_ATTRIBUTE_STRING};
	if (result == 0 && (match.size == 0 || match.size >= sizeof body->match))
		result = ump_fail(error, UMP_REJECT, "match: expected 1 to %zu bytes, found %zu", sizeof body->match - 1, match.size);
	if (result == 0)
		result = ump_attribute_check(&attribute, error);
	if (result == 0)
		memcpy(body->match, match.start, match.size + 1);
	ump_buffer_release(&match);
	return result;
}

static int read_volley(struct body *body, struct ump_text text, struct ump_error *error)
{
	struct ump_buffer volley = {0};
	int result = ump_json_unescape(text, &volley, error);
	if (result == 0 && (volley.size == 0 || volley.size >= sizeof body->volley || strspn(volley.start, RUN_LETTERS) != volley.size))
		result = ump_fail(error, UMP_REJECT, "volley: expected 1 to %zu letters, digits, '.', '_' or '-'", sizeof body->volley - 1);
	if (result == 0)
		memcpy(body->volley, volley.start, volley.size + 1);
	ump_buffer_release(&volley);
	return result;
}

static int read_member(struct body *body, struct ump_text name, const struct ump_json *value, struct ump_error *error)
{
	if (ump_text_equals(name, UMP_TEXT("hits"))) {
		body->has_hits = value->type == UMP_JSON_NUMBER && ump_json_whole_number(value->text, &body->hits);
		return body->has_hits ? 0 : ump_fail(error, UMP_REJECT, "hits: expected a whole number from 0 to 9007199254740991");
	}
	if (value->type != UMP_JSON_STRING)
		return ump_fail(error, UMP_REJECT, "%.*s: expected a string", UMP_TEXT_ARGUMENTS(name));
	if (ump_text_equals(name, UMP_TEXT("match")))
		return read_match(body, value->text, error);
	if (ump_text_equals(name, UMP_TEXT("volley")))
		return read_volley(body, value->text, error);
	return ump_json_unescape(value->text, &body->name, error);
}

/* `known` are the members that may be there; an object, or nothing. */
static int read_body(struct ump_request *request, const char *const *known, struct body *body, struct ump_error *error)
{
	struct ump_text text = ump_text_trim(ump_request_body(request)), name;
	struct ump_json object, value;
	size_t position = 0;
	if (!text.size)
		return 0;
	if (ump_json_parse(text, &object, error))
		return ump_error_prefix(error, "the body is not JSON");
	if (object.type != UMP_JSON_OBJECT)
		return ump_fail(error, UMP_REJECT, "expected a JSON object");
	while (ump_json_next(&object, &position, &name, &value)) {
		const char *const *each = known;
		while (*each && !ump_text_equals(name, ump_text(*each)))
			each++;
		if (!*each)
			return ump_fail(error, UMP_REJECT, "%.*s: there is no such member here", UMP_TEXT_ARGUMENTS(name));
		if (read_member(body, name, &value, error))
			return -1;
	}
	return 0;
}

/* ---- Guests ---- */

static struct ump_header cookie_header(const struct play_door *door, const struct guest *guest, char text[COOKIE_SIZE])
{
	const char *url = door->shared->config->pages.public_url;
	char cookie[GUEST_COOKIE_SIZE];
	guest_cookie_write(&door->key, guest, cookie);
	snprintf(text, COOKIE_SIZE, "%s=%s; HttpOnly; SameSite=Strict; Path=/%s", GUEST_COOKIE, cookie,
		 url && strncmp(url, "https:", 6) == 0 ? "; Secure" : "");
	return (struct ump_header){UMP_TEXT("Set-Cookie"), ump_text(text)};
}

static struct ump_text cookie_of(const struct ump_request *request)
{
	return guest_cookie_find(ump_request_header(request, "Cookie"), GUEST_COOKIE);
}

/* Gives `guest` its number, and a name unless it has one. False where the request is answered: too many join. */
static bool join(struct play_door *door, const struct door *at, struct ump_request *request, struct guest *guest)
{
	char name[NAME_SIZE];
	if (!door_has_room(at, request, door->joins, "join", door_sender(at, request)))
		return false;
	guest_set_number(guest, draw());
	name_write(name, door->seed, door->joined++);
	if (!guest->name[0])
		snprintf(guest->name, sizeof guest->name, "%s", name);
	return true;
}

static void answer_guest(struct play_door *door, struct ump_request *request, const struct guest *guest, bool is_new)
{
	struct ump_buffer json = {0};
	char cookie[COOKIE_SIZE];
	struct ump_header header = cookie_header(door, guest, cookie);
	ump_buffer_print(&json, "{\"player\":\"%s\",\"name\":", guest->id);
	ump_json_quote(&json, ump_text(guest->name));
	ump_buffer_add_string(&json, "}\n");
	door_answer(&door->players, request, is_new ? 201 : 200, ump_buffer_text(&json), &header, is_new);
	ump_buffer_release(&json);
}

static int choose_name(const struct play_door *door, struct ump_text name, struct guest *guest, struct ump_error *error)
{
	if (!name.size)
		return 0;
	if (!door->shared->config->doors.free_names)
		return ump_fail(error, UMP_REJECT, "name: names are given here, not chosen");
	return guest_set_name(guest, name, error);
}

/* A cookie that is not ours is as none: whoever joins takes nobody's place. */
void play_door_join(struct ump_request *request, void *context)
{
	static const char *const known[] = {"name", NULL};
	struct play_door *door = context;
	struct body body = {0};
	struct guest guest = {0};
	struct ump_error error;
	if (!door_admits(&door->players, request, "POST"))
		return;
	if (read_body(request, known, &body, &error) || choose_name(door, ump_buffer_text(&body.name), &guest, &error))
		door_refuse_error(&door->players, request, &error);
	else if (guest_cookie_read(&door->key, cookie_of(request), &guest))
		answer_guest(door, request, &guest, false);
	else if (join(door, &door->players, request, &guest))
		answer_guest(door, request, &guest, true);
	ump_buffer_release(&body.name);
}

/* ---- Hits ---- */

static void hit_settled(struct receipt *receipt, struct ump_request *request, const struct ump_delivery *delivery,
			const struct ump_error *error)
{
	struct hit *hit = (struct hit *)receipt;
	struct play_door *door = hit->door;
	char cookie[COOKIE_SIZE];
	if (error) {
		door_refuse_error(&door->hits, request, error);
		return;
	}
	struct ump_buffer json = {0};
	struct ump_header header = cookie_header(door, &hit->guest, cookie);
	ump_buffer_print(&json, "{\"source\":\"%s\",\"id\":\"%s\",\"topic\":", door->source, hit->id);
	ump_json_quote(&json, ump_text(door->shared->config->topics.topic));
	ump_buffer_print(&json, ",\"partition\":%d,\"offset\":%lld,\"player\":\"%s\"}\n", delivery->partition, (long long)delivery->offset,
			 hit->guest.id);
	door_answer(&door->hits, request, 202, ump_buffer_text(&json), &header, hit->is_new);
	ump_buffer_release(&json);
}

static int write_event(struct play_door *door, const struct hit *hit, const struct body *body, struct ump_buffer *data,
		       struct ump_record *ret_record, struct ump_error *error)
{
	ump_buffer_add_string(data, "{\"match\":");
	ump_json_quote(data, ump_text(body->match[0] ? body->match : DEFAULT_MATCH));
	ump_buffer_print(data, ",\"player\":\"%s\",\"name\":", hit->guest.id);
	ump_json_quote(data, ump_text(hit->guest.name));
	ump_buffer_print(data, ",\"hits\":%" PRIu64 "}", body->hits);
	const struct event_form form = {.source = door->source,
					.id = hit->id,
					.type = "game.hits",
					.player = hit->guest.id,
					.time = hit->time,
					.data = ump_buffer_text(data)};
	if (event_fill(&form, &door->event, error))
		return -1;
	return event_to_record(&door->event, door->shared->config->topics.topic, &door->message, ret_record, error);
}

/* A volley that its player sends again, since no answer came or a bad one, is the same event. Whoever does not say which volley it is
 * sends another event each time. */
static void write_id(struct play_door *door, const struct body *body, const struct guest *guest, char *id, size_t size)
{
	if (body->volley[0])
		snprintf(id, size, "%s-%s", guest->id, body->volley);
	else
		snprintf(id, size, "%08x-%" PRIu64, door->boot, ++door->sequence);
}

static void send_hit(struct play_door *door, struct ump_request *request, const struct guest *guest, bool is_new, const struct body *body)
{
	struct hit *hit = ump_allocate(1, sizeof *hit);
	struct ump_buffer data = {0};
	struct ump_record record;
	struct ump_error error;
	*hit = (struct hit){.receipt = {.settled = hit_settled}, .door = door, .guest = *guest, .is_new = is_new};
	write_id(door, body, guest, hit->id, sizeof hit->id);
	moment_write(hit->time, ump_loop_wall(door->shared->loop));
	receipt_begin(door->shared->receipts, &hit->receipt, request);
	if (write_event(door, hit, body, &data, &record, &error))
		receipt_fail(&hit->receipt, &error);
	else
		receipt_add(&hit->receipt, &record);
	receipt_end(&hit->receipt);
	ump_buffer_release(&data);
}

/* Who it is: by the cookie; without one, somebody new. False where the request is answered. */
static bool find_guest(struct play_door *door, struct ump_request *request, struct guest *guest, bool *ret_is_new)
{
	struct ump_text cookie = cookie_of(request);
	*ret_is_new = !cookie.start;
	if (!cookie.start)
		return join(door, &door->hits, request, guest);
	if (guest_cookie_read(&door->key, cookie, guest))
		return true;
	door_refuse(&door->hits, request, 401, "Not a player of this server", "join anew with POST /api/players", 0);
	return false;
}

void play_door_hit(struct ump_request *request, void *context)
{
	static const char *const known[] = {"match", "hits", "volley", NULL};
	struct play_door *door = context;
	struct body body = {0};
	struct guest guest = {0};
	struct ump_error error;
	bool is_new;
	if (!door_admits(&door->hits, request, "POST"))
		return;
	if (read_body(request, known, &body, &error) ||
	    (!body.has_hits && ump_fail(&error, UMP_REJECT, "hits: expected a number, found none"))) {
		door_refuse_error(&door->hits, request, &error);
		return;
	}
	if (find_guest(door, request, &guest, &is_new) && door_has_room(&door->hits, request, door->pace, "player", guest.number) &&
	    door_may_send(&door->hits, request))
		send_hit(door, request, &guest, is_new, &body);
}
