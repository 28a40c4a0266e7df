#include "provider/sender.h"
#include <arpa/inet.h>

/* ---- Addresses ---- */

static bool read_address(struct ump_text text, struct in6_addr *ret_address, bool *ret_is_v4)
{
	char copy[INET6_ADDRSTRLEN];
	struct in_addr four;
	if (!text.size || text.size >= sizeof copy)
		return false;
	memcpy(copy, text.start, text.size);
	copy[text.size] = 0;
	*ret_is_v4 = inet_pton(AF_INET, copy, &four) == 1;
	if (!*ret_is_v4)
		return inet_pton(AF_INET6, copy, ret_address) == 1;
	*ret_address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
	memcpy(&ret_address->s6_addr[12], &four, sizeof four);
	return true;
}

/* As proxies write it: with a port, and IPv6 in brackets then. */
static bool read_forwarded(struct ump_text text, struct in6_addr *ret_address)
{
	bool is_v4;
	text = ump_text_trim(text);
	const char *colon = text.size ? memchr(text.start, ':', text.size) : NULL;
	if (text.size && *text.start == '[') {
		const char *end = memchr(text.start, ']', text.size);
		if (!end)
			return false;
		text = (struct ump_text){text.start + 1, (size_t)(end - text.start - 1)};
	} else if (colon && memchr(text.start, '.', (size_t)(colon - text.start))) {
		text.size = (size_t)(colon - text.start);
	}
	return read_address(text, ret_address, &is_v4);
}

int sender_network_read(const char *text, struct sender_network *ret_network, struct ump_error *error)
{
	const char *slash = strchr(text, '/');
	struct ump_text address = {text, slash ? (size_t)(slash - text) : strlen(text)};
	struct sender_network network;
	bool is_v4;
	uint64_t bits;
	if (!read_address(address, &network.address, &is_v4))
		return ump_fail(error, UMP_REJECT, "expected an address or a network such as 10.0.0.0/8, found \"%s\"", text);
	unsigned most = is_v4 ? 32 : 128;
	if (!slash)
		bits = most;
	else if (!ump_text_to_number(ump_text(slash + 1), most, &bits))
		return ump_fail(error, UMP_REJECT, "expected 0 to %u behind the slash, found \"%s\"", most, text);
	network.bits = (unsigned)bits + (128 - most);
	*ret_network = network;
	return 0;
}

static bool is_in(const struct in6_addr *address, const struct sender_network *network)
{
	unsigned bytes = network->bits / 8, rest = network->bits % 8;
	if (memcmp(address, &network->address, bytes) != 0)
		return false;
	uint8_t mask = (uint8_t)(0xff00 >> rest);
	return !rest || ((address->s6_addr[bytes] ^ network->address.s6_addr[bytes]) & mask) == 0;
}

static bool is_trusted(const struct in6_addr *address, const struct sender_network *trusted, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_in(address, &trusted[i]))
			return true;
	return false;
}

/* Takes the last element of a list with commas off. */
static struct ump_text cut_last(struct ump_text *list)
{
	const char *comma = list->size ? memrchr(list->start, ',', list->size) : NULL;
	const char *start = comma ? comma + 1 : list->start;
	struct ump_text last = {start, (size_t)(list->start + list->size - start)};
	list->size = comma ? (size_t)(comma - list->start) : 0;
	return last;
}

/* Each proxy adds at the end whom it spoke with: so from the end on, as long as it is trusted ones who speak. */
static void look_behind(struct in6_addr *address, const struct ump_header *headers, size_t count, const struct sender_network *trusted,
			size_t trusted_count)
{
	for (size_t i = count; i > 0; i--) {
		if (!ump_text_equals_ignoring_case(headers[i - 1].name, UMP_TEXT("x-forwarded-for")))
			continue;
		for (struct ump_text list = headers[i - 1].value; list.size;) {
			struct in6_addr found;
			if (!is_trusted(address, trusted, trusted_count) || !read_forwarded(cut_last(&list), &found))
				return;
			*address = found;
		}
	}
}

uint64_t sender_key(struct ump_text peer, const struct ump_header *headers, size_t count, const struct sender_network *trusted,
		    size_t trusted_count)
{
	struct in6_addr address;
	bool is_v4;
	uint64_t key;
	if (!read_address(peer, &address, &is_v4))
		return 0;
	look_behind(&address, headers, count, trusted, trusted_count);
	memcpy(&key, &address.s6_addr[IN6_IS_ADDR_V4MAPPED(&address) ? 8 : 0], sizeof key);
	return key;
}

/* ---- Pages ---- */

/* "https://host:port/path" is "host:port". */
static struct ump_text authority_of(struct ump_text url)
{
	const char *found = url.size ? memmem(url.start, url.size, "://", 3) : NULL;
	if (!found)
		return UMP_TEXT_NONE;
	struct ump_text rest = {found + 3, (size_t)(url.start + url.size - found - 3)};
	const char *slash = rest.size ? memchr(rest.start, '/', rest.size) : NULL;
	return slash ? (struct ump_text){rest.start, (size_t)(slash - rest.start)} : rest;
}

bool sender_is_ours(struct ump_text origin, struct ump_text host, const char *public_url)
{
	if (!origin.start)
		return true;
	struct ump_text authority = authority_of(origin);
	if (!authority.size)
		return false; /* "null": a page that does not say where it is from */
	return ump_text_equals_ignoring_case(authority, host) ||
	       (public_url && ump_text_equals_ignoring_case(authority, authority_of(ump_text(public_url))));
}

bool sender_is_loopback(struct ump_text host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct ump_text name = ump_text(names[i]);
		if (ump_text_starts_with_ignoring_case(host, name) && (host.size == name.size || host.start[name.size] == ':'))
			return true;
	}
	return false;
}
