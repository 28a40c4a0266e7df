#include "common/http/trust.h"
#include "common/memory.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_LARGEST ((size_t)4 << 20)
#define FILES_MOST   256

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int add_file(struct ump_buffer *out, const char *path, struct ump_error *error)
{
	ump_cleanup(close_file) FILE *file = fopen(path, "re");
	size_t size = 0, read;

	if (!file)
		return ump_fail(error, UMP_REJECT, "%s: cannot read the certificates: %s", path, strerror(errno));
	do {
		char *room = ump_buffer_reserve(out, 65536);
		read = fread(room, 1, 65536, file);
		out->size += read;
		size += read;
		if (size > FILE_LARGEST)
			return ump_fail(error, UMP_REJECT, "%s: more than %zu bytes: no file of certificates", path, FILE_LARGEST);
	} while (read > 0);
	if (ferror(file))
		return ump_fail(error, UMP_REJECT, "%s: cannot read the certificates: %s", path, strerror(errno));
	ump_buffer_add_character(out, '\n');
	return 0;
}

static int add_directory(struct ump_buffer *out, const char *path, struct ump_error *error)
{
	ump_cleanup(close_directory) DIR *directory = opendir(path);
	const struct dirent *entry;
	size_t files = 0;

	if (!directory && errno == ENOENT)
		return 0;
	if (!directory)
		return ump_fail(error, UMP_REJECT, "%s: cannot read the folder of certificates: %s", path, strerror(errno));
	while ((entry = readdir(directory))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] == '.' || !dot || (strcmp(dot, ".pem") != 0 && strcmp(dot, ".crt") != 0))
			continue;
		if (++files > FILES_MOST)
			return ump_fail(error, UMP_REJECT, "%s: more than %d files of certificates", path, FILES_MOST);
		ump_cleanup_free char *file = ump_format("%s/%s", path, entry->d_name);
		if (add_file(out, file, error) < 0)
			return -1;
	}
	return 0;
}

int ump_trust_collect(struct ump_buffer *out, const char *system, const char *pem, const char *directory, struct ump_error *error)
{
	struct ump_error ignored;

	if (system)
		(void)add_file(out, system, &ignored); /* an image without the system's certificates is none that trusts more */
	if (pem && !strstr(pem, "-----BEGIN CERTIFICATE-----"))
		return ump_fail(error, UMP_REJECT, "the trusted certificates given have no PEM block BEGIN CERTIFICATE");
	if (pem) {
		ump_buffer_add_string(out, pem);
		ump_buffer_add_character(out, '\n');
	}
	return directory ? add_directory(out, directory, error) : 0;
}
