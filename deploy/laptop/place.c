#include "deploy/laptop/place.h"
#include "common/memory.h"
#include "deploy/laptop/keeper.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The build folder is three above <build>/deploy/laptop/demo. */
static int find_build(struct place *place, struct ump_error *error)
{
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
	if (size < 0)
		return ump_fail(error, UMP_FATAL, "/proc/self/exe: %s", strerror(errno));
	path[size] = '\0';
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
	}
	place->build = ump_copy_string(path);
	return 0;
}

/* Binds it for a moment. Whoever takes it in between is found by the provider, which then says the same. */
static int try_port(const char *address, int64_t port, int64_t *ret_port, struct ump_error *error)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t size = sizeof name;
	int on = 1;
	if (inet_pton(AF_INET, address, &name.sin_addr) != 1)
		return ump_fail(error, UMP_REJECT, "%s: expected an IPv4 address", address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 || bind(fd, (struct sockaddr *)&name, size) < 0 ||
	    listen(fd, 1) < 0 || getsockname(fd, (struct sockaddr *)&name, &size) < 0) {
		int reason = errno;
		if (fd >= 0)
			close(fd);
		if (reason == EADDRINUSE)
			return ump_fail(error, UMP_RETRY, "port %d is in use: end what listens there, or choose another (PORT=%d)",
					(int)port, (int)(port < 65535 ? port + 1 : port - 1));
		return ump_fail(error, UMP_RETRY, "cannot listen on %s:%d: %s", address, (int)port, strerror(reason));
	}
	close(fd);
	*ret_port = ntohs(name.sin_port);
	return 0;
}

/* The first address of an interface that is up and no loopback: with several, --public-address chooses. */
static char *find_public_address(void)
{
	struct ifaddrs *all;
	char *found = NULL;
	if (getifaddrs(&all) < 0)
		return NULL;
	for (const struct ifaddrs *each = all; each && !found; each = each->ifa_next) {
		char text[INET_ADDRSTRLEN];
		if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET || !(each->ifa_flags & IFF_UP) ||
		    (each->ifa_flags & IFF_LOOPBACK))
			continue;
		struct sockaddr_in name;
		memcpy(&name, each->ifa_addr, sizeof name);
		found = ump_copy_string(inet_ntop(AF_INET, &name.sin_addr, text, sizeof text));
	}
	freeifaddrs(all);
	return found;
}

static void name_addresses(struct place *place, const struct place_options *options, const char *address, int64_t port)
{
	char host[64] = "";
	gethostname(host, sizeof host - 1);
	place->listen = ump_format("%s:%d", address, (int)port);
	place->board = ump_format("http://127.0.0.1:%d/", (int)port);
	place->group = ump_format("umpire-demo-%s-%d", host, (int)port);
	if (!options->lan)
		return;
	ump_cleanup_free char *public = options->public_address ? ump_copy_string(options->public_address) : find_public_address();
	if (public) {
		place->public_url = ump_format("http://%s:%d", public, (int)port);
		place->phones = ump_format("%s/play", place->public_url);
	}
}

static int make_token(struct place *place, struct ump_error *error)
{
	enum { BYTES = 8 };
	uint8_t bytes[BYTES];
	char text[2 * BYTES + 1];
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return ump_fail(error, UMP_FATAL, "no random numbers for the speaker's token");
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	place->token = ump_copy_string(text);
	place->token_file = ump_format("%s/token", place->run_folder);
	int fd = open(place->token_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t written = fd < 0 ? -1 : write(fd, text, 2 * BYTES);
	if (fd >= 0)
		close(fd);
	if (written != 2 * BYTES)
		return ump_fail(error, UMP_FATAL, "%s: cannot be written", place->token_file);
	return 0;
}

static int make_folder(const char *path, struct ump_error *error)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return ump_fail(error, UMP_FATAL, "%s: cannot be made: %s", path, strerror(errno));
	return 0;
}

static void remove_logs(const char *folder)
{
	glob_t logs;
	ump_cleanup_free char *pattern = ump_format("%s/*.log", folder);
	if (glob(pattern, 0, NULL, &logs) == 0) {
		for (size_t i = 0; i < logs.gl_pathc; i++)
			unlink(logs.gl_pathv[i]);
		globfree(&logs);
	}
}

/* The lock is on the folder itself and leaves no file. It is what keeps a second demo on the same port from emptying it in the moment
 * before the first one listens. */
static int take_folders(struct place *place, int64_t port, struct ump_error *error)
{
	ump_cleanup_free char *all = ump_format("%s/demo", place->build);
	place->logs = ump_format("%s/%d", all, (int)port);
	place->run_folder = ump_format("%s/run", place->logs);
	if (make_folder(all, error) < 0 || make_folder(place->logs, error) < 0)
		return -1;
	place->lock = open(place->logs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->lock < 0)
		return ump_fail(error, UMP_FATAL, "%s: %s", place->logs, strerror(errno));
	if (flock(place->lock, LOCK_EX | LOCK_NB) < 0)
		return ump_fail(error, UMP_RETRY, "another demo uses port %d and %s: choose another port (PORT=%d)", (int)port, place->logs,
				(int)(port < 65535 ? port + 1 : port - 1));
	remove_logs(place->logs);
	if (keeper_remove_folder(place->run_folder, error) < 0)
		return -1;
	return make_folder(place->run_folder, error) < 0 ? -1 : make_token(place, error);
}

int place_take(struct place *place, const struct place_options *options, struct ump_error *error)
{
	const char *address = options->listen ? options->listen : options->lan ? "0.0.0.0" : "127.0.0.1";
	int64_t port = 0;
	*place = (struct place){.lock = -1};
	if (find_build(place, error) < 0 || try_port(address, options->port, &port, error) < 0)
		return -1;
	name_addresses(place, options, address, port);
	return take_folders(place, port, error);
}

void place_release(struct place *place)
{
	if (place->lock >= 0)
		close(place->lock);
	free(place->build);
	free(place->logs);
	free(place->run_folder);
	free(place->listen);
	free(place->board);
	free(place->public_url);
	free(place->phones);
	free(place->token);
	free(place->token_file);
	free(place->group);
}
