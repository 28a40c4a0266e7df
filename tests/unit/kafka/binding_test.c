#include "common/kafka/binding.h"
#include "common/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/umpire-binding-XXXXXX";

static void make_root(void)
{
	cr_assert(mkdtemp(root));
}

static void remove_root(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", root);
	cr_assert(system(command) == 0);
}

TestSuite(binding, .init = make_root, .fini = remove_root);

static void put(const char *folder, const char *name, const char *content)
{
	ump_cleanup_free char *directory = ump_format("%s/%s", root, folder);
	ump_cleanup_free char *path = ump_format("%s/%s", directory, name);
	mkdir(directory, 0700);
	FILE *file = fopen(path, "w");
	cr_assert(file);
	fputs(content, file);
	fclose(file);
}

static bool same(const char *left, const char *right)
{
	return left == right || (left && right && strcmp(left, right) == 0);
}

/* `ca`, `certificate` and `key` are names of files in the folder. */
struct row {
	const char *files[20]; /* name, content, …, NULL */
	const char *servers, *protocol, *mechanism, *user, *password, *ca, *certificate, *key;
};

static const struct row rows[] = {
	{{"type", "kafka", "bootstrapServers", "b:9092\n", "securityProtocol", "SASL_SSL", "saslMechanism", "PLAIN", "user", "u",
	  "password", "p\n"},
	 .servers = "b:9092",
	 .protocol = "SASL_SSL",
	 .mechanism = "PLAIN",
	 .user = "u",
	 .password = "p"},
	{{"type", "KAFKA\n", "bootstrap.servers", " b:1,c:2 \r\n", "security.protocol", "SSL", "sasl.mechanism", "SCRAM-SHA-512",
	  "username", "u", "password", "p w", "ssl.truststore.crt", "x", "ssl.keystore.crt", "y", "ssl.keystore.key", "z"},
	 .servers = "b:1,c:2",
	 .protocol = "SSL",
	 .mechanism = "SCRAM-SHA-512",
	 .user = "u",
	 .password = "p w",
	 .ca = "ssl.truststore.crt",
	 .certificate = "ssl.keystore.crt",
	 .key = "ssl.keystore.key"},
	{{"type", "kafka", "bootstrap-servers", "b:1", "username", "u", "password", "p", "certificates", "x", "private-key", "y"},
	 .servers = "b:1",
	 .user = "u",
	 .password = "p",
	 .certificate = "certificates",
	 .key = "private-key"},
	{{"type", "kafka", "host", "b", "port", "9093", "certificates", "x"}, .servers = "b:9093", .ca = "certificates"},
	{{"type", "kafka", "user", "u", "username", "u\n"}, .user = "u"},
	{{"type", "redis", "host", "b", "port", "6379"}, .servers = NULL},
	{{"bootstrapServers", "no-type:1"}, .servers = NULL},
};

static bool is_path(const char *found, const char *name)
{
	ump_cleanup_free char *path = name ? ump_format("%s/one/%s", root, name) : NULL;
	return same(found, path);
}

Test(binding, reads_all_three_dialects)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct ump_kafka_binding binding;
		struct ump_error error;
		for (const char *const *file = row->files; *file; file += 2)
			put("one", file[0], file[1]);
		cr_assert_eq(ump_kafka_binding_read(root, &binding, &error), 0, "row %zu: %s", i, error.text);
		cr_expect(same(binding.bootstrap_servers, row->servers), "row %zu: servers %s", i, binding.bootstrap_servers);
		cr_expect(same(binding.security_protocol, row->protocol), "row %zu", i);
		cr_expect(same(binding.sasl_mechanism, row->mechanism), "row %zu", i);
		cr_expect(same(binding.user, row->user), "row %zu", i);
		cr_expect(same(binding.password, row->password), "row %zu", i);
		cr_expect(is_path(binding.ca, row->ca), "row %zu: ca %s", i, binding.ca);
		cr_expect(is_path(binding.certificate, row->certificate), "row %zu: certificate %s", i, binding.certificate);
		cr_expect(is_path(binding.key, row->key), "row %zu: key %s", i, binding.key);
		ump_kafka_binding_release(&binding);
		remove_root();
		cr_assert_eq(mkdir(root, 0700), 0);
	}
}

static void expect_error(const char *part)
{
	struct ump_kafka_binding binding = {.user = root};
	struct ump_error error;
	cr_assert_eq(ump_kafka_binding_read(root, &binding, &error), -1);
	cr_expect(strstr(error.text, part), "%s", error.text);
	cr_expect_null(strstr(error.text, "s3cret"), "%s", error.text);
	cr_expect_eq(binding.user, (char *)root, "untouched after a failure");
}

Test(binding, refuses_what_is_ambiguous)
{
	put("one", "type", "kafka");
	put("one", "user", "s3cret-a");
	put("one", "username", "s3cret-b");
	expect_error("user and username differ");
	put("one", "username", "s3cret-a");
	put("two", "type", "kafka");
	expect_error("both bindings of type kafka");
}

Test(binding, refuses_what_cannot_be_a_value)
{
	char large[64 * 1024 + 2];
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = 0;
	put("one", "type", "kafka");
	put("one", "password", large);
	expect_error("one/password: expected at most 64 KiB");
}

Test(binding, finds_them_behind_the_links_of_kubernetes)
{
	struct ump_kafka_binding binding;
	struct ump_error error;
	put("one", "type", "kafka");
	put("one/..2026", "bootstrapServers", "b:1");
	ump_cleanup_free char *link = ump_format("%s/one/bootstrapServers", root);
	cr_assert_eq(symlink("..2026/bootstrapServers", link), 0);
	put("..data", "type", "kafka");
	cr_assert_eq(ump_kafka_binding_read(root, &binding, &error), 0, "%s", error.text);
	cr_expect_str_eq(binding.bootstrap_servers, "b:1");
	ump_kafka_binding_release(&binding);
}

Test(binding, a_root_that_is_not_there_is_an_error)
{
	struct ump_kafka_binding binding;
	struct ump_error error;
	cr_assert_eq(ump_kafka_binding_read("/nonexistent/bindings", &binding, &error), -1);
	cr_expect(strstr(error.text, "/nonexistent/bindings"), "%s", error.text);
}
