#include "common/memory.h"
#include "tests/unit/http/client_rig.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- TLS ---- */

/* openssl's test server with a certificate of a private authority. */
struct tls_server {
	FILE *output;
	pid_t pid;
	int port;
	char *folder;
};

static struct tls_server tls_server(const char *options)
{
	struct tls_server server = {.folder = ump_copy_string("/tmp/umpire-client-XXXXXX")};
	char line[200];

	cr_assert(mkdtemp(server.folder));
	ump_cleanup_free char *command = ump_format(
		"cd %s && { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem "
		"-subj /CN=test-authority -days 2 && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key "
		"-out leaf.csr -subj /CN=localhost && printf 'subjectAltName=IP:127.0.0.1\\n' >leaf.ext && openssl x509 -req -in leaf.csr "
		"-CA ca.pem -CAkey ca.key -CAcreateserial -extfile leaf.ext -days 2 -out leaf.pem; } >openssl.log 2>&1 && "
		"echo PID $$ && exec timeout 60 openssl s_server -accept 127.0.0.1:0 -cert leaf.pem -key leaf.key -www %s 2>&1",
		server.folder, options);
	server.output = popen(command, "re");
	cr_assert(server.output);
	while (fgets(line, sizeof line, server.output)) {
		sscanf(line, "PID %d", &server.pid);
		if (sscanf(line, "ACCEPT 127.0.0.1:%d", &server.port) == 1)
			return server;
	}
	cr_assert_fail("the TLS server did not start: see %s/openssl.log", server.folder);
	return server;
}

static void end_tls_server(struct tls_server *server)
{
	ump_cleanup_free char *command = ump_format("rm -rf '%s'", server->folder);

	cr_assert_gt(server->pid, 0);
	kill(server->pid, SIGTERM);
	pclose(server->output);
	cr_assert_eq(system(command), 0);
	free(server->folder);
}

static char *text_of(const char *folder, const char *name)
{
	ump_cleanup_free char *path = ump_format("%s/%s", folder, name);
	static char text[8192];
	FILE *file = fopen(path, "re");

	cr_assert(file);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void get_tls(struct result *result, int port)
{
	ump_cleanup_free char *url = ump_format("https://127.0.0.1:%d/", port);

	call_with(result, (struct ump_call_options){.method = "GET", .url = url});
	RIG_UNTIL(&rig, result->calls == 1);
}

Test(client, tls_trusts_whom_it_is_told_to_and_nobody_else)
{
	struct result result = {0};
	struct tls_server server = tls_server("");

	open_all((struct ump_client_options){0});
	get_tls(&result, server.port);
	cr_expect_str_eq(result.failure, "TLS: the server's certificate is not trusted, or not for this name");
	close_all();

	open_all((struct ump_client_options){.ca_pem = text_of(server.folder, "ca.pem")});
	get_tls(&result, server.port);
	cr_expect_eq(result.status, 200, "%s", result.failure);
	ump_cleanup_free char *wrong_name = ump_format("https://localhost:%d/", server.port);
	call_with(&result, (struct ump_call_options){.method = "GET", .url = wrong_name});
	RIG_UNTIL(&rig, result.calls == 1);
	cr_expect_str_eq(result.failure, "TLS: the server's certificate is not trusted, or not for this name");
	close_all();

	open_all((struct ump_client_options){.ca_directory = server.folder}); /* leaf.pem is in it as well: harmless */
	get_tls(&result, server.port);
	cr_expect_eq(result.status, 200, "%s", result.failure);
	close_all();
	end_tls_server(&server);
}

Test(client, tls_below_1_2_is_refused)
{
	struct result result = {0};
	struct tls_server server = tls_server("-tls1_1 -cipher DEFAULT@SECLEVEL=0");

	open_all((struct ump_client_options){.ca_pem = text_of(server.folder, "ca.pem")});
	get_tls(&result, server.port);
	cr_expect_str_eq(result.failure, "TLS: no agreement with the server");
	close_all();
	end_tls_server(&server);
}

Test(client, trusted_certificates_that_are_none_are_refused)
{
	struct ump_client_options options = {.max_connections = 1, .ca_pem = "no certificate"};

	rig_open(&rig, (struct ump_server_options){0});
	cr_expect_eq(ump_client_new(&client, rig.loop, &options, &error), -1);
	cr_expect(strstr(error.text, "BEGIN CERTIFICATE"));
	options = (struct ump_client_options){.max_connections = 1, .ca_directory = "/nonexistent"};
	cr_expect_eq(ump_client_new(&client, rig.loop, &options, &error), 0, "a folder need not exist");
	close_all();
}
