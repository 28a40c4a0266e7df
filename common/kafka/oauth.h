/* common/kafka/oauth.h: tokens for SASL OAUTHBEARER from an OpenID Connect server (RFC 6749, 4.4: client credentials), by libcurl.
 *
 * Private to common/kafka. The secret is read from its file for each token, so a new one needs no restart; librdkafka asks for the next
 * token when 80% of the lifetime has passed, and again 10 s after a failure. */
#pragma once
#include "common/kafka/settings.h"

int ump_oauth_configure(rd_kafka_conf_t *configuration, const struct ump_kafka_settings *settings, struct ump_error *error);

/* For every client, right after rd_kafka_new(). */
int ump_oauth_start(rd_kafka_t *handle, struct ump_error *error);

/* The answer of a token endpoint (RFC 6749, 5.1): the token, which free() releases, and its lifetime. Pure; errors never hold a token. */
int ump_oauth_parse(const char *body, size_t size, char **ret_token, int64_t *ret_lifetime_s, struct ump_error *error);
