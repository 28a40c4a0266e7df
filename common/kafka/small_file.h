/* common/kafka/small_file.h: a file that holds one value: a password, a name. Errors name the path, never what is in it. */
#pragma once
#include "common/error.h"

/* The file's text, without white space at its ends; free() releases it. Refused: more than 64 KiB, and a zero byte inside. */
int ump_small_file_read(const char *path, char **ret_text, struct ump_error *error);
