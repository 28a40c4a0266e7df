/* audit-fn/verdict.c: see verdict.h. */
#include "audit-fn/verdict.h"
#include <stdio.h>

#define SHOWN_MAX 48 /* bytes of a wrong value in an error */

static const char whole_expected[] = "expected an integer from 0 to 9007199254740991";

void finding_release(struct finding *finding)
{
	ump_buffer_release(&finding->player);
	ump_buffer_release(&finding->match);
}

/* ---- Reading ---- */

void verdict_read_data(const struct ump_event *event, struct verdict_data *ret_data)
{
	struct ump_text type = ump_event_get(event, "datacontenttype");
	struct ump_error error;

	ret_data->is_json = false;
	if (event->data_kind == UMP_DATA_NONE)
		snprintf(ret_data->why, sizeof(ret_data->why), "no data");
	else if (!ump_media_type_is_json(type))
		snprintf(ret_data->why, sizeof(ret_data->why), "data of the type %.*s, which is no JSON",
			 (int)(type.size > 60 ? 60 : type.size), type.start);
	else if (ump_json_parse(event->data, &ret_data->json, &error) < 0)
		snprintf(ret_data->why, sizeof(ret_data->why), "data that is no JSON (%.100s)", error.text);
	else
		ret_data->is_json = true;
}

/* What stands where something else was expected, short enough for an error. */
static struct ump_text shown(const struct ump_json *found)
{
	struct ump_text text = found->text;

	if (found->type == UMP_JSON_OBJECT)
		return UMP_TEXT("an object");
	if (found->type == UMP_JSON_ARRAY)
		return UMP_TEXT("an array");
	if (text.size > SHOWN_MAX) {
		text.size = SHOWN_MAX;
		while (text.size > 0 && ((unsigned char)text.start[text.size] & 0xC0) == 0x80)
			text.size--;
	}
	return text;
}

static int find_value(const struct rule *rule, const struct verdict_data *data, uint64_t *ret_value, struct ump_error *error)
{
	struct ump_json found;

	if (!data->is_json)
		return ump_fail(error, UMP_REJECT, "rule %s: %s: found %s, %s", rule->name, rule->value, data->why, whole_expected);
	if (!ump_json_find(&data->json, ump_text(rule->value), &found))
		return ump_fail(error, UMP_REJECT, "rule %s: %s: found nothing, %s", rule->name, rule->value, whole_expected);
	if (found.type != UMP_JSON_NUMBER || !ump_json_whole_number(found.text, ret_value))
		return ump_fail(error, UMP_REJECT, "rule %s: %s: found %.*s, %s", rule->name, rule->value,
				UMP_TEXT_ARGUMENTS(shown(&found)), whole_expected);
	return 0;
}

/* The player becomes an attribute of the reply, so it has to be a valid one. */
static int check_player(const struct rule *rule, const char *place, struct ump_text player, struct ump_error *error)
{
	struct ump_attribute subject = {UMP_TEXT("subject"), player, UMP_ATTRIBUTE_STRING};

	if (player.size == 0)
		return ump_fail(error, UMP_REJECT, "rule %s: %s: found an empty string, expected a player's name", rule->name, place);
	if (player.size > VERDICT_PLAYER_MAX)
		return ump_fail(error, UMP_REJECT, "rule %s: %s: found %zu bytes, expected a player's name of at most %d", rule->name,
				place, player.size, VERDICT_PLAYER_MAX);
	if (ump_attribute_check(&subject, error) < 0)
		return ump_error_prefix(error, "rule %s: %s", rule->name, place);
	return 0;
}

/* Looks in one place: 1 found, 0 nothing there, -1 something that is no player. */
static int find_player_at(const struct rule *rule, const char *place, const struct ump_event *event, const struct verdict_data *data,
			  struct ump_buffer *player, struct ump_error *error)
{
	struct ump_json found;

	if (*place != '/') {
		struct ump_text attribute = ump_event_get(event, place);
		if (!attribute.start)
			return 0;
		ump_buffer_add_text(player, attribute);
	} else {
		if (!data->is_json || !ump_json_find(&data->json, ump_text(place), &found) || found.type == UMP_JSON_NULL)
			return 0;
		if (found.type != UMP_JSON_STRING)
			return ump_fail(error, UMP_REJECT, "rule %s: %s: found %.*s, expected a string", rule->name, place,
					UMP_TEXT_ARGUMENTS(shown(&found)));
		if (ump_json_unescape(found.text, player, error) < 0)
			return ump_error_prefix(error, "rule %s: %s", rule->name, place);
	}
	return check_player(rule, place, ump_buffer_text(player), error) < 0 ? -1 : 1;
}

static int find_player(const struct rule *rule, const struct ump_event *event, const struct verdict_data *data, struct ump_buffer *player,
		       struct ump_error *error)
{
	for (size_t i = 0; i < rule->player_count; i++) {
		int found = find_player_at(rule, rule->players[i], event, data, player, error);
		if (found != 0)
			return found < 0 ? -1 : 0;
	}
	if (rule->kind == RULE_VALUE)
		return 0;
	return ump_fail(error, UMP_REJECT, "rule %s: %s: found nothing, expected the player's name", rule->name, rule->players[0]);
}

static int find_time(const struct rule *rule, const struct ump_event *event, int64_t *ret_us, struct ump_error *error)
{
	struct ump_text time = ump_event_get(event, "time");

	if (!time.start)
		return ump_fail(error, UMP_REJECT, "rule %s: attribute time: found nothing, expected when it happened", rule->name);
	if (window_parse_time(time, ret_us, error) < 0)
		return ump_error_prefix(error, "rule %s: attribute time", rule->name);
	return 0;
}

int verdict_find(const struct rule *rule, const struct ump_event *event, const struct verdict_data *data, struct finding *finding,
		 struct ump_error *error)
{
	finding->rule = rule;
	finding->value = 1;
	finding->time_us = 0;
	ump_buffer_reset(&finding->player);
	ump_buffer_reset(&finding->match);
	if (rule->value && find_value(rule, data, &finding->value, error) < 0)
		return -1;
	if (find_player(rule, event, data, &finding->player, error) < 0)
		return -1;
	if (rule->kind != RULE_VALUE && find_time(rule, event, &finding->time_us, error) < 0)
		return -1;
	return 0;
}

void verdict_find_match(const struct verdict_data *data, struct finding *finding)
{
	const char *pointer = finding->rule->match;
	struct ump_json match;

	if (pointer && data->is_json && ump_json_find(&data->json, ump_text(pointer), &match) &&
	    (match.type == UMP_JSON_STRING || match.type == UMP_JSON_NUMBER))
		ump_buffer_add_text(&finding->match, match.text);
}

/* ---- Identities ---- */

/* What all of a rule's identities begin with: a stricter rule gives other ones. */
static void start_with_rule(struct digest_state *state, const struct rule *rule)
{
	char window[80] = "";

	if (rule->kind != RULE_VALUE)
		snprintf(window, sizeof(window), "%lld/%lld/%lld", (long long)rule->window.size_us, (long long)rule->window.step_us,
			 (long long)rule->window.lateness_us);
	digest_start(state);
	digest_add(state, ump_text(rule->name));
	digest_add(state, ump_text(rule_kind_name(rule->kind)));
	digest_add(state, ump_text(rule->value ? rule->value : ""));
	digest_add_number(state, (int64_t)rule->threshold);
	digest_add(state, ump_text(window));
}

struct digest verdict_event_id(struct ump_text source, struct ump_text id)
{
	struct digest_state state;

	digest_start(&state);
	digest_add(&state, source);
	digest_add(&state, id);
	return digest_finish(&state);
}

struct digest verdict_player_id(const struct rule *rule, struct ump_text player)
{
	struct digest_state state;

	start_with_rule(&state, rule);
	digest_add(&state, player);
	return digest_finish(&state);
}

struct digest verdict_id(const struct rule *rule, struct ump_text source, struct ump_text id)
{
	struct digest_state state;

	start_with_rule(&state, rule);
	digest_add(&state, source);
	digest_add(&state, id);
	/* Without one more field an event with a player's name as its source could take a window's identity for its own "fair". */
	if (rule->kind != RULE_VALUE)
		digest_add(&state, UMP_TEXT("event"));
	return digest_finish(&state);
}

struct digest verdict_window_id(const struct rule *rule, struct ump_text player, int64_t start_us)
{
	struct digest_state state;

	start_with_rule(&state, rule);
	digest_add(&state, player);
	digest_add_number(&state, start_us);
	return digest_finish(&state);
}

/* ---- Writing ---- */

static void add_member(struct ump_buffer *data, const char *name, struct ump_text string)
{
	ump_buffer_print(data, "\"%s\":", name);
	ump_json_quote(data, string);
	ump_buffer_add_character(data, ',');
}

static void write_data(const struct verdict *verdict, struct ump_buffer *data)
{
	const struct finding *finding = verdict->finding;
	const struct rule *rule = finding->rule;
	char start[WINDOW_TIME_SIZE];
	char end[WINDOW_TIME_SIZE];

	ump_buffer_add_character(data, '{');
	add_member(data, "verdict", ump_text(verdict->cheating ? "cheating" : "fair"));
	add_member(data, "rule", ump_text(rule->name));
	if (!verdict->about_window && finding->match.size > 0) {
		ump_buffer_add_string(data, "\"match\":");
		ump_buffer_add_text(data, ump_buffer_text(&finding->match));
		ump_buffer_add_character(data, ',');
	}
	if (finding->player.size > 0)
		add_member(data, "player", ump_buffer_text(&finding->player));
	if (!verdict->about_window && rule->kind != RULE_COUNT)
		ump_buffer_print(data, "\"hits\":%llu,", (unsigned long long)finding->value);
	ump_buffer_print(data, "\"threshold\":%llu,", (unsigned long long)rule->threshold);
	add_member(data, "revision", ump_text(verdict->revision));
	if (verdict->about_window) {
		window_print_time(verdict->window_start_us, start);
		window_print_time(verdict->window_start_us + rule->window.size_us, end);
		ump_buffer_print(data, "\"kind\":\"%s\",\"window\":{\"start\":\"%s\",\"end\":\"%s\"}}", rule_kind_name(rule->kind), start,
				 end);
		return;
	}
	ump_buffer_add_string(data, "\"event\":{");
	add_member(data, "source", verdict->cause->source);
	ump_buffer_add_string(data, "\"id\":");
	ump_json_quote(data, verdict->cause->id);
	ump_buffer_add_string(data, "}}");
}

int verdict_write(const struct verdict *verdict, struct ump_buffer *data, struct ump_event *ret_reply, struct ump_error *error)
{
	const struct finding *finding = verdict->finding;
	const struct verdict_cause *cause = verdict->cause;
	struct ump_text player = finding->player.size > 0 ? ump_buffer_text(&finding->player) : UMP_TEXT_NONE;
	struct digest id = verdict->about_window ? verdict_window_id(finding->rule, player, verdict->window_start_us)
						 : verdict_id(finding->rule, cause->source, cause->id);
	size_t begin = data->size;

	ump_event_reset(ret_reply);
	char *hex = ump_event_allocate(ret_reply, DIGEST_HEX_SIZE);
	digest_to_hex(&id, hex);
	const struct {
		struct ump_text name, value;
	} attributes[] = {
		{UMP_TEXT("specversion"), UMP_TEXT("1.0")},
		{UMP_TEXT("id"), ump_text(hex)},
		{UMP_TEXT("source"), UMP_TEXT("/umpire/audit-fn")},
		{UMP_TEXT("type"), verdict->cheating ? UMP_TEXT("audit.fail") : UMP_TEXT("audit.pass")},
		{UMP_TEXT("datacontenttype"), UMP_TEXT("application/json")},
		{UMP_TEXT("subject"), player},
		{UMP_TEXT("partitionkey"), player},
		{UMP_TEXT("causationid"), cause->id},
		{UMP_TEXT("traceparent"), cause->traceparent},
		{UMP_TEXT("tracestate"), cause->tracestate},
	};
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (attributes[i].value.size > 0 &&
		    ump_event_set(ret_reply, attributes[i].name, attributes[i].value, UMP_ATTRIBUTE_STRING, error) < 0)
			return -1;
	write_data(verdict, data);
	ret_reply->data = (struct ump_text){data->start + begin, data->size - begin};
	ret_reply->data_kind = UMP_DATA_JSON;
	return 0;
}

struct ump_text verdict_trace_id(struct ump_text traceparent)
{
	static const char form[] = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";

	if (traceparent.size != sizeof(form) - 1)
		return UMP_TEXT_NONE;
	for (size_t i = 0; i < traceparent.size; i++)
		if (form[i] == '-' ? traceparent.start[i] != '-'
				   : !traceparent.start[i] || !strchr("0123456789abcdef", traceparent.start[i]))
			return UMP_TEXT_NONE;
	return (struct ump_text){traceparent.start + 3, 32};
}
