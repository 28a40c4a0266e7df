/* common/kafka/oauth.c
 *
 * librdkafka 2.0.2 has the mechanism without the fetching. Its refresh callback runs on its background thread, where a blocking transfer
 * hurts nobody, and so no loop takes part. The callback has no context of its own (the client's belongs to the program): what it needs, and
 * nothing secret, travels in the property sasl.oauthbearer.config. */
#include "common/kafka/oauth.h"
#include "common/buffer.h"
#include "common/kafka/small_file.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPLY_MAXIMUM = 64 * 1024, TIMEOUT_S = 10, LIFETIME_MAXIMUM_S = 365 * 24 * 3600 };

struct endpoint {
	char *url, *client_id, *secret_file, *scope;
};

static void release_endpoint(struct endpoint *endpoint)
{
	free(endpoint->url);
	free(endpoint->client_id);
	free(endpoint->secret_file);
	free(endpoint->scope);
}

/* The secret is as good as the way it is sent. */
static int check_url(const char *text, struct ump_error *error)
{
	CURLU *url = curl_url();
	char *scheme = NULL, *host = NULL;
	bool right = curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
		     curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		     curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
	if (right && strcmp(scheme, "http") == 0)
		right = strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0;
	else if (right)
		right = strcmp(scheme, "https") == 0;
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(url);
	return right ? 0
		     : ump_fail(error, UMP_REJECT, "--oauth-token-url: expected an https URL (http only to this machine), found \"%.100s\"",
				text);
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static void on_refresh(rd_kafka_t *handle, const char *config, void *opaque);

int ump_oauth_configure(rd_kafka_conf_t *configuration, const struct ump_kafka_settings *settings, struct ump_error *error)
{
	char text[256];
	if (check_url(settings->oauth_token_url, error) < 0)
		return -1;
	ump_cleanup_free char *secret = NULL;
	if (ump_small_file_read(settings->oauth_client_secret_file, UMP_SMALL_VALUE, &secret, error) < 0)
		return ump_error_prefix(error, "--oauth-client-secret-file");
	ump_cleanup_free char *config = ump_format("%s\n%s\n%s\n%s", settings->oauth_token_url, settings->oauth_client_id,
						   settings->oauth_client_secret_file, text_or_empty(settings->oauth_scope));
	if (rd_kafka_conf_set(configuration, "sasl.oauthbearer.config", config, text, sizeof text) != RD_KAFKA_CONF_OK)
		return ump_fail(error, UMP_FATAL, "librdkafka: %s", text);
	rd_kafka_conf_set_oauthbearer_token_refresh_cb(configuration, on_refresh);
	rd_kafka_conf_enable_sasl_queue(configuration, 1);
	return 0;
}

int ump_oauth_start(rd_kafka_t *handle, struct ump_error *error)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_get_sasl(handle);
	if (!queue)
		return 0;
	rd_kafka_queue_destroy(queue);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	rd_kafka_error_t *problem = rd_kafka_sasl_background_callbacks_enable(handle);
	if (!problem)
		return 0;
	ump_fail(error, UMP_FATAL, "librdkafka: %s", rd_kafka_error_string(problem));
	rd_kafka_error_destroy(problem);
	return -1;
}

int ump_oauth_parse(const char *body, size_t size, char **ret_token, int64_t *ret_lifetime_s, struct ump_error *error)
{
	json_error_t problem;
	json_t *root = json_loadb(body, size, JSON_REJECT_DUPLICATES, &problem);
	const char *token = json_string_value(json_object_get(root, "access_token"));
	json_t *lifetime = json_object_get(root, "expires_in");
	int result = 0;
	if (!root)
		result = ump_fail(error, UMP_RETRY, "expected JSON, found none that is valid at line %d", problem.line);
	else if (!token || !*token)
		result = ump_fail(error, UMP_RETRY, "expected access_token, a text");
	else if (!json_is_number(lifetime) || json_number_value(lifetime) < 1 || json_number_value(lifetime) > LIFETIME_MAXIMUM_S)
		result = ump_fail(error, UMP_RETRY, "expected expires_in, seconds from 1 to %d", LIFETIME_MAXIMUM_S);
	if (result == 0) {
		*ret_token = ump_copy_string(token);
		*ret_lifetime_s = (int64_t)json_number_value(lifetime);
	}
	json_decref(root);
	return result;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *context)
{
	struct ump_buffer *body = context;
	(void)one;
	if (body->size + size > REPLY_MAXIMUM)
		return 0;
	ump_buffer_add(body, bytes, size);
	return size;
}

/* RFC 6749, 2.3.1: id and secret are encoded as in a form before they become user and password. */
static void add_encoded(CURL *curl, struct ump_buffer *out, const char *text)
{
	char *encoded = curl_easy_escape(curl, text, 0);
	ump_buffer_add_string(out, encoded ? encoded : "");
	curl_free(encoded);
}

static int transfer(CURL *curl, const struct endpoint *endpoint, const char *secret, struct ump_buffer *body, struct ump_error *error)
{
	char text[CURL_ERROR_SIZE] = "";
	struct ump_buffer form = {0}, user = {0};
	ump_buffer_add_string(&form, "grant_type=client_credentials");
	if (*endpoint->scope) {
		ump_buffer_add_string(&form, "&scope=");
		add_encoded(curl, &form, endpoint->scope);
	}
	add_encoded(curl, &user, endpoint->client_id);
	ump_buffer_add_character(&user, ':');
	add_encoded(curl, &user, secret);
	curl_easy_setopt(curl, CURLOPT_URL, endpoint->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(curl, CURLOPT_USERPWD, user.start);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form.start);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
	CURLcode result = curl_easy_perform(curl);
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	ump_buffer_release(&form);
	ump_buffer_release(&user);
	if (result != CURLE_OK)
		return ump_fail(error, UMP_RETRY, "%s", *text ? text : curl_easy_strerror(result));
	if (status != 200)
		return ump_fail(error, UMP_RETRY, "expected status 200, found %ld", status);
	return 0;
}

static int fetch(const struct endpoint *endpoint, char **ret_token, int64_t *ret_lifetime_s, struct ump_error *error)
{
	struct ump_buffer body = {0};
	ump_cleanup_free char *secret = NULL;
	if (ump_small_file_read(endpoint->secret_file, UMP_SMALL_VALUE, &secret, error) < 0)
		return -1;
	CURL *curl = curl_easy_init();
	int result = curl ? transfer(curl, endpoint, secret, &body, error) : ump_fail(error, UMP_RETRY, "libcurl could not begin");
	if (result == 0)
		result = ump_oauth_parse(body.start ? body.start : "", body.size, ret_token, ret_lifetime_s, error);
	curl_easy_cleanup(curl);
	ump_buffer_release(&body);
	if (result < 0)
		ump_error_prefix(error, "token from %s", endpoint->url);
	return result;
}

/* The next line of `*text`, or an empty one. */
static char *take_line(const char **text)
{
	size_t size = strcspn(*text, "\n");
	char *line = ump_copy_bytes(*text, size);
	*text += size + ((*text)[size] == '\n');
	return line;
}

static int64_t now_ms(void)
{
	struct timespec time;
	clock_gettime(CLOCK_REALTIME, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* On librdkafka's background thread. */
static void on_refresh(rd_kafka_t *handle, const char *config, void *opaque)
{
	char text[256];
	struct ump_error error;
	ump_cleanup_free char *token = NULL;
	int64_t lifetime_s = 0;
	ump_cleanup(release_endpoint) struct endpoint endpoint = {0};
	endpoint.url = take_line(&config);
	endpoint.client_id = take_line(&config);
	endpoint.secret_file = take_line(&config);
	endpoint.scope = take_line(&config);
	(void)opaque;
	int result = fetch(&endpoint, &token, &lifetime_s, &error);
	if (result == 0 && rd_kafka_oauthbearer_set_token(handle, token, now_ms() + lifetime_s * 1000, endpoint.client_id, NULL, 0, text,
							  sizeof text) != RD_KAFKA_RESP_ERR_NO_ERROR)
		result = ump_fail(&error, UMP_RETRY, "token from %s: %s", endpoint.url, text);
	if (result == 0) {
		ump_log(UMP_LOG_INFO, "token fetched", UMP_LOG_S("from", endpoint.url), UMP_LOG_I("lifetime_s", lifetime_s));
		return;
	}
	ump_log(UMP_LOG_ERROR, "no token for Kafka, trying again in 10 s", UMP_LOG_S("reason", error.text));
	rd_kafka_oauthbearer_set_token_failure(handle, error.text);
}
