/* common/http/listen.h: a listening socket from an address as people write it, and addresses as text. */
#pragma once
#include "common/error.h"
#include <netinet/in.h>
#include <sys/socket.h>

#define UMP_ADDRESS_SIZE (INET6_ADDRSTRLEN + 8) /* "[address]:port" and a zero */

/* "127.0.0.1:8080", "[::1]:0", "localhost:8080", ":8080" (all interfaces, IPv6 and IPv4). Returns the descriptor, non-blocking, or -1. */
int ump_listen(const char *address, struct ump_error *error);

/* Where the socket listens, with its real port, into `text`. */
int ump_listen_address(int socket, char text[static UMP_ADDRESS_SIZE], struct ump_error *error);

/* The address without the port; IPv4 in IPv6's clothes as IPv4; "" for another family. */
void ump_address_host(const struct sockaddr *address, char text[static INET6_ADDRSTRLEN]);
