/* provider/sender.h: where a request comes from: the address behind trusted proxies, and the page.
 *
 * Pure. */
#pragma once
#include "common/config/options.h"
#include "common/http/header.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* "10.0.0.0/8", "2001:db8::/32", "192.0.2.7": IPv4 is kept as IPv6 has it. */
struct sender_network {
	struct in6_addr address;
	unsigned bits;
};

int sender_network_read(const char *text, struct sender_network *ret_network, struct ump_error *error);

/* Whose request it is, as one number to count by: that of `peer`, unless it is a trusted proxy: then the last address in X-Forwarded-For
 * that is none. Of IPv6 the first 64 bits count, since the others are free to whoever has them. A header that is no list of addresses
 * counts as the proxy's own. */
uint64_t sender_key(struct ump_text peer, const struct ump_header *headers, size_t count, const struct sender_network *trusted,
		    size_t trusted_count);

/* Whether a page of ours, or no page at all, made the request: `origin` (RFC 6454) is absent, or names the authority in `host` or in
 * `public_url` (or NULL). */
bool sender_is_ours(struct ump_text origin, struct ump_text host, const char *public_url);

/* Whether a name or address with or without a port can only mean this machine: localhost, 127.0.0.1, [::1]. */
bool sender_is_loopback(struct ump_text host);
