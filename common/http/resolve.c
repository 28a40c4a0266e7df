#include "common/http/resolve.h"
#include "common/memory.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Shared by the loop and the thread; whoever is last frees it. */
struct ump_lookup {
	/* The loop's. */
	struct ump_loop *loop;
	struct ump_wakeup wakeup;
	ump_resolved_fn *resolved;
	void *context;

	/* The thread's, until it has signalled. */
	char *host;
	uint16_t port;
	struct ump_addresses addresses;

	pthread_mutex_t lock;
	bool abandoned, finished; /* under the lock: which of the two has left */
};

static void release(struct ump_lookup *lookup)
{
	pthread_mutex_destroy(&lookup->lock);
	free(lookup->host);
	free(lookup);
}

static void set_port(struct sockaddr_in6 *address, uint16_t port)
{
	if (address->sin6_family == AF_INET)
		((struct sockaddr_in *)address)->sin_port = htons(port);
	else
		address->sin6_port = htons(port);
}

static void *look_up(void *context)
{
	struct ump_lookup *lookup = context;
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL;

	if (getaddrinfo(lookup->host, NULL, &hints, &list) == 0) {
		struct ump_addresses *found = &lookup->addresses;
		for (const struct addrinfo *info = list; info && found->count < UMP_ADDRESSES; info = info->ai_next) {
			memcpy(&found->list[found->count], info->ai_addr, info->ai_addrlen);
			set_port(&found->list[found->count++], lookup->port);
		}
		freeaddrinfo(list);
	}
	pthread_mutex_lock(&lookup->lock);
	bool abandoned = lookup->abandoned;
	lookup->finished = true;
	if (!abandoned)
		ump_wakeup_signal(&lookup->wakeup);
	pthread_mutex_unlock(&lookup->lock);
	if (abandoned)
		release(lookup);
	return NULL;
}

static void woken(void *context)
{
	struct ump_lookup *lookup = context;

	/* The thread holds the lock while it signals. */
	pthread_mutex_lock(&lookup->lock);
	pthread_mutex_unlock(&lookup->lock);
	ump_wakeup_close(lookup->loop, &lookup->wakeup);
	lookup->resolved(lookup->context, &lookup->addresses);
	release(lookup);
}

struct ump_lookup *ump_resolve(struct ump_loop *loop, struct ump_text host, uint16_t port, ump_resolved_fn *resolved, void *context)
{
	struct ump_lookup *lookup = ump_allocate(1, sizeof *lookup);
	struct ump_error error;
	pthread_attr_t attributes;
	pthread_t thread;

	lookup->loop = loop;
	lookup->resolved = resolved;
	lookup->context = context;
	lookup->host = ump_copy_bytes(host.start, host.size);
	lookup->port = port;
	pthread_mutex_init(&lookup->lock, NULL);
	if (ump_wakeup_open(loop, &lookup->wakeup, woken, lookup, &error) < 0) {
		release(lookup);
		return NULL;
	}
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	int result = pthread_create(&thread, &attributes, look_up, lookup);
	pthread_attr_destroy(&attributes);
	if (result != 0) {
		ump_wakeup_close(loop, &lookup->wakeup);
		release(lookup);
		return NULL;
	}
	return lookup;
}

void ump_resolve_cancel(struct ump_lookup *lookup)
{
	pthread_mutex_lock(&lookup->lock);
	ump_wakeup_close(lookup->loop, &lookup->wakeup); /* not while the thread writes to it */
	bool finished = lookup->finished;
	lookup->abandoned = true;
	pthread_mutex_unlock(&lookup->lock);
	if (finished)
		release(lookup);
}

bool ump_resolve_literal(struct ump_addresses *ret_addresses, struct ump_text host, uint16_t port)
{
	struct ump_addresses addresses = {.count = 1};
	struct sockaddr_in *four = (struct sockaddr_in *)&addresses.list[0];
	struct sockaddr_in6 *six = &addresses.list[0];
	char text[INET6_ADDRSTRLEN];

	if (host.size >= sizeof text)
		return false;
	snprintf(text, sizeof text, "%.*s", (int)host.size, host.start);
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
		four->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1)
		six->sin6_family = AF_INET6;
	else
		return false;
	set_port(six, port);
	*ret_addresses = addresses;
	return true;
}
