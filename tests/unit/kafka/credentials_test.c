#include "common/kafka/credentials.h"
#include "common/memory.h"

#include <criterion/criterion.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rig {
	struct ump_loop *loop;
	struct ump_credentials *credentials;
	size_t sasl, tls, refused;
	char user[16], password[16];
	struct ump_error error;
};

static void on_sasl(void *context, const char *user, const char *password)
{
	struct rig *rig = context;
	rig->sasl++;
	snprintf(rig->user, sizeof rig->user, "%s", user);
	snprintf(rig->password, sizeof rig->password, "%s", password);
}

static void on_tls(void *context)
{
	((struct rig *)context)->tls++;
}

static void on_refused(void *context, const struct ump_error *error)
{
	struct rig *rig = context;
	rig->refused++;
	rig->error = *error;
}

static void open_rig(struct rig *rig, const struct ump_kafka_settings *settings)
{
	struct ump_error error;
	*rig = (struct rig){0};
	struct ump_credentials_options options = {
		.settings = settings, .sasl_changed = on_sasl, .tls_changed = on_tls, .refused = on_refused, .context = rig};
	cr_assert_eq(ump_loop_new(&rig->loop, &error), 0);
	cr_assert_eq(ump_credentials_new(&rig->credentials, rig->loop, &options, &error), 0, "%s", error.text);
}

static void close_rig(struct rig *rig)
{
	ump_credentials_free(rig->credentials);
	ump_loop_free(rig->loop);
}

static void run(struct rig *rig, size_t *counter, size_t wanted, int seconds)
{
	int64_t end = ump_loop_clock() + seconds * UMP_SECOND;
	while (*counter < wanted && ump_loop_clock() < end)
		ump_loop_once(rig->loop, UMP_SECOND / 10);
}

/* As Kubernetes does it: the new content beside the old, and then another name for it. */
static void put(const char *path, const char *content)
{
	ump_cleanup_free char *beside = ump_format("%s.new", path);
	FILE *file = fopen(beside, "w");
	cr_assert(file);
	fputs(content, file);
	fclose(file);
	cr_assert_eq(rename(beside, path), 0);
}

static char path[] = "/tmp/umpire-credentials-XXXXXX";

static void make_file(void)
{
	int fd = mkstemp(path);
	cr_assert(fd >= 0);
	close(fd);
}

static void remove_file(void)
{
	unlink(path);
}

TestSuite(credentials, .init = make_file, .fini = remove_file);

Test(credentials, a_new_password_is_said_once_and_an_unchanged_file_is_no_change)
{
	struct rig rig;
	struct ump_kafka_settings settings = {.sasl_enable = true, .sasl_password_file = path};
	settings.bootstrap_servers = ump_copy_string("127.0.0.1:1");
	settings.sasl_user = ump_copy_string("ada");
	put(path, "first");
	open_rig(&rig, &settings);
	put(path, "first\n");
	run(&rig, &rig.sasl, 1, 3);
	cr_expect_eq(rig.sasl, 0);
	put(path, "second");
	run(&rig, &rig.sasl, 1, 20);
	cr_expect_eq(rig.sasl, 1);
	cr_expect_str_eq(rig.user, "ada");
	cr_expect_str_eq(rig.password, "second");
	run(&rig, &rig.sasl, 2, 3);
	cr_expect_eq(rig.sasl, 1);
	close_rig(&rig);
	free(settings.bootstrap_servers);
	free(settings.sasl_user);
}

Test(credentials, a_file_that_has_gone_is_told_once_and_what_is_there_again_is_used)
{
	struct rig rig;
	struct ump_kafka_settings settings = {.sasl_enable = true, .sasl_password_file = path};
	settings.bootstrap_servers = ump_copy_string("127.0.0.1:1");
	settings.sasl_user = ump_copy_string("ada");
	put(path, "s3cret");
	open_rig(&rig, &settings);
	unlink(path);
	run(&rig, &rig.refused, 2, 4);
	cr_expect_eq(rig.refused, 1);
	cr_expect(strstr(rig.error.text, path), "%s", rig.error.text);
	put(path, "again");
	run(&rig, &rig.sasl, 1, 20);
	cr_expect_eq(rig.sasl, 1);
	close_rig(&rig);
	free(settings.bootstrap_servers);
	free(settings.sasl_user);
}

/* The mock speaks no TLS: whoever comes with new certificates does not get in. */
Test(credentials, new_certificates_that_do_not_get_in_are_not_used)
{
	struct rig rig;
	char text[256];
	rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
	rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(handle, 1);
	struct ump_kafka_settings settings = {.tls_enable = true, .tls_ca = path};
	settings.bootstrap_servers = ump_copy_string(rd_kafka_mock_cluster_bootstraps(cluster));
	put(path, "");
	open_rig(&rig, &settings);
	put(path, "no certificate");
	run(&rig, &rig.refused, 1, 40);
	cr_expect_eq(rig.refused, 1);
	cr_expect_eq(rig.tls, 0);
	close_rig(&rig);
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(handle);
	free(settings.bootstrap_servers);
}

Test(credentials, without_files_nothing_is_looked_at)
{
	struct rig rig;
	struct ump_kafka_settings settings = {.tls_enable = true};
	settings.bootstrap_servers = ump_copy_string("127.0.0.1:1");
	open_rig(&rig, &settings);
	int64_t begin = ump_loop_clock();
	ump_loop_once(rig.loop, 2 * UMP_SECOND);
	cr_expect_geq(ump_loop_clock() - begin, 2 * UMP_SECOND - UMP_SECOND / 100, "no timer");
	close_rig(&rig);
	free(settings.bootstrap_servers);
}
