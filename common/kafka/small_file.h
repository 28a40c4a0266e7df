/* common/kafka/small_file.h: a file that holds one value: a password, a name. Errors name the path, never what is in it. */
#pragma once
#include "common/error.h"
#include <stddef.h>

enum { UMP_SMALL_VALUE = 64 * 1024, UMP_SMALL_PEM = 1024 * 1024 }; /* a value; certificates, of which the system's are 0.2 MB */

/* The file's text, without white space at its ends; free() releases it. Refused: more than `maximum` bytes, and a zero byte inside. */
int ump_small_file_read(const char *path, size_t maximum, char **ret_text, struct ump_error *error);
