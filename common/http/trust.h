/* common/http/trust.h: which certificates are trusted. */
#pragma once
#include "common/buffer.h"
#include "common/error.h"

/* Appends the system's certificates (the file at `system`, which may be NULL or missing), then `pem` (or NULL), then the files of
 * `directory` whose names end in .pem or .crt (NULL or missing: none), as mounted trust bundles have them. All PEM. */
int ump_trust_collect(struct ump_buffer *out, const char *system, const char *pem, const char *directory, struct ump_error *error);
