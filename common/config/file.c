/* common/config/file.c: the YAML file. */
#include "common/config/settings.h"
#include "common/config/yaml.h"
#include "common/memory.h"

#include <stdlib.h>

static int give_sequence(struct ump_setting *setting, const char *place, const struct ump_yaml *document, const struct ump_yaml_node *node,
			 struct ump_error *error)
{
	ump_cleanup_free char **items = ump_allocate(node->count, sizeof(char *));
	int result = 0;
	size_t count = 0;
	for (; count < node->count && result == 0; count++) {
		const struct ump_yaml_node *child = &node->children[count];
		if (child->type != UMP_YAML_SCALAR)
			result = ump_yaml_fail(document, child, error, "expected a text");
		else /* of a mapping: name=value, as a flag would say it */
			items[count] = ump_format("%s%s%s", child->key ? child->key : "", child->key ? "=" : "", child->scalar);
	}
	if (result == 0)
		result = ump_setting_give_items(setting, UMP_FROM_FILE, place, (const char *const *)items, count, error);
	for (size_t i = 0; i < count; i++)
		free(items[i]);
	return result;
}

static int give_node(struct ump_setting *setting, struct ump_yaml *document, struct ump_yaml_node *node, struct ump_error *error)
{
	const struct ump_option *option = setting->option;
	ump_cleanup_free char *place = ump_format("%s:%u: %s", document->name, node->line, node->key);
	bool words = option->type == UMP_OPTION_STRING || option->type == UMP_OPTION_LIST || option->type == UMP_OPTION_CHOICE ||
		     option->type == UMP_OPTION_DURATION || option->type == UMP_OPTION_SIZE;

	if (node->type != UMP_YAML_SCALAR && option->type == UMP_OPTION_TREE) {
		struct ump_yaml tree = ump_yaml_take(document, node);
		ump_setting_give_tree(setting, UMP_FROM_FILE, place, &tree);
		return 0;
	}
	if (node->type != UMP_YAML_SCALAR && option->type == UMP_OPTION_LIST)
		return give_sequence(setting, place, document, node, error);
	if (node->type != UMP_YAML_SCALAR)
		return ump_yaml_fail(document, node, error, "expected one value, found %s",
				     node->type == UMP_YAML_SEQUENCE ? "a sequence" : "a mapping");
	if (!node->quoted && (!*node->scalar || strcmp(node->scalar, "~") == 0 || strcmp(node->scalar, "null") == 0))
		return ump_yaml_fail(document, node, error, "expected %s, found nothing", ump_option_value_name(option));
	if (node->quoted && !words)
		return ump_yaml_fail(document, node, error, "expected %s, found a text in quotes", ump_option_value_name(option));
	return ump_setting_give(setting, UMP_FROM_FILE, place, node->scalar, error);
}

int ump_settings_read_file(struct ump_settings *settings, const char *path, struct ump_error *error)
{
	ump_cleanup(ump_yaml_release) struct ump_yaml document = {0};
	ump_cleanup_free const char **known = ump_allocate(settings->count + 1, sizeof(char *));
	for (size_t i = 0; i < settings->count; i++)
		known[i] = settings->rows[i].option->name;
	if (ump_yaml_load(path, &document, error) < 0)
		return -1;
	struct ump_yaml_node *root = &document.root;
	if (root->type == UMP_YAML_SCALAR && !*root->scalar)
		return 0; /* "---" and comments */
	if (root->type != UMP_YAML_MAPPING)
		return ump_yaml_fail(&document, root, error, "expected names and values, such as \"%s: …\"", known[0] ? known[0] : "name");
	if (ump_yaml_only(&document, root, known, error) < 0)
		return -1;
	for (size_t i = 0; i < root->count; i++)
		if (give_node(ump_settings_find(settings, ump_text(root->children[i].key)), &document, &root->children[i], error) < 0)
			return -1;
	return 0;
}
