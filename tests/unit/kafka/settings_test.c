#include "common/kafka/settings.h"
#include "common/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Settings own their strings elsewhere; here they are literals. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wincompatible-pointer-types-discards-qualifiers"
#else
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"
#endif

#define PEM "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
#define KEY "-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n"

static const char *get(rd_kafka_conf_t *configuration, const char *name)
{
	static char value[4096];
	size_t size = sizeof value;
	return rd_kafka_conf_get(configuration, name, value, &size) == RD_KAFKA_CONF_OK ? value : "(none)";
}

/* A file in a folder of its own, removed by the test's end. */
static char *file_with(const char *content)
{
	char path[] = "/tmp/umpire-settings-XXXXXX";
	int fd = mkstemp(path);
	cr_assert(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
	close(fd);
	return ump_copy_string(path);
}

struct row {
	struct ump_kafka_settings settings;
	const char *expected[12]; /* name, value, …, NULL */
};

Test(settings, become_properties_of_librdkafka)
{
	const struct row rows[] = {
		{{.bootstrap_servers = "a:1, b:2"},
		 {"bootstrap.servers", "a:1, b:2", "security.protocol", "plaintext", "client.id", "me", NULL}},
		{{.bootstrap_servers = "[::1]:9092", .tls_enable = true, .tls_ca = PEM},
		 {"security.protocol", "ssl", "ssl.ca.pem", PEM, NULL}},
		{{.bootstrap_servers = "a:1", .tls_enable = true, .tls_ca = "/dev/null", .tls_certificate = PEM, .tls_key = KEY},
		 {"ssl.ca.location", "/dev/null", "ssl.certificate.pem", PEM, "ssl.key.pem", KEY, NULL}},
		{{.bootstrap_servers = "a:1", .sasl_enable = true, .sasl_user = "u", .sasl_password = "s3cret"},
		 {"security.protocol", "sasl_plaintext", "sasl.mechanism", "PLAIN", "sasl.username", "u", "sasl.password", "s3cret", NULL}},
		{{.bootstrap_servers = "a:1",
		  .sasl_enable = true,
		  .tls_enable = true,
		  .sasl_type = "scram-sha-512",
		  .sasl_user = "u",
		  .sasl_password = "p"},
		 {"security.protocol", "sasl_ssl", "sasl.mechanism", "SCRAM-SHA-512", NULL}},
		{{.bootstrap_servers = "a:1", .tls_certificate = "", .sasl_user = "", .sasl_type = ""},
		 {"security.protocol", "plaintext", NULL}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		rd_kafka_conf_t *configuration;
		struct ump_error error;
		cr_assert_eq(ump_kafka_configure(&rows[i].settings, "me", NULL, &configuration, &error), 0, "row %zu: %s", i, error.text);
		for (const char *const *expected = rows[i].expected; *expected; expected += 2)
			cr_expect_str_eq(get(configuration, expected[0]), expected[1], "row %zu: %s", i, expected[0]);
		rd_kafka_conf_destroy(configuration);
	}
}

Test(settings, the_program_s_properties_win_over_defaults_and_kafka_set_over_both)
{
	rd_kafka_conf_t *configuration;
	struct ump_error error;
	char *items[] = {"linger.ms=7"};
	struct ump_kafka_settings settings = {.bootstrap_servers = "a:1", .set = {items, 1}};
	const char *const properties[] = {"linger.ms", "5", "reconnect.backoff.max.ms", "1234", NULL};
	cr_assert_eq(ump_kafka_configure(&settings, "me", properties, &configuration, &error), 0, "%s", error.text);
	cr_expect_str_eq(get(configuration, "linger.ms"), "7");
	cr_expect_str_eq(get(configuration, "reconnect.backoff.max.ms"), "1234");
	ump_kafka_set_if_known(configuration, "linger.ms", "9");
	ump_kafka_set_if_known(configuration, "no.such.property", "9");
	cr_expect_str_eq(get(configuration, "linger.ms"), "9");
	rd_kafka_conf_destroy(configuration);
}

Test(settings, a_password_file_is_read_for_each_client_and_trimmed)
{
	ump_cleanup_free char *path = file_with("first\n");
	struct ump_kafka_settings settings = {
		.bootstrap_servers = "a:1", .sasl_enable = true, .sasl_user = "u", .sasl_password_file = path};
	rd_kafka_conf_t *configuration;
	struct ump_error error;
	cr_assert_eq(ump_kafka_configure(&settings, "me", NULL, &configuration, &error), 0, "%s", error.text);
	cr_expect_str_eq(get(configuration, "sasl.password"), "first");
	rd_kafka_conf_destroy(configuration);
	FILE *file = fopen(path, "w");
	fputs("second\r\n", file);
	fclose(file);
	cr_assert_eq(ump_kafka_configure(&settings, "me", NULL, &configuration, &error), 0, "%s", error.text);
	cr_expect_str_eq(get(configuration, "sasl.password"), "second");
	rd_kafka_conf_destroy(configuration);
	unlink(path);
}

static void expect_refused(const struct ump_kafka_settings *settings, const char *part)
{
	static const char *const owned[] = {"group.id", NULL};
	struct ump_error error = {.text = ""};
	cr_assert_eq(ump_kafka_check(settings, owned, &error), -1, "expected an error with: %s", part);
	cr_expect_eq(error.kind, UMP_REJECT);
	cr_expect(strstr(error.text, part), "expected \"%s\" in \"%s\"", part, error.text);
	cr_expect_null(strstr(error.text, "s3cret"), "%s", error.text);
}

Test(settings, what_cannot_work_is_refused_without_showing_secrets)
{
	const struct {
		struct ump_kafka_settings settings;
		const char *part;
	} rows[] = {
		{{0}, "KAFKA_BOOTSTRAP_SERVERS"},
		{{.bootstrap_servers = "a"}, "expected HOST:PORT"},
		{{.bootstrap_servers = "a:1,"}, "expected HOST:PORT"},
		{{.bootstrap_servers = "a:0"}, "found \"a:0\""},
		{{.bootstrap_servers = "a:65536"}, "found \"a:65536\""},
		{{.bootstrap_servers = ":1"}, "expected HOST:PORT"},
		{{.bootstrap_servers = "ssl://a:1"}, "expected HOST:PORT"},
		{{.bootstrap_servers = "a:1", .sasl_user = "u", .sasl_password = "s3cret"}, "SASL is off"},
		{{.bootstrap_servers = "a:1", .sasl_enable = true}, "KAFKA_NET_SASL_USER"},
		{{.bootstrap_servers = "a:1", .sasl_enable = true, .sasl_user = "u", .sasl_password_file = "/nonexistent/s"},
		 "/nonexistent/s"},
		{{.bootstrap_servers = "a:1", .sasl_enable = true, .sasl_type = "GSSAPI"}, "found \"GSSAPI\""},
		{{.bootstrap_servers = "a:1", .sasl_enable = true, .sasl_type = "OAUTHBEARER"}, "--oauth-token-url"},
		{{.bootstrap_servers = "a:1",
		  .sasl_enable = true,
		  .sasl_type = "OAUTHBEARER",
		  .oauth_token_url = "http://idp.example/token",
		  .oauth_client_id = "c",
		  .oauth_client_secret_file = "/dev/null"},
		 "expected an https URL"},
		{{.bootstrap_servers = "a:1",
		  .sasl_enable = true,
		  .sasl_type = "OAUTHBEARER",
		  .oauth_token_url = "https://idp.example/token",
		  .oauth_client_id = "c",
		  .oauth_client_secret_file = "/nonexistent/s"},
		 "/nonexistent/s"},
		{{.bootstrap_servers = "a:1", .tls_ca = PEM}, "TLS is off"},
		{{.bootstrap_servers = "a:1", .tls_enable = true, .tls_certificate = PEM}, "together"},
		{{.bootstrap_servers = "a:1", .tls_enable = true, .tls_key = KEY}, "together"},
		{{.bootstrap_servers = "a:1", .tls_enable = true, .tls_ca = "/nonexistent/ca"}, "/nonexistent/ca"},
		{{.bootstrap_servers = "a:1", .tls_enable = true, .tls_certificate = PEM PEM, .tls_key = KEY}, "found a chain"},
		{{.bootstrap_servers = "a:1", .service_binding_root = "/nonexistent/bindings"}, "/nonexistent/bindings"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		expect_refused(&rows[i].settings, rows[i].part);
}

Test(settings, kafka_set_is_refused_where_somebody_else_decides)
{
	const char *const rows[][2] = {
		{"linger.ms", "expected NAME=VALUE"},
		{"=5", "expected NAME=VALUE"},
		{"group.id=x", "this program decides"},
		{"acks=1", "this program decides"},
		{"enable.idempotence=false", "this program decides"},
		{"bootstrap.servers=x:1", "--bootstrap-servers"},
		{"sasl.password=s3cret", "--sasl-password-file"},
		{"ssl.key.password=s3cret", "--tls-key"},
		{"no.such.property=1", "no.such.property"},
		{"linger.ms=much", "linger.ms"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *items[] = {(char *)(uintptr_t)rows[i][0]};
		struct ump_kafka_settings settings = {.bootstrap_servers = "a:1", .set = {items, 1}};
		expect_refused(&settings, rows[i][1]);
	}
	char *items[] = {"statistics.interval.ms=1000", "debug=cgrp"};
	struct ump_kafka_settings settings = {.bootstrap_servers = "a:1", .set = {items, 2}};
	struct ump_error error;
	cr_assert_eq(ump_kafka_check(&settings, NULL, &error), 0, "%s", error.text);
}

Test(settings, errors_of_librdkafka_have_a_kind)
{
	cr_expect_eq(ump_kafka_error_kind(RD_KAFKA_RESP_ERR__TRANSPORT), UMP_RETRY);
	cr_expect_eq(ump_kafka_error_kind(RD_KAFKA_RESP_ERR__QUEUE_FULL), UMP_RETRY);
	cr_expect_eq(ump_kafka_error_kind(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), UMP_RETRY);
	cr_expect_eq(ump_kafka_error_kind(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), UMP_RETRY);
	cr_expect_eq(ump_kafka_error_kind(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), UMP_REJECT);
	cr_expect_eq(ump_kafka_error_kind(RD_KAFKA_RESP_ERR_INVALID_RECORD), UMP_REJECT);
	cr_expect_eq(ump_kafka_error_kind(RD_KAFKA_RESP_ERR_PRODUCER_FENCED), UMP_FATAL);
	cr_expect_eq(ump_kafka_error_kind(RD_KAFKA_RESP_ERR__FATAL), UMP_FATAL);
}
