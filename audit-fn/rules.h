/* audit-fn/rules.h: what is forbidden: the rules file, and the presets that stand in for it.
 *
 *   rules:
 *     - preset: hits                 # or shipwars; a threshold beside it replaces the preset's
 *     - name: hits-a-minute
 *       types: [game.hits]
 *       kind: sum                    # value (one event's value; the default), sum or count (over a window)
 *       value: /hits                 # JSON pointer into the event's data; not for count
 *       player: [/player, subject]   # JSON pointers or names of attributes: the first that is there
 *       match: /match                # JSON pointer, shown in the verdict of a value rule; optional
 *       threshold: 100               # more than this is cheating
 *       window: {size: 1m, step: 10s, lateness: 30s}
 *
 * Rules are immutable once loaded. Pure, but for the reading of the file. */
#pragma once
#include "audit-fn/window.h"
#include "common/error.h"
#include "common/text.h"
#include <stdbool.h>
#include <stdint.h>

#define RULES_MAX          64                        /* rules in a file */
#define RULES_TYPES_MAX    32                        /* event types of a rule */
#define RULES_PLAYERS_MAX  4                         /* places to look for the player */
#define RULES_NAME_MAX     64                        /* bytes of a rule's name */
#define RULES_WINDOWED_MAX 1000                      /* threshold of a rule over a window: it bounds the state */
#define RULES_WHOLE_MAX    INT64_C(9007199254740991) /* 2^53 - 1 */

enum rule_kind { RULE_VALUE, RULE_SUM, RULE_COUNT };

struct rule {
	char *name;
	enum rule_kind kind;
	char *types[RULES_TYPES_MAX];
	size_t type_count;
	char *value;                      /* JSON pointer; NULL: count */
	char *players[RULES_PLAYERS_MAX]; /* with '/' at the start: a JSON pointer, else the name of an attribute */
	size_t player_count;
	char *match; /* JSON pointer, or NULL */
	uint64_t threshold;
	struct window window; /* of sum and count; else zero */
};

struct rules {
	struct rule *list; /* in the order of the file: the first that fires gives the verdict */
	size_t count;
	bool windowed;  /* some rule has state */
	char *revision; /* hexadecimal SHA-256 of the file; of what the presets say where there is no file */
};

/* Loads `path`, or with NULL the presets `hits` and `shipwars`. `threshold` of 0 and more replaces that of every preset; -1 leaves them.
 * Errors read 'rules.yaml:7: threshold: expected an integer from 0 to 9007199254740991, found "ten"'. */
int rules_load(struct rules **ret_rules, const char *path, int64_t threshold, struct ump_error *error);

/* The same from memory; `name` stands for the file in errors. */
int rules_parse(struct rules **ret_rules, struct ump_text content, const char *name, int64_t threshold, struct ump_error *error);
void rules_free(struct rules *rules); /* accepts NULL */

bool rule_applies(const struct rule *rule, struct ump_text event_type);
const char *rule_kind_name(enum rule_kind kind);
