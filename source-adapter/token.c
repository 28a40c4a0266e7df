#include "source-adapter/token.h"
#include "common/kafka/small_file.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include <stdlib.h>

struct token {
	struct ump_loop *loop;
	char *path;
	struct ump_timer again;
	char *header;
	bool unread; /* the file was, at the last look, and that was told */
};

/* A token is of visible ASCII (RFC 6750): what is not would be a header of somebody else's making. */
static int check(const char *path, const char *text, struct ump_error *error)
{
	for (const char *at = text; *at; at++) {
		if (*at <= ' ' || *at > '~')
			return ump_fail(error, UMP_REJECT, "%s: expected a bearer token, found something else", path);
	}
	return *text ? 0 : ump_fail(error, UMP_REJECT, "%s: expected a bearer token, found an empty file", path);
}

static int read_file(struct token *token, struct ump_error *error)
{
	ump_cleanup_free char *text = NULL;
	if (ump_small_file_read(token->path, UMP_SMALL_VALUE, &text, error) < 0 || check(token->path, text, error) < 0)
		return -1;
	free(token->header);
	token->header = ump_format("Bearer %s", text);
	return 0;
}

static void look(void *context)
{
	struct token *token = context;
	struct ump_error error;
	bool unread = read_file(token, &error) < 0;
	if (unread && !token->unread)
		ump_log(UMP_LOG_ERROR, "the sink's token cannot be read; the one before stays", UMP_LOG_S("error", error.text));
	token->unread = unread;
	ump_timer_set(token->loop, &token->again, ump_loop_now(token->loop) + UMP_SECOND, look, token);
}

int token_new(struct token **ret_token, struct ump_loop *loop, const char *path, struct ump_error *error)
{
	struct token *token = ump_allocate(1, sizeof *token);
	*token = (struct token){.loop = loop, .path = ump_copy_string(path)};
	if (read_file(token, error) < 0) {
		token_free(token);
		return -1;
	}
	ump_timer_set(loop, &token->again, ump_loop_now(loop) + UMP_SECOND, look, token);
	*ret_token = token;
	return 0;
}

void token_free(struct token *token)
{
	if (!token)
		return;
	ump_timer_cancel(token->loop, &token->again);
	free(token->header);
	free(token->path);
	free(token);
}

struct ump_text token_header(const struct token *token)
{
	return ump_text(token->header);
}
