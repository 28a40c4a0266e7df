/* source-adapter/token.h: the bearer token that the sink asks for, from a file that Kubernetes writes again before it expires.
 *
 * The file is looked at every second; one that cannot be read is told of once, and the token before stays. */
#pragma once
#include "common/loop/loop.h"
#include "common/text.h"

struct token;

/* Fails where there is no token in the file yet. */
int token_new(struct token **ret_token, struct ump_loop *loop, const char *path, struct ump_error *error);
void token_free(struct token *token); /* accepts NULL */

/* The value of the header Authorization; valid until the loop's next round. */
struct ump_text token_header(const struct token *token);
