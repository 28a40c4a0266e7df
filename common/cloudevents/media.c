/* common/cloudevents/media.c: media types.
 *
 * RFC 2046 lets white space and comments stand where RFC 9110 does not; what is accepted here is the common ground of both: type "/"
 * subtype and parameters behind semicolons, with spaces and tabs around these, a value a token or a quoted string of printable ASCII. */
#include "common/cloudevents/character.h"
#include "common/cloudevents/event.h"
#include "common/cloudevents/value.h"

static bool is_token(char character)
{
	return ump_is_letter(character) || ump_is_digit(character) || (character && strchr("!#$%&'*+-.^_`|~", character));
}

static const char *skip_token(const char *at, const char *end)
{
	while (at < end && is_token(*at))
		at++;
	return at;
}

static const char *skip_spaces(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

/* Past a quoted string that starts at `at`, or NULL. */
static const char *skip_quoted(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++) {
		if (*at == '\\' && ++at == end)
			return NULL;
		if (*at < 0x20 || *at >= 0x7F)
			return NULL;
	}
	return at < end ? at + 1 : NULL;
}

/* One parameter at `*at`, past which it goes: 1, its name and its value as written; 0 at the end of the text; -1 where the text is wrong.
 */
static int next_parameter(const char **at, const char *end, struct ump_text *ret_name, struct ump_text *ret_value)
{
	const char *name = skip_spaces(*at, end);

	while (name < end && *name == ';')
		name = skip_spaces(name + 1, end);
	if (name == end) {
		*at = end;
		return 0;
	}
	const char *equals = skip_token(name, end);

	if (equals == name || equals == end || *equals != '=' || equals + 1 == end)
		return -1;
	const char *value = equals + 1;
	const char *after = *value == '"' ? skip_quoted(value, end) : skip_token(value, end);

	if (!after || after == value)
		return -1;
	const char *next = skip_spaces(after, end);

	if (next < end && *next != ';')
		return -1;
	*ret_name = (struct ump_text){name, (size_t)(equals - name)};
	*ret_value = (struct ump_text){value, (size_t)(after - value)};
	*at = next;
	return 1;
}

/* Past "type/subtype" at the start, or NULL. `ret_slash` is where the slash is. */
static const char *skip_essence(struct ump_text value, const char **ret_slash)
{
	const char *end = value.start + value.size;
	const char *slash = skip_token(value.start, end);

	if (slash == value.start || slash == end || *slash != '/')
		return NULL;
	const char *after = skip_token(slash + 1, end);

	*ret_slash = slash;
	return after == slash + 1 ? NULL : after;
}

bool ump_value_is_media_type(struct ump_text value)
{
	const char *end = value.start + value.size;
	const char *slash;
	const char *at = skip_essence(value, &slash);
	struct ump_text name;
	struct ump_text content;
	int more = 1;

	if (!at)
		return false;
	const char *next = skip_spaces(at, end);

	if (next < end && *next != ';')
		return false;
	while (more > 0)
		more = next_parameter(&next, end, &name, &content);
	return more == 0;
}

bool ump_media_type_is_json(struct ump_text media_type)
{
	const char *slash;
	const char *end;

	if (!media_type.start)
		return true;
	end = skip_essence(media_type, &slash);
	if (!end)
		return false;
	struct ump_text subtype = {slash + 1, (size_t)(end - slash - 1)};

	if (subtype.size > 5)
		subtype = (struct ump_text){end - 5, 5};
	return ump_text_equals_ignoring_case(subtype, UMP_TEXT("json")) || ump_text_equals_ignoring_case(subtype, UMP_TEXT("+json"));
}

bool ump_media_type_is_text(struct ump_text media_type)
{
	return ump_text_starts_with_ignoring_case(media_type, UMP_TEXT("text/"));
}

bool ump_media_type_is_utf8(struct ump_text media_type)
{
	const char *end = media_type.start + media_type.size;
	const char *slash;
	const char *at = skip_essence(media_type, &slash);
	struct ump_text name;
	struct ump_text value;

	while (at && next_parameter(&at, end, &name, &value) > 0) {
		if (!ump_text_equals_ignoring_case(name, UMP_TEXT("charset")))
			continue;
		if (value.start[0] == '"')
			value = (struct ump_text){value.start + 1, value.size - 2};
		return ump_text_equals_ignoring_case(value, UMP_TEXT("utf-8")) ||
		       ump_text_equals_ignoring_case(value, UMP_TEXT("us-ascii"));
	}
	return true;
}
