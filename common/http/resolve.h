/* common/http/resolve.h: names of hosts to addresses, without blocking the loop.
 *
 * getaddrinfo() can take many seconds and cannot be ended, so each lookup has a thread of its own, which outlives its asker if need be. */
#pragma once
#include "common/error.h"
#include "common/loop/loop.h"
#include "common/text.h"
#include <netinet/in.h>

#define UMP_ADDRESSES 8 /* of a name, at most; further ones are left out */

struct ump_addresses {
	struct sockaddr_in6 list[UMP_ADDRESSES]; /* of either family: sin6_family says which */
	size_t count;
};

struct ump_lookup;

/* `addresses` has none when the name is not known; it holds during the call. The lookup is invalid afterwards. */
typedef void ump_resolved_fn(void *context, const struct ump_addresses *addresses);

/* An IPv4 or IPv6 address as text: true, and the address. */
bool ump_resolve_literal(struct ump_addresses *ret_addresses, struct ump_text host, uint16_t port);

/* Never calls `resolved` from inside. Returns NULL where no thread can be had. */
struct ump_lookup *ump_resolve(struct ump_loop *loop, struct ump_text host, uint16_t port, ump_resolved_fn *resolved, void *context);
void ump_resolve_cancel(struct ump_lookup *lookup);
