/* What a rule finds in an event, the identities, and the bytes of a verdict. */
#include "audit-fn/verdict.h"
#include "common/cloudevents/json.h"
#include <criterion/criterion.h>
#include <stdio.h>

struct value_identity {
	const char *rule, *pointer;
	uint64_t threshold;
	const char *source, *id, *expected;
};
struct window_identity {
	const char *rule;
	enum rule_kind kind;
	const char *pointer;
	uint64_t threshold;
	struct window window;
	const char *player;
	int64_t start_us;
	const char *expected, *expected_player, *expected_fair; /* the last: fair about the event 1 of /s */
};
#include "identities.inc"

static char name[] = "hits-over-10", pointer[] = "/hits", player_pointer[] = "/player", subject[] = "subject", match[] = "/match";

static const struct rule hits = {
	.name = name, .value = pointer, .players = {player_pointer, subject}, .player_count = 2, .match = match, .threshold = 10};

static void make_event(struct ump_event *event, const char *data)
{
	static const char *const attributes[][2] = {{"specversion", "1.0"}, {"id", "7"}, {"source", "/s"}, {"type", "game.hits"}};
	struct ump_error error;

	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(ump_event_set(event, ump_text(attributes[i][0]), ump_text(attributes[i][1]), UMP_ATTRIBUTE_STRING, &error), 0);
	if (data) {
		event->data = ump_text(data);
		event->data_kind = UMP_DATA_JSON;
	}
}

static int find(const struct rule *rule, const struct ump_event *event, struct finding *finding, struct ump_error *error)
{
	struct verdict_data data;

	verdict_read_data(event, &data);
	if (verdict_find(rule, event, &data, finding, error) < 0)
		return -1;
	verdict_find_match(&data, finding);
	return 0;
}

Test(verdict, whole_numbers_are_found_however_they_are_written)
{
	static const struct {
		const char *data;
		uint64_t value;
	} cases[] = {
		{"{\"hits\":0}", 0},         {"{\"hits\":10}", 10},
		{"{\"hits\":11}", 11},       {"{\"hits\":11.0}", 11},
		{"{\"hits\":1.1e1}", 11},    {"{\"hits\":1.1E+1}", 11},
		{"{\"hits\":110e-1}", 11},   {"{\"hits\":-0}", 0},
		{"{\"hits\":10.000}", 10},   {" { \"x\" : [1,{\"hits\":3}], \"hits\" : 9007199254740991 } ", UINT64_C(9007199254740991)},
		{"{\"\\u0068its\":12}", 12},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ump_event event = {0};
		struct finding finding = {0};
		struct ump_error error;
		make_event(&event, cases[i].data);
		cr_assert_eq(find(&hits, &event, &finding, &error), 0, "%s: %s", cases[i].data, error.text);
		cr_assert_eq(finding.value, cases[i].value, "%s", cases[i].data);
		finding_release(&finding);
		ump_event_release(&event);
	}
}

Test(verdict, anything_else_is_refused_naming_rule_pointer_and_what_was_found)
{
	static const struct {
		const char *data, *found;
	} cases[] = {
		{NULL, "found no data"},
		{"", "found data that is no JSON"},
		{"{\"hits\":11", "found data that is no JSON"},
		{"{\"hits\":11}x", "found data that is no JSON"},
		{"{\"hits\":11,\"hits\":9}", "found data that is no JSON"},
		{"{}", "found nothing"},
		{"{\"Hits\":11}", "found nothing"},
		{"[11]", "found nothing"},
		{"11", "found nothing"},
		{"{\"hits\":null}", "found null"},
		{"{\"hits\":true}", "found true"},
		{"{\"hits\":\"11\"}", "found \"11\""},
		{"{\"hits\":[11]}", "found an array"},
		{"{\"hits\":{\"a\":11}}", "found an object"},
		{"{\"hits\":10.5}", "found 10.5"},
		{"{\"hits\":1e-1}", "found 1e-1"},
		{"{\"hits\":-1}", "found -1"},
		{"{\"hits\":9007199254740992}", "found 9007199254740992"},
		{"{\"hits\":9007199254740991.5}", "found 9007199254740991.5"},
		{"{\"hits\":1e999999999}", "found 1e999999999"},
		{"{\"hits\":18446744073709551627}", "found 18446744073709551627"},
		{"{\"hits\":NaN}", "found data that is no JSON"},
		{"{\"hits\":011}", "found data that is no JSON"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ump_event event = {0};
		struct finding finding = {0};
		struct ump_error error = {0};
		make_event(&event, cases[i].data);
		cr_assert_eq(find(&hits, &event, &finding, &error), -1, "%s", cases[i].data);
		cr_assert_eq(error.kind, UMP_REJECT);
		cr_assert(strstr(error.text, "rule hits-over-10: /hits: "), "%s", error.text);
		cr_assert(strstr(error.text, cases[i].found), "%s: %s", cases[i].data, error.text);
		cr_assert(strstr(error.text, "expected an integer from 0 to 9007199254740991"), "%s", error.text);
		finding_release(&finding);
		ump_event_release(&event);
	}
}

Test(verdict, data_of_another_type_is_no_json)
{
	struct ump_event event = {0};
	struct finding finding = {0};
	struct ump_error error;

	make_event(&event, "{\"hits\":11}");
	cr_assert_eq(ump_event_set(&event, UMP_TEXT("datacontenttype"), UMP_TEXT("text/plain"), UMP_ATTRIBUTE_STRING, &error), 0);
	cr_assert_eq(find(&hits, &event, &finding, &error), -1);
	cr_assert(strstr(error.text, "found data of the type text/plain, which is no JSON"), "%s", error.text);
	finding_release(&finding);
	ump_event_release(&event);
}

Test(verdict, the_player_is_looked_for_in_every_place)
{
	static const struct {
		const char *data, *subject, *player, *error;
	} cases[] = {
		{"{\"hits\":1,\"player\":\"p-1\"}", "p-2", "p-1", NULL},
		{"{\"hits\":1}", "p-2", "p-2", NULL},
		{"{\"hits\":1,\"player\":null}", "p-2", "p-2", NULL},
		{"{\"hits\":1}", NULL, "", NULL},
		{"{\"hits\":1,\"player\":\"J\\u00f6rg \\ud83d\\ude00\"}", NULL, "J\303\266rg \360\237\230\200", NULL},
		{"{\"hits\":1,\"player\":7}", NULL, NULL, "/player: found 7, expected a string"},
		{"{\"hits\":1,\"player\":\"\"}", NULL, NULL, "/player: found an empty string"},
		{"{\"hits\":1,\"player\":\"a\\u0000b\"}", NULL, NULL, "rule hits-over-10: /player"},
		{"{\"hits\":1,\"player\":\"a\\nb\"}", NULL, NULL, "rule hits-over-10: /player"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ump_event event = {0};
		struct finding finding = {0};
		struct ump_error error = {0};
		make_event(&event, cases[i].data);
		if (cases[i].subject)
			ump_event_set(&event, UMP_TEXT("subject"), ump_text(cases[i].subject), UMP_ATTRIBUTE_STRING, &error);
		cr_assert_eq(find(&hits, &event, &finding, &error), cases[i].error ? -1 : 0, "%s: %s", cases[i].data, error.text);
		if (cases[i].error)
			cr_assert(strstr(error.text, cases[i].error), "%s", error.text);
		else
			cr_assert(ump_text_equals(ump_buffer_text(&finding.player), ump_text(cases[i].player)), "%s", cases[i].data);
		finding_release(&finding);
		ump_event_release(&event);
	}
}

Test(verdict, a_name_may_have_1024_bytes)
{
	for (size_t size = VERDICT_PLAYER_MAX; size <= VERDICT_PLAYER_MAX + 1; size++) {
		char data[VERDICT_PLAYER_MAX + 64];
		struct ump_event event = {0};
		struct finding finding = {0};
		struct ump_error error;
		snprintf(data, sizeof(data), "{\"hits\":1,\"player\":\"%0*d\"}", (int)size, 0);
		make_event(&event, data);
		cr_assert_eq(find(&hits, &event, &finding, &error), size > VERDICT_PLAYER_MAX ? -1 : 0, "%s", error.text);
		finding_release(&finding);
		ump_event_release(&event);
	}
}

Test(verdict, a_rule_over_a_window_needs_player_and_time)
{
	struct rule rule = hits;
	struct ump_event event = {0};
	struct finding finding = {0};
	struct ump_error error;

	rule.kind = RULE_COUNT;
	rule.value = NULL;
	make_event(&event, NULL);
	cr_assert_eq(find(&rule, &event, &finding, &error), -1);
	cr_assert(strstr(error.text, "/player: found nothing, expected the player's name"), "%s", error.text);
	ump_event_set(&event, UMP_TEXT("subject"), UMP_TEXT("p"), UMP_ATTRIBUTE_STRING, &error);
	cr_assert_eq(find(&rule, &event, &finding, &error), -1);
	cr_assert(strstr(error.text, "attribute time: found nothing"), "%s", error.text);
	ump_event_set(&event, UMP_TEXT("time"), UMP_TEXT("1970-01-01T00:00:01Z"), UMP_ATTRIBUTE_TIMESTAMP, &error);
	cr_assert_eq(find(&rule, &event, &finding, &error), 0);
	cr_assert_eq(finding.time_us, 1000000);
	cr_assert_eq(finding.value, 1);
	finding_release(&finding);
	ump_event_release(&event);
}

static void assert_hex(const struct digest digest, const char *expected)
{
	char hex[DIGEST_HEX_SIZE];

	digest_to_hex(&digest, hex);
	cr_assert_str_eq(hex, expected);
}

Test(verdict, identities_are_those_worked_out_independently)
{
	for (size_t i = 0; i < sizeof(value_identities) / sizeof(value_identities[0]); i++) {
		const struct value_identity *identity = &value_identities[i];
		const struct rule rule = {
			.name = (char *)identity->rule, .value = (char *)identity->pointer, .threshold = identity->threshold};
		assert_hex(verdict_id(&rule, ump_text(identity->source), ump_text(identity->id)), identity->expected);
	}
	for (size_t i = 0; i < sizeof(window_identities) / sizeof(window_identities[0]); i++) {
		const struct window_identity *identity = &window_identities[i];
		const struct rule rule = {.name = (char *)identity->rule,
					  .kind = identity->kind,
					  .value = identity->kind == RULE_COUNT ? NULL : (char *)identity->pointer,
					  .threshold = identity->threshold,
					  .window = identity->window};
		assert_hex(verdict_window_id(&rule, ump_text(identity->player), identity->start_us), identity->expected);
		assert_hex(verdict_player_id(&rule, ump_text(identity->player)), identity->expected_player);
		assert_hex(verdict_id(&rule, UMP_TEXT("/s"), UMP_TEXT("1")), identity->expected_fair);
	}
}

static void assert_written(const struct verdict *verdict, const char *expected)
{
	struct ump_event reply = {0};
	struct ump_buffer data = {0};
	struct ump_buffer json = {0};
	struct ump_error error;

	cr_assert_eq(verdict_write(verdict, &data, &reply, &error), 0, "%s", error.text);
	cr_assert_eq(ump_event_validate(&reply, &error), 0, "%s", error.text);
	cr_assert_eq(ump_event_to_json(&reply, &json, &error), 0, "%s", error.text);
	cr_assert_str_eq(json.start, expected);
	ump_event_release(&reply);
	ump_buffer_release(&data);
	ump_buffer_release(&json);
}

Test(verdict, a_reply_is_the_event_of_the_interfaces)
{
	struct ump_event event = {0};
	struct finding finding = {0};
	struct ump_error error;
	const struct verdict_cause cause = {UMP_TEXT("/s"), UMP_TEXT("7"),
					    UMP_TEXT("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), UMP_TEXT_NONE};
	struct verdict verdict = {&finding, true, false, 0, &cause, "r-00001"};

	make_event(&event, "{\"match\":\"m-0007\",\"player\":\"p-0042\",\"name\":\"Ada\",\"hits\":14}");
	cr_assert_eq(find(&hits, &event, &finding, &error), 0);
	assert_written(&verdict,
		       "{\"specversion\":\"1.0\",\"id\":\"19ee92bd4ff593e0b5b3a8b519da7e7d\",\"source\":\"/umpire/"
		       "audit-fn\",\"type\":\"audit.fail\","
		       "\"datacontenttype\":\"application/json\",\"subject\":\"p-0042\",\"partitionkey\":\"p-0042\",\"causationid\":\"7\","
		       "\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\",\"data\":{\"verdict\":\"cheating\","
		       "\"rule\":\"hits-over-10\",\"match\":\"m-0007\",\"player\":\"p-0042\",\"hits\":14,\"threshold\":10,"
		       "\"revision\":\"r-00001\",\"event\":{\"source\":\"/s\",\"id\":\"7\"}}}");
	finding_release(&finding);
	ump_event_release(&event);
}

Test(verdict, the_trace_id_is_taken_from_the_traceparent)
{
	cr_assert(ump_text_equals(verdict_trace_id(UMP_TEXT("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
				  UMP_TEXT("0af7651916cd43dd8448eb211c80319c")));
	cr_assert_null(verdict_trace_id(UMP_TEXT("00-0af7")).start);
	cr_assert_null(verdict_trace_id(UMP_TEXT("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\0")).start);
	cr_assert_null(verdict_trace_id(UMP_TEXT("00-0af7651916cd43dd8448eb211c80319c-b7ad6b71\xFF""9203331-01")).start);
	cr_assert_null(verdict_trace_id(UMP_TEXT("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")).start);
	cr_assert_null(verdict_trace_id(UMP_TEXT("00-0af7651916cd43dd8448eb211c80319c+b7ad6b7169203331-01")).start);
	cr_assert_null(verdict_trace_id(UMP_TEXT_NONE).start);
}
