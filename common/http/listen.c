#include "common/http/listen.h"
#include "common/memory.h"
#include "common/text.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Splits "HOST:PORT" in place of `copy`. An empty host is NULL. */
static int split(char *copy, char **ret_host, char **ret_port)
{
	char *colon = strrchr(copy, ':');
	char *host = copy;
	uint64_t number;

	if (!colon)
		return -1;
	*colon = '\0';
	if (*host == '[') {
		if (colon == copy || colon[-1] != ']')
			return -1;
		colon[-1] = '\0';
		host++;
	} else if (strchr(host, ':')) {
		return -1;
	}
	if (!ump_text_to_number(ump_text(colon + 1), 65535, &number))
		return -1;
	*ret_host = *host ? host : NULL;
	*ret_port = colon + 1;
	return 0;
}

static int open_one(const struct addrinfo *info)
{
	const int on = 1, off = 0;
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Tries what the name stands for, in its order, until one can be had or is taken by somebody else. Returns -1 with errno set. */
static int open_first(const char *host, const char *port, int *ret_unknown)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	int fd = -1, reason = EADDRNOTAVAIL;

	*ret_unknown = getaddrinfo(host, port, &hints, &list);
	if (*ret_unknown != 0)
		return -1;
	for (const struct addrinfo *info = list; info && fd < 0 && reason != EADDRINUSE; info = info->ai_next) {
		fd = open_one(info);
		reason = errno;
	}
	freeaddrinfo(list);
	errno = reason;
	return fd;
}

int ump_listen(const char *address, struct ump_error *error)
{
	ump_cleanup_free char *copy = ump_copy_string(address);
	char *host, *port;
	int unknown = 0;

	if (split(copy, &host, &port) < 0)
		return ump_fail(error, UMP_REJECT, "%s: expected an address and a port, as 127.0.0.1:8080, [::1]:8080 or :8080", address);

	/* The IPv6 socket takes IPv4 as well; a machine without IPv6 has the other one only. */
	int fd = open_first(host ? host : "::", port, &unknown);
	if (fd < 0 && !host && errno != EADDRINUSE)
		fd = open_first("0.0.0.0", port, &unknown);
	if (fd >= 0)
		return fd;
	if (unknown)
		return ump_fail(error, UMP_REJECT, "%s: no such address to listen on: %s", address, gai_strerror(unknown));
	if (errno == EADDRINUSE)
		return ump_fail(error, UMP_RETRY, "%s: the address is in use: another program listens there", address);
	return ump_fail(error, UMP_FATAL, "%s: cannot listen: %s", address, strerror(errno));
}

void ump_address_host(const struct sockaddr *address, char text[static INET6_ADDRSTRLEN])
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	text[0] = '\0';
	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &four->sin_addr, text, INET6_ADDRSTRLEN);
	else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], text, INET6_ADDRSTRLEN);
	else if (address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &six->sin6_addr, text, INET6_ADDRSTRLEN);
}

int ump_listen_address(int socket, char text[static UMP_ADDRESS_SIZE], struct ump_error *error)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;
	char host[INET6_ADDRSTRLEN];

	if (getsockname(socket, (struct sockaddr *)&address, &size) < 0)
		return ump_fail(error, UMP_FATAL, "descriptor %d is no socket to listen on: %s", socket, strerror(errno));
	ump_address_host((struct sockaddr *)&address, host);
	if (address.ss_family == AF_INET)
		snprintf(text, UMP_ADDRESS_SIZE, "%s:%d", host, ntohs(((struct sockaddr_in *)&address)->sin_port));
	else if (address.ss_family == AF_INET6)
		snprintf(text, UMP_ADDRESS_SIZE, "[%s]:%d", host, ntohs(((struct sockaddr_in6 *)&address)->sin6_port));
	else
		return ump_fail(error, UMP_FATAL, "descriptor %d is no TCP socket", socket);
	return 0;
}
