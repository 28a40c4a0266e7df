/* provider/names.h: names for players: two friendly words, different for each number below 4,096.
 *
 * Pure, and the same for the same seed. Also what attendees of the game are called, so that nobody has to type, and nobody can type what
 * the room should not read. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define NAME_SIZE 40 /* bytes with the terminating zero, at most */

/* "Calm Otter"; from number 4,096 on with a count behind it: "Calm Otter 2". ASCII letters, digits and spaces only. */
void name_write(char name[NAME_SIZE], uint64_t seed, uint32_t number);
