/* common/config/options.h: a program's settings, from one table.
 *
 * From the table come the flags, the environment's variables, the YAML file's keys, --help, --print-config, the man page and the reference.
 * For each option the first of these that gives it wins: the flag (the last one, where it is given twice), the variable <PREFIX>_<NAME>,
 * the further variables in their order, the file, the default. Wrong input is an error that names the place (flag, variable, or file and
 * line), what was found and what was expected; an unknown name is one that names the nearest known. A wrong value is an error also where a
 * stronger source replaces it. An empty variable counts as one that is not set. */
#pragma once
#include "common/error.h"
#include "common/telemetry/metrics.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Of what type the member is that an option fills, and how its value is written. */
enum ump_option_type {
	UMP_OPTION_SWITCH,   /* bool: --name, --name=true|false, --no-name */
	UMP_OPTION_STRING,   /* char *, NULL where it is not given and has no default */
	UMP_OPTION_INTEGER,  /* int64_t */
	UMP_OPTION_NUMBER,   /* double */
	UMP_OPTION_DURATION, /* int64_t microseconds: ISO 8601 (PT0.5S, P1DT2H), or a number with us, ms, s, m, h or d */
	UMP_OPTION_SIZE,     /* int64_t bytes: a number, or one with KiB, MiB, GiB */
	UMP_OPTION_CHOICE,   /* int: the index in `choices` */
	UMP_OPTION_LIST,     /* struct ump_list: repeated flags; commas, where "\," is one within an item; a YAML sequence, whose items may
				have commas; or a YAML mapping of texts, which gives items name=value */
	UMP_OPTION_TREE /* struct ump_yaml *, NULL where it is not given: YAML of whatever shape, which the program reads by itself; as a
			   flag or variable on one line, as JSON is */
};

struct ump_list {
	char **items; /* terminated */
	size_t count;
};

struct ump_option {
	const char *name;      /* of the flag and the YAML key: lower case, with hyphens */
	const char *variables; /* further environment variables, separated by spaces, or NULL */
	enum ump_option_type type;
	size_t offset;            /* of the member in its group's structure */
	const char *fallback;     /* the default, as one would write it, or NULL */
	const char *choices;      /* "partition|key|none" */
	int64_t minimum, maximum; /* of integers, numbers, durations and sizes; both 0: from 0 upward */
	const char *value;        /* how the value is called in --help: "URL" */
	const char *help;         /* one sentence, no full stop; what, unit, what for */
	bool secret;              /* never printed, not even in errors; refused as a flag's value */
};

/* Options that belong together: a heading in --help, and the place of their structure inside the program's configuration. */
struct ump_option_group {
	const char *title;
	const struct ump_option *options;
	size_t count;
	size_t offset;
};

struct ump_command {
	const char *name; /* the first argument: "verify" */
	const char *help;
};

struct ump_program {
	const char *name;    /* "source-adapter" */
	const char *prefix;  /* "ADAPTER": of its variables */
	const char *summary; /* one sentence */
	const struct ump_option_group *groups;
	size_t group_count;
	const struct ump_command *commands; /* none: NULL */
	size_t command_count;
	const char *examples; /* lines shown at the end of --help */

	/* The table of metrics, for the reference page; the count by a pointer, as a table of another file knows it at link time only.
	 * NULL: none. */
	const struct ump_metric *metrics;
	const size_t *metric_count;

	/* Combinations that cannot be: called with the filled configuration, also for --check-config. Where a value is at fault, let the
	 * text name it by ump_config_place(). NULL: none. */
	int (*check)(void *config, struct ump_error *error);
};

/* Where the value of an option came from, as a person would look for it: "--sink", "K_SINK", "adapter.yaml:3: sink", "default of --sink".
 * Valid until the next call. The table of places belongs to the latest ump_config_load() of this process. */
const char *ump_config_place(const char *option);
bool ump_config_given(const char *option); /* by anything but the default, which a file may repeat */

/* The name of the command that the latest ump_config_load() was given, also for its `check`; or NULL. */
const char *ump_config_command(void);

enum { UMP_CONFIG_RUN = -1 };

/* Fills `config`, which must be zeroed, and `*ret_command` with the command's index or -1. Handles --help, --version, --check-config and
 * --print-config (to `out`) and errors (to `err`) itself; --help=man and --help=markdown write the pages. Returns UMP_CONFIG_RUN; or, with
 * nothing to release, the status to exit with: 0, 64 (EX_USAGE) for the command line, 78 (EX_CONFIG) for the environment, the file and what
 * `check` refuses. */
int ump_config_load(const struct ump_program *program, int argc, char *const *argv, char *const *environment, void *config,
		    int *ret_command, FILE *out, FILE *err);

/* Frees what ump_config_load() put into `config`. */
void ump_config_release(const struct ump_program *program, void *config);

/* The parsers behind the types, for files with settings of their own (rules, scenarios). */
int ump_parse_duration(const char *text, int64_t *ret_us, struct ump_error *error);
int ump_parse_size(const char *text, int64_t *ret_bytes, struct ump_error *error);

/* The nearest of `count` known names, or NULL where none is near: for "did you mean". */
const char *ump_nearest(const char *name, const char *const *known, size_t count);

/* The man page (roff) and the reference page (Markdown) of a program. */
void ump_config_write_man(const struct ump_program *program, FILE *out);
void ump_config_write_markdown(const struct ump_program *program, FILE *out);
