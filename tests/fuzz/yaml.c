/* Any file: a tree within its caps, or an error with the file's name. */
#include "common/config/yaml.h"
#include "tests/fuzz/fuzz.h"

static void walk(const struct ump_yaml_node *node, unsigned depth)
{
	must(depth <= 16 && node->line >= 1);
	must(node->type != UMP_YAML_SCALAR || (node->scalar && node->count == 0));
	for (size_t i = 0; i < node->count; i++) {
		const struct ump_yaml_node *child = &node->children[i];
		must((child->key != NULL) == (node->type == UMP_YAML_MAPPING));
		must(!child->key || ump_yaml_find(node, child->key) == child); /* no name twice */
		walk(child, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ump_yaml document;
	struct ump_error error;
	if (ump_yaml_parse((const char *)bytes, size, "f.yaml", &document, &error) == 0) {
		walk(&document.root, 1);
		ump_yaml_release(&document);
	} else {
		must(strncmp(error.text, "f.yaml:", 7) == 0);
	}
	return 0;
}
