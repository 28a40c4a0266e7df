/* common/config/settings.h: the options of a program with the place that each value came from. Private to the configuration. */
#pragma once
#include "common/buffer.h"
#include "common/config/options.h"
#include "common/config/yaml.h"
#include "common/text.h"

/* Who wins: the later. */
enum ump_source { UMP_FROM_NOTHING, UMP_FROM_DEFAULT, UMP_FROM_FILE, UMP_FROM_VARIABLE, UMP_FROM_FLAG };

struct ump_setting {
	const struct ump_option *option;
	const struct ump_option_group *group;
	char *variable; /* <PREFIX>_<NAME> */
	void *member;
	enum ump_source source;
	char *place;
};

struct ump_settings {
	const struct ump_program *program;
	struct ump_setting *rows;
	size_t count;
};

/* Rows for all options of the program; their members are in `config`, which may be NULL where no value is set. */
void ump_settings_init(struct ump_settings *settings, const struct ump_program *program, void *config);
void ump_settings_release(struct ump_settings *settings);

struct ump_setting *ump_settings_find(const struct ump_settings *settings, struct ump_text name);

/* Give the value, which came from `place`. Errors start with the place. Of a list, flags add to what flags gave; else the later replaces.
 * What a file gives that is the default is not given: so a file that has all there is, as --print-config writes it, says nothing more than
 * what was said before. */
int ump_setting_give(struct ump_setting *setting, enum ump_source source, const char *place, const char *text, struct ump_error *error);
int ump_setting_give_items(struct ump_setting *setting, enum ump_source source, const char *place, const char *const *items, size_t count,
			   struct ump_error *error);

/* Moves the tree into the member. */
void ump_setting_give_tree(struct ump_setting *setting, enum ump_source source, const char *place, struct ump_yaml *tree);

/* The value, as a file would have it. */
void ump_setting_print(struct ump_buffer *out, const struct ump_setting *setting);

/* Frees what the member holds. */
void ump_setting_clear(struct ump_setting *setting);

/* "SINK" in what is written about an option: of its own, or by its type. */
const char *ump_option_value_name(const struct ump_option *option);

/* What the command line says beside the options of the table. */
struct ump_request {
	const char *file;
	bool check_only, print_only;
	int command;      /* -1: none */
	int first_status; /* the status to end with, where the end is reached already; else UMP_CONFIG_RUN */
};

/* The sources: command line (arguments.c), environment and file. The command line is read twice: with `give` false for what has to be known
 * first, then for the values. */
int ump_settings_read_arguments(struct ump_settings *settings, int argc, char *const *argv, bool give, struct ump_request *request,
				FILE *out, struct ump_error *error);
int ump_settings_read_environment(struct ump_settings *settings, char *const *environment, struct ump_error *error);
int ump_settings_read_file(struct ump_settings *settings, const char *path, struct ump_error *error);

/* A variable's value; NULL also where it is empty: manifests often set what they leave open to "". */
const char *ump_variable(char *const *environment, struct ump_text name);

/* --help, --print-config; common/config/help.c and print.c. */
void ump_settings_help(const struct ump_settings *settings, FILE *out);
void ump_settings_print(const struct ump_settings *settings, FILE *out);

/* The options that every program has beside its table, for the pages. */
struct ump_common_option {
	const char *flag, *help;
};
extern const struct ump_common_option ump_common_options[];
extern const size_t ump_common_option_count;
