/* common/cloudevents/uri.c: RFC 3986 by its grammar (appendix A), in one pass from left to right. */
#include <arpa/inet.h>

#include "common/cloudevents/character.h"
#include "common/cloudevents/value.h"

enum { /* what a character may be part of */
       SCHEME = 1,
       HOST = 2,     /* reg-name: unreserved and sub-delims */
       USERINFO = 4, /* the same and ":" */
       PATH = 8,     /* pchar and "/" */
       QUERY = 16    /* pchar, "/" and "?"; fragments too */
};

static unsigned class_of(char character)
{
	if (ump_is_letter(character) || ump_is_digit(character))
		return SCHEME | HOST | USERINFO | PATH | QUERY;
	switch (character) {
	case '+':
	case '-':
	case '.':
		return SCHEME | HOST | USERINFO | PATH | QUERY;
	case '_':
	case '~':
	case '!':
	case '$':
	case '&':
	case '\'':
	case '(':
	case ')':
	case '*':
	case ',':
	case ';':
	case '=':
		return HOST | USERINFO | PATH | QUERY;
	case ':':
		return USERINFO | PATH | QUERY;
	case '@':
	case '/':
		return PATH | QUERY;
	case '?':
		return QUERY;
	default:
		return 0;
	}
}

/* The first place from `at` on that is not of this class nor a well-formed percent-encoded byte. */
static const char *span(const char *at, const char *end, unsigned class)
{
	while (at < end) {
		if (class_of(*at) & class)
			at++;
		else if (*at == '%' && end - at >= 3 && ump_hexadecimal(at[1]) >= 0 && ump_hexadecimal(at[2]) >= 0)
			at += 3;
		else
			break;
	}
	return at;
}

/* What stands between the brackets of an IP-literal. */
static bool is_ip_literal(const char *start, const char *end)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t size = (size_t)(end - start);

	if (size > 0 && (*start == 'v' || *start == 'V')) {
		const char *digits = ++start;

		while (start < end && ump_hexadecimal(*start) >= 0)
			start++;
		if (start == digits || start == end || *start++ != '.' || start == end)
			return false;
		return memchr(start, '%', (size_t)(end - start)) == NULL && span(start, end, USERINFO) == end;
	}
	if (size >= sizeof(text))
		return false;
	memcpy(text, start, size);
	text[size] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_authority(const char *at, const char *end)
{
	const char *sign = memchr(at, '@', (size_t)(end - at));

	if (sign) {
		if (span(at, sign, USERINFO) != sign)
			return false;
		at = sign + 1;
	}
	if (at < end && *at == '[') {
		const char *close = memchr(at, ']', (size_t)(end - at));

		if (!close || !is_ip_literal(at + 1, close))
			return false;
		at = close + 1;
	} else {
		at = span(at, end, HOST);
	}
	if (at < end && *at == ':')
		for (at++; at < end && ump_is_digit(*at);)
			at++;
	return at == end;
}

/* Everything behind the scheme: hier-part or relative-part, then the query. Returns where it ends, or NULL. */
static const char *after_scheme(const char *at, const char *end)
{
	if (end - at >= 2 && at[0] == '/' && at[1] == '/') {
		const char *authority = at + 2;

		for (at = authority; at < end && *at != '/' && *at != '?' && *at != '#';)
			at++;
		if (!is_authority(authority, at))
			return NULL;
	}
	at = span(at, end, PATH);
	if (at < end && *at == '?')
		at = span(at + 1, end, QUERY);
	return at;
}

/* The colon behind a scheme, or NULL where there is none. */
static const char *scheme_end(const char *at, const char *end)
{
	if (at == end || !ump_is_letter(*at))
		return NULL;
	while (at < end && class_of(*at) & SCHEME)
		at++;
	return at < end && *at == ':' ? at : NULL;
}

bool ump_value_is_uri(struct ump_text value)
{
	const char *end = value.start + value.size;
	const char *colon = scheme_end(value.start, end);

	return colon && after_scheme(colon + 1, end) == end;
}

bool ump_value_is_uri_reference(struct ump_text value)
{
	const char *end = value.start + value.size;
	const char *colon = scheme_end(value.start, end);
	const char *at = value.start;

	if (colon) {
		at = colon + 1;
	} else { /* path-noscheme: no colon in the first segment, which would make what is before it a scheme */
		while (at < end && *at != ':' && *at != '/' && *at != '?' && *at != '#')
			at++;
		if (at < end && *at == ':')
			return false;
		at = value.start;
	}
	at = after_scheme(at, end);
	if (at && at < end && *at == '#')
		at = span(at + 1, end, QUERY);
	return at == end;
}
