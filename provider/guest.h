/* provider/guest.h: a person who plays: who that is, and the cookie that proves it.
 *
 * Nothing is kept of guests: the cookie holds id and name, signed (HMAC-SHA-256), so any process with the same key knows them again, and
 * nobody without it can say that they are another. Pure: the caller brings the chance. */
#pragma once
#include "common/error.h"
#include "common/text.h"
#include <stdbool.h>
#include <stdint.h>

#define GUEST_COOKIE          "umpire_player"
#define GUEST_ID_SIZE         19 /* "g-" and 16 digits, with the terminating zero */
#define GUEST_NAME_SIZE       64 /* bytes, likewise */
#define GUEST_NAME_CHARACTERS 20
#define GUEST_COOKIE_SIZE     (GUEST_ID_SIZE + 2 * GUEST_NAME_SIZE + 2 * 32 + 2)

struct guest_key {
	uint8_t bytes[32];
};

struct guest {
	uint64_t number; /* what the id says */
	char id[GUEST_ID_SIZE];
	char name[GUEST_NAME_SIZE];
};

/* A key from a secret of any length: the same secret gives the same key. */
void guest_key_derive(struct guest_key *ret_key, struct ump_text secret);

void guest_set_number(struct guest *guest, uint64_t number);

/* A name that its bearer chose: 1 to GUEST_NAME_CHARACTERS characters, none of which steers how text is laid out, white space at the ends
 * cut off. */
int guest_set_name(struct guest *guest, struct ump_text name, struct ump_error *error);

/* "g-0123456789abcdef.<name in hexadecimal>.<signature in hexadecimal>" */
void guest_cookie_write(const struct guest_key *key, const struct guest *guest, char cookie[GUEST_COOKIE_SIZE]);

/* False: we have not written this. */
bool guest_cookie_read(const struct guest_key *key, struct ump_text cookie, struct guest *ret_guest);

/* The value of the cookie of that name in a Cookie header (RFC 6265, 5.4), or UMP_TEXT_NONE. */
struct ump_text guest_cookie_find(struct ump_text header, const char *name);

/* Whether both texts are the same; how long that takes says nothing about where they differ. */
bool guest_same_secret(struct ump_text left, struct ump_text right);
