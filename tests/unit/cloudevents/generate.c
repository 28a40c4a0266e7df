#include "tests/unit/cloudevents/generate.h"

#include <stdio.h>

#include "common/buffer.h"
#include "common/cloudevents/base64.h"
#include "common/cloudevents/character.h"

enum { HUGE = 65536 };

struct generator {
	uint64_t state;
	struct ump_buffer text; /* what is being put together */
};

/* SplitMix64. */
static uint64_t next(struct generator *generator)
{
	uint64_t mixed = generator->state += 0x9E3779B97F4A7C15u;

	mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
	mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
	return mixed ^ mixed >> 31;
}

static unsigned draw(struct generator *generator, unsigned below)
{
	return (unsigned)(next(generator) % below);
}

static void add(struct generator *generator, const char *string)
{
	ump_buffer_add_string(&generator->text, string);
}

static void add_one_of(struct generator *generator, const char *characters)
{
	ump_buffer_add_character(&generator->text, characters[draw(generator, (unsigned)strlen(characters))]);
}

#define PICK(generator, list) ((list)[draw(generator, sizeof(list) / sizeof((list)[0]))])

/* ---- Text ---- */

/* What an attribute may not hold (CloudEvents 1.0, "Type System", String); surrogates are no characters at all. */
static bool is_forbidden(uint32_t character)
{
	return character < 0x20 || (character >= 0x7F && character <= 0x9F) || (character >= 0xFDD0 && character <= 0xFDEF) ||
	       (character & 0xFFFF) >= 0xFFFE;
}

static uint32_t draw_character(struct generator *generator)
{
	static const uint32_t edges[] = {0x00,   0x1F,   0x7F,   0x80,   0x9F,   0xA0,   0x7FF,   0x800,   0xD7FF,
					 0xE000, 0xFDCF, 0xFDD0, 0xFDF0, 0xFEFF, 0xFFFD, 0x10000, 0x1F600, 0x10FFFD};

	switch (draw(generator, 8)) {
	case 0:
		return (uint32_t)("%\"\\ ,;=&+'<>/?#"[draw(generator, 15)]);
	case 1:
		return PICK(generator, edges);
	case 2:
		return draw(generator, 0x800);
	case 3:
		return draw(generator, 0xD800);
	case 4:
		return 0x10000 + draw(generator, 0x100000);
	default:
		return 0x20 + draw(generator, 0x5F);
	}
}

static void add_characters(struct generator *generator, unsigned count, bool any)
{
	while (count > 0) {
		uint32_t character = draw_character(generator);
		char bytes[4];

		if (!any && is_forbidden(character))
			continue;
		ump_buffer_add(&generator->text, bytes, ump_character_write(character, bytes));
		count--;
	}
}

/* ---- Values by their type ---- */

static void add_segment(struct generator *generator)
{
	for (unsigned left = 1 + draw(generator, 8); left > 0; left--) {
		if (draw(generator, 5) == 0)
			ump_buffer_print(&generator->text, draw(generator, 2) ? "%%%02X" : "%%%02x", draw(generator, 256));
		else
			add_one_of(generator, "abcXYZ019-._~!$&'()*+,;=@");
	}
}

static void add_path_and_query(struct generator *generator)
{
	for (unsigned left = draw(generator, 4); left > 0; left--) {
		add(generator, "/");
		if (draw(generator, 8))
			add_segment(generator);
	}
	if (draw(generator, 3) == 0) {
		add(generator, "?");
		add_segment(generator);
	}
}

static void add_uri(struct generator *generator)
{
	static const char *const starts[] = {"https://example.com", "http://user:x@[::1]:8080", "urn:a:b", "a+b.c-1:/p", "file://", "x:y"};

	add(generator, PICK(generator, starts));
	add_path_and_query(generator);
}

static void add_uri_reference(struct generator *generator)
{
	static const char *const starts[] = {"/a", "//host", "../b", "c", "?d"};

	if (draw(generator, 2))
		add_uri(generator);
	else
		add(generator, PICK(generator, starts));
	if (draw(generator, 3) == 0) {
		add(generator, "#");
		add_segment(generator);
	}
}

static void add_timestamp(struct generator *generator)
{
	ump_buffer_print(&generator->text, "%04u-%02u-%02u%c%02u:%02u:%02u", draw(generator, 10000), 1 + draw(generator, 12),
			 1 + draw(generator, 28), "Tt"[draw(generator, 2)], draw(generator, 24), draw(generator, 60), draw(generator, 60));
	if (draw(generator, 2)) {
		add(generator, ".");
		for (unsigned digits = 1 + draw(generator, 20); digits > 0; digits--)
			add_one_of(generator, "0123456789");
	}
	if (draw(generator, 2))
		add_one_of(generator, "Zz");
	else
		ump_buffer_print(&generator->text, "%c%02u:%02u", "+-"[draw(generator, 2)], draw(generator, 24), draw(generator, 60));
}

static void add_base64(struct generator *generator)
{
	char bytes[64];
	size_t size = draw(generator, sizeof(bytes));

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)next(generator);
	ump_base64_encode(&generator->text, (struct ump_text){bytes, size});
}

static void add_integer(struct generator *generator)
{
	static const char *const edges[] = {"0", "-1", "2147483647", "-2147483648"};

	if (draw(generator, 4) == 0)
		add(generator, PICK(generator, edges));
	else
		ump_buffer_print(&generator->text, "%d", (int32_t)next(generator));
}

static void add_value(struct generator *generator, enum ump_attribute_type type)
{
	switch (type) {
	case UMP_ATTRIBUTE_STRING:
		if (draw(generator, 200) == 0)
			while (generator->text.size < HUGE)
				add_one_of(generator, "huge");
		else
			add_characters(generator, draw(generator, 30), false);
		break;
	case UMP_ATTRIBUTE_BOOLEAN:
		add(generator, draw(generator, 2) ? "true" : "false");
		break;
	case UMP_ATTRIBUTE_INTEGER:
		add_integer(generator);
		break;
	case UMP_ATTRIBUTE_BINARY:
		add_base64(generator);
		break;
	case UMP_ATTRIBUTE_URI:
		add_uri(generator);
		break;
	case UMP_ATTRIBUTE_URI_REFERENCE:
		add_uri_reference(generator);
		break;
	case UMP_ATTRIBUTE_TIMESTAMP:
		add_timestamp(generator);
		break;
	}
}

/* ---- Data ---- */

static void add_space(struct generator *generator)
{
	for (unsigned left = draw(generator, 4) ? 0 : draw(generator, 3); left > 0; left--)
		add_one_of(generator, " \t\r\n");
}

static void add_json_string(struct generator *generator)
{
	static const char *const parts[] = {"\\u0000", "\\\"", "\\\\", "\\/",  "\\n", "\\ud83d\\ude00", "\\uD800",
					    "\\udc00", "a",    "%41",  "\x7F", "\"",  "\xE2\x82\xAC",   "\xF0\x9F\x98\x80"};

	add(generator, "\"");
	for (unsigned left = draw(generator, 6); left > 0; left--) {
		const char *part = PICK(generator, parts);

		add(generator, strcmp(part, "\"") == 0 ? "'" : part);
	}
	add(generator, "\"");
}

static void add_json(struct generator *generator, unsigned depth)
{
	static const char *const plain[] = {"null",     "true", "false", "0",      "-0",   "1e400",
					    "0.10E-05", "11.0", "1.1e1", "1e-999", "5e+2", "18446744073709551616"};
	unsigned kind = draw(generator, depth > 0 ? 4 : 2);
	unsigned count = draw(generator, 5);

	add_space(generator);
	if (kind == 0)
		add(generator, PICK(generator, plain));
	else if (kind == 1)
		add_json_string(generator);
	else
		add(generator, kind == 2 ? "[" : "{");
	for (unsigned i = 0; kind >= 2 && i < count; i++) {
		if (i > 0)
			add(generator, ",");
		add_space(generator);
		if (kind == 3)
			ump_buffer_print(&generator->text, "\"%u\\u0041\":", i);
		add_json(generator, depth - 1);
	}
	if (kind >= 2) {
		add_space(generator);
		add(generator, kind == 2 ? "]" : "}");
	}
	add_space(generator);
}

static void add_bytes(struct generator *generator)
{
	for (unsigned left = draw(generator, 50) ? draw(generator, 100) : 2 * HUGE; left > 0; left--)
		ump_buffer_add_character(&generator->text, (char)next(generator));
}

static void generate_data(struct generator *generator, struct ump_event *event)
{
	struct ump_text type = ump_event_get(event, "datacontenttype");

	ump_buffer_reset(&generator->text);
	add(generator, "");
	event->data_kind = (enum ump_data_kind)draw(generator, 4);
	if (event->data_kind == UMP_DATA_JSON && type.start && !ump_media_type_is_json(type))
		event->data_kind = UMP_DATA_BINARY;
	if (event->data_kind == UMP_DATA_NONE)
		return;
	unsigned content = event->data_kind == UMP_DATA_BINARY ? draw(generator, 4) : event->data_kind == UMP_DATA_JSON ? 0 : 1;

	if (content == 0)
		add_json(generator, 4);
	else if (content == 1)
		add_characters(generator, draw(generator, 40), true);
	else if (content == 2)
		add_bytes(generator);
	char *data = ump_event_allocate(event, generator->text.size);

	memcpy(data, generator->text.start, generator->text.size);
	event->data = (struct ump_text){data, generator->text.size};
}

/* ---- Events ---- */

/* A value that is not empty where it is of an attribute of the core. */
static void set(struct generator *generator, struct ump_event *event, const char *name, enum ump_attribute_type type, bool is_core)
{
	struct ump_error error;

	do {
		ump_buffer_reset(&generator->text);
		add(generator, "");
		add_value(generator, type);
	} while (is_core && generator->text.size == 0);
	(void)ump_event_set_copy(event, ump_text(name), ump_buffer_text(&generator->text), type, &error);
}

static void set_extension(struct generator *generator, struct ump_event *event)
{
	char name[26];
	unsigned size = 1 + draw(generator, 25);

	for (unsigned i = 0; i < size; i++)
		name[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[draw(generator, 36)];
	name[size] = '\0';
	if (ump_event_get(event, name).start || strcmp(name, "data") == 0)
		return;
	set(generator, event, name, (enum ump_attribute_type)draw(generator, UMP_ATTRIBUTE_TIMESTAMP + 1), false);
}

static void set_media_type(struct generator *generator, struct ump_event *event)
{
	static const char *const types[] = {"application/json",
					    "application/json; charset=utf-8",
					    "Text/JSON",
					    "application/vnd.x+json;a=\"b \\\" c\"",
					    "text/plain",
					    "text/plain;charset=UTF-8",
					    "text/html; charset=iso-8859-1",
					    "application/xml",
					    "application/octet-stream",
					    "Application/CloudEvents+json",
					    "application/cloudevents-batch+json",
					    "x/y;a=b;c=\"\""};
	struct ump_error error;

	(void)ump_event_set(event, UMP_TEXT("datacontenttype"), ump_text(PICK(generator, types)), UMP_ATTRIBUTE_STRING, &error);
}

void generate_event(uint64_t seed, struct ump_event *event)
{
	struct generator generator = {.state = seed};
	struct ump_error error;
	unsigned extensions = draw(&generator, 20) ? draw(&generator, 4) : UMP_EVENT_ATTRIBUTES - 8;

	ump_event_reset(event);
	(void)ump_event_set(event, UMP_TEXT("specversion"), UMP_TEXT("1.0"), UMP_ATTRIBUTE_STRING, &error);
	set(&generator, event, "type", UMP_ATTRIBUTE_STRING, true);
	set(&generator, event, "source", UMP_ATTRIBUTE_URI_REFERENCE, true);
	set(&generator, event, "id", UMP_ATTRIBUTE_STRING, true);
	if (draw(&generator, 2))
		set(&generator, event, "subject", UMP_ATTRIBUTE_STRING, true);
	if (draw(&generator, 2))
		set(&generator, event, "time", UMP_ATTRIBUTE_TIMESTAMP, true);
	if (draw(&generator, 4) == 0)
		set(&generator, event, "dataschema", UMP_ATTRIBUTE_URI, true);
	if (draw(&generator, 4))
		set_media_type(&generator, event);
	while (extensions-- > 0)
		set_extension(&generator, event);
	generate_data(&generator, event);
	ump_buffer_release(&generator.text);
}
