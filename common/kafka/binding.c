/* common/kafka/binding.c: one table of fields, each with its names in the three dialects. */
#include "common/kafka/binding.h"
#include "common/kafka/small_file.h"
#include "common/memory.h"
#include "common/text.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a file's content becomes: the field's value, or its path. */
static const struct field {
	size_t offset;
	bool is_path;
	const char *names[4];
} fields[] = {
	{offsetof(struct ump_kafka_binding, bootstrap_servers), false, {"bootstrapServers", "bootstrap-servers", "bootstrap.servers"}},
	{offsetof(struct ump_kafka_binding, security_protocol), false, {"securityProtocol", "security-protocol", "security.protocol"}},
	{offsetof(struct ump_kafka_binding, sasl_mechanism), false, {"saslMechanism", "sasl-mechanism", "sasl.mechanism"}},
	{offsetof(struct ump_kafka_binding, user), false, {"user", "username"}},
	{offsetof(struct ump_kafka_binding, password), false, {"password"}},
	{offsetof(struct ump_kafka_binding, ca), true, {"ssl.truststore.crt"}},
	{offsetof(struct ump_kafka_binding, certificate), true, {"ssl.keystore.crt"}},
	{offsetof(struct ump_kafka_binding, key), true, {"ssl.keystore.key", "private-key"}},
};

enum { FIELD_COUNT = sizeof fields / sizeof *fields };

static char **member(struct ump_kafka_binding *binding, const struct field *field)
{
	return (char **)(void *)((char *)binding + field->offset);
}

void ump_kafka_binding_release(struct ump_kafka_binding *binding)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		free(*member(binding, &fields[i]));
	free(binding->folder);
	*binding = (struct ump_kafka_binding){0};
}

/* The value of one file, or NULL where it is not there. */
static int read_file(const char *folder, const char *name, bool is_path, char **ret_value, struct ump_error *error)
{
	ump_cleanup_free char *path = ump_format("%s/%s", folder, name);
	*ret_value = NULL;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (ump_small_file_read(path, is_path ? UMP_SMALL_PEM : UMP_SMALL_VALUE, ret_value, error) < 0)
		return -1;
	if (is_path) {
		free(*ret_value);
		*ret_value = ump_steal(path);
	}
	return 0;
}

static int read_field(struct ump_kafka_binding *binding, const struct field *field, struct ump_error *error)
{
	char **value = member(binding, field);
	const char *first = NULL;
	for (const char *const *name = field->names; *name; name++) {
		ump_cleanup_free char *found = NULL;
		if (read_file(binding->folder, *name, field->is_path, &found, error) < 0)
			return -1;
		if (!found)
			continue;
		if (first && strcmp(found, *value) != 0)
			return ump_fail(error, UMP_REJECT, "%s: %s and %s differ: expected one of them", binding->folder, first, *name);
		if (!first)
			*value = ump_steal(found);
		first = *name;
	}
	return 0;
}

/* The specification's own `certificates` are the client's chain where a private key is beside them, else whom to trust; and its `host` and
 * `port` are one server. */
static int read_specification(struct ump_kafka_binding *binding, struct ump_error *error)
{
	ump_cleanup_free char *certificates = NULL, *host = NULL, *port = NULL;
	if (read_file(binding->folder, "certificates", true, &certificates, error) < 0 ||
	    read_file(binding->folder, "host", false, &host, error) < 0 || read_file(binding->folder, "port", false, &port, error) < 0)
		return -1;
	if (certificates && binding->key && !binding->certificate)
		binding->certificate = ump_steal(certificates);
	else if (certificates && !binding->ca)
		binding->ca = ump_steal(certificates);
	if (!binding->bootstrap_servers && host && port)
		binding->bootstrap_servers = ump_format("%s:%s", host, port);
	return 0;
}

static bool is_kafka(const char *folder)
{
	ump_cleanup_free char *type = NULL;
	struct ump_error ignored; /* a folder without a type is no binding */
	return read_file(folder, "type", false, &type, &ignored) == 0 && type &&
	       ump_text_equals_ignoring_case(ump_text(type), UMP_TEXT("kafka"));
}

static int find_folder(const char *root, char **ret_folder, struct ump_error *error)
{
	DIR *directory = opendir(root);
	if (!directory)
		return ump_fail(error, UMP_REJECT, "SERVICE_BINDING_ROOT %s: %s", root, strerror(errno));
	ump_cleanup_free char *found = NULL;
	int result = 0;
	for (struct dirent *entry; result == 0 && (entry = readdir(directory));) {
		if (entry->d_name[0] == '.')
			continue;
		ump_cleanup_free char *folder = ump_format("%s/%s", root, entry->d_name);
		if (!is_kafka(folder))
			continue;
		if (found)
			result = ump_fail(error, UMP_REJECT, "%s and %s are both bindings of type kafka: expected one", found, folder);
		else
			found = ump_steal(folder);
	}
	closedir(directory);
	if (result == 0)
		*ret_folder = ump_steal(found);
	return result;
}

int ump_kafka_binding_read(const char *root, struct ump_kafka_binding *ret_binding, struct ump_error *error)
{
	struct ump_kafka_binding binding = {0};
	if (find_folder(root, &binding.folder, error) < 0)
		return -1;
	int result = 0;
	for (size_t i = 0; binding.folder && result == 0 && i < FIELD_COUNT; i++)
		result = read_field(&binding, &fields[i], error);
	if (binding.folder && result == 0)
		result = read_specification(&binding, error);
	if (result < 0)
		ump_kafka_binding_release(&binding);
	else
		*ret_binding = binding;
	return result;
}
