#include "common/http/url.h"
#include <arpa/inet.h>
#include <string.h>

#define URL_LONGEST ((size_t)8 * 1024)

/* RFC 3986, appendix A. 1: unreserved and sub-delims, what a host may have; 2: what a path or query may have beside these. */
static const unsigned char character_kind[256] = {
	['a' ... 'z'] = 1, ['A' ... 'Z'] = 1, ['0' ... '9'] = 1, ['-'] = 1, ['.'] = 1,  ['_'] = 1, ['~'] = 1, ['!'] = 1,
	['$'] = 1,         ['&'] = 1,         ['('] = 1,         [')'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1, [','] = 1,
	[';'] = 1,         ['='] = 1,         ['%'] = 2,         ['/'] = 2, ['?'] = 2,  [':'] = 2, ['@'] = 2,
};

static bool consists_of(struct ump_text text, unsigned char highest_kind)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char kind = character_kind[(unsigned char)text.start[i]];
		if (kind == 0 || kind > highest_kind)
			return false;
	}
	return true;
}

static bool is_ipv6(struct ump_text text)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (text.size >= sizeof copy)
		return false;
	memcpy(copy, text.start, text.size);
	copy[text.size] = '\0';
	return strlen(copy) == text.size && inet_pton(AF_INET6, copy, &address) == 1; /* what it reads ends at a NUL */
}

static const char *find(struct ump_text text, char c)
{
	return text.size ? memchr(text.start, c, text.size) : NULL;
}

static struct ump_text up_to(struct ump_text text, const char *end)
{
	return (struct ump_text){text.start, (size_t)(end - text.start)};
}

static struct ump_text from(struct ump_text text, const char *begin)
{
	return (struct ump_text){begin, text.size - (size_t)(begin - text.start)};
}

/* "host", "host:port", "[::1]:port". Returns what is wrong with it, or NULL. */
static const char *parse_authority(struct ump_url *url)
{
	struct ump_text rest = url->authority, port;
	const char *end;
	uint64_t number;

	if (rest.size > 0 && rest.start[0] == '[') {
		end = find(rest, ']');
		url->host = end ? up_to(from(rest, rest.start + 1), end) : UMP_TEXT_NONE;
		if (!end || !is_ipv6(url->host))
			return "what is in brackets is no IPv6 address";
		rest = from(rest, end + 1);
		port = rest;
		if (rest.size > 0 && rest.start[0] != ':')
			return "behind the address in brackets there can only be a port";
	} else {
		end = find(rest, ':');
		url->host = end ? up_to(rest, end) : rest;
		port = end ? from(rest, end) : UMP_TEXT("");
		if (url->host.size == 0)
			return "it has no host";
		if (url->host.size > 255 || !consists_of(url->host, 1))
			return "its host has a character that no host has";
	}
	if (port.size > 0) {
		if (!ump_text_to_number(from(port, port.start + 1), 65535, &number) || number == 0)
			return "its port is no number from 1 to 65535";
		url->port = (uint16_t)number;
	}
	return NULL;
}

int ump_url_parse(struct ump_url *ret_url, struct ump_text text, struct ump_error *error)
{
	struct ump_url url = {0};
	struct ump_text rest;

	if (text.size > URL_LONGEST)
		return ump_fail(error, UMP_REJECT, "a URL of %zu bytes: the limit is %zu", text.size, URL_LONGEST);
	if (ump_text_starts_with_ignoring_case(text, UMP_TEXT("http://"))) {
		url.port = 80;
		rest = from(text, text.start + 7);
	} else if (ump_text_starts_with_ignoring_case(text, UMP_TEXT("https://"))) {
		url.tls = true;
		url.port = 443;
		rest = from(text, text.start + 8);
	} else {
		return ump_fail(error, UMP_REJECT, "%.*s: expected a URL that begins with http:// or https://", UMP_TEXT_ARGUMENTS(text));
	}
	size_t size = 0;
	while (size < rest.size && rest.start[size] != '/' && rest.start[size] != '?' && rest.start[size] != '#')
		size++;
	url.authority = (struct ump_text){rest.start, size};
	url.target = from(rest, rest.start + size);
	if (find(url.authority, '@')) /* and it is not shown: it may be a secret */
		return ump_fail(error, UMP_REJECT, "a URL with a user name or a password before its host is not supported");
	const char *wrong = parse_authority(&url);
	if (!wrong && find(url.target, '#'))
		wrong = "a fragment (#) in it means nothing to a server";
	if (!wrong && !consists_of(url.target, 2))
		wrong = "it has a character that must be percent-encoded";
	if (wrong)
		return ump_fail(error, UMP_REJECT, "%.*s: %s", UMP_TEXT_ARGUMENTS(text), wrong);
	*ret_url = url;
	return 0;
}
