/* audit-fn/digest.h: identities: the first 128 bits of SHA-256 over fields, each behind its length.
 *
 * A field is its length as four bytes, the most significant first, and then its bytes, so that no two lists of fields give the same input.
 * A number is a field of its decimal digits. Pure. SHA-256 is nettle's, which libmicrohttpd needs (by gnutls) as it is. */
#pragma once
#include "common/text.h"
#include <nettle/sha2.h>

#define DIGEST_SIZE     16
#define DIGEST_HEX_SIZE (2 * DIGEST_SIZE + 1) /* with the terminating zero */

struct digest {
	uint8_t bytes[DIGEST_SIZE];
};

struct digest_state {
	struct sha256_ctx sha256;
};

/* A state can be copied by assignment: fields that many identities begin with are hashed once. */
void digest_start(struct digest_state *state);
void digest_add(struct digest_state *state, struct ump_text field);
void digest_add_number(struct digest_state *state, int64_t number);
struct digest digest_finish(struct digest_state *state);

/* Lower-case hexadecimal digits. */
void digest_to_hex(const struct digest *digest, char ret_hex[static DIGEST_HEX_SIZE]);

/* SHA-256 of plain bytes, all 64 digits: what sha256sum(1) says of a file. */
#define DIGEST_FILE_HEX_SIZE (2 * SHA256_DIGEST_SIZE + 1)
void digest_of_file(struct ump_text content, char ret_hex[static DIGEST_FILE_HEX_SIZE]);
