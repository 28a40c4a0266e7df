/* audit-fn/store.c: which store a text names. */
#include "audit-fn/store.h"
#include "common/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static const struct ump_text sqlite_scheme = {"sqlite:", 7};
static const struct ump_text redis_scheme = {"redis://", 8};

/* HOST[:PORT][/DATABASE], the host in brackets where it is an IPv6 address. No password: it would be seen by everyone who sees the
 * arguments. The host in `server` is to be freed. */
static int parse_server(const char *text, struct store_redis_server *server, struct ump_error *error)
{
	bool bracketed = *text == '[';
	size_t host = bracketed ? strcspn(text, "]") : strcspn(text, ":/");
	const char *rest = text + host + (bracketed && text[host] ? 1 : 0);
	uint64_t number;

	if (strchr(text, '@'))
		return ump_fail(
			error, UMP_FATAL,
			"expected redis://HOST:PORT[/DATABASE] without user and password: the password is for --store-password-file");
	*server = (struct store_redis_server){.port = 6379};
	if (*rest == ':') {
		size_t digits = strcspn(++rest, "/");
		if (!ump_text_to_number((struct ump_text){rest, digits}, 65535, &number) || number == 0)
			return ump_fail(error, UMP_FATAL, "expected a port from 1 to 65535, found \"%s\"", rest);
		server->port = (int)number;
		rest += digits;
	}
	if (*rest == '/' && rest[1]) {
		if (!ump_text_to_number(ump_text(rest + 1), 1000, &number))
			return ump_fail(error, UMP_FATAL, "expected the number of a database, found \"%s\"", rest + 1);
		server->database = (int)number;
	} else if (*rest && *rest != '/') {
		return ump_fail(error, UMP_FATAL, "expected redis://HOST:PORT[/DATABASE], found \"%s\"", text);
	}
	if (host <= (bracketed ? 1 : 0))
		return ump_fail(error, UMP_FATAL, "expected a host in redis://HOST:PORT[/DATABASE]");
	server->host = ump_copy_bytes(text + (bracketed ? 1 : 0), host - (bracketed ? 1 : 0));
	return 0;
}

int store_check(const char *where, struct ump_error *error)
{
	struct ump_text text = ump_text(where);
	struct store_redis_server server;

	if (strcmp(where, "memory") == 0 || (ump_text_starts_with(text, sqlite_scheme) && text.size > sqlite_scheme.size))
		return 0;
	if (!ump_text_starts_with(text, redis_scheme))
		return ump_fail(error, UMP_FATAL, "expected memory, sqlite:PATH or redis://HOST:PORT, found \"%s\"", where);
	if (parse_server(where + redis_scheme.size, &server, error) < 0)
		return -1;
	free(server.host);
	return 0;
}

char *store_default(struct ump_error *error)
{
	const char *systemd = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	/* A list where the unit names several. XDG's has to be an absolute path, else it does not count. */
	if (systemd && *systemd == '/')
		return ump_format("sqlite:%.*s/audit-fn.db", (int)strcspn(systemd, ":"), systemd);
	if (xdg && *xdg == '/')
		return ump_format("sqlite:%s/umpire/audit-fn.db", xdg);
	if (home && *home == '/')
		return ump_format("sqlite:%s/.local/state/umpire/audit-fn.db", home);
	ump_fail(error, UMP_FATAL,
		 "a rule is about a window, and neither STATE_DIRECTORY nor XDG_STATE_HOME nor HOME says where its state may be "
		 "kept: expected sqlite:PATH, redis://HOST:PORT, or memory where it may be lost");
	return NULL;
}

int store_make_folder(const char *where, struct ump_error *error)
{
	ump_cleanup_free char *path = ump_copy_string(where + sqlite_scheme.size);

	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return ump_fail(error, UMP_FATAL, "%s: the folder for the state of rules over windows cannot be made: %s", path,
					strerror(errno));
		*slash = '/';
	}
	return 0;
}

int store_open(struct store **ret_store, struct ump_loop *loop, const char *where, const struct store_settings *settings,
	       struct ump_error *error)
{
	struct store_redis_server server;

	if (store_check(where, error) < 0)
		return -1;
	if (strcmp(where, "memory") == 0)
		return store_memory_open(ret_store, loop, settings, error);
	if (ump_text_starts_with(ump_text(where), sqlite_scheme))
		return store_sqlite_open(ret_store, loop, where + sqlite_scheme.size, settings, error);
	if (parse_server(where + redis_scheme.size, &server, error) < 0)
		return -1;
	int result = store_redis_open(ret_store, loop, &server, settings, error);
	free(server.host);
	return result;
}
