#include "common/config/yaml.h"
#include "common/memory.h"
#include "common/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct ump_yaml document;
static struct ump_error error;

static int parse(const char *text)
{
	return ump_yaml_parse(text, strlen(text), "rules.yaml", &document, &error);
}

TestSuite(yaml, .timeout = 60);

Test(yaml, a_tree_that_knows_its_lines)
{
	cr_assert_eq(parse("# comment\nname: Ada\nrules:\n  - a\n  - 'b'\n  - {x: 1, y: \"\"}\nempty:\nblock: |\n  two\n  lines\n"), 0,
		     "%s", error.text);
	const struct ump_yaml_node *root = &document.root;
	cr_assert_eq(root->type, UMP_YAML_MAPPING);
	cr_assert_null(root->key);
	cr_assert_eq(root->count, 4);
	const struct ump_yaml_node *name = ump_yaml_find(root, "name"), *rules = ump_yaml_find(root, "rules");
	cr_assert_str_eq(name->scalar, "Ada");
	cr_assert_eq(name->line, 2);
	cr_assert_not(name->quoted);
	cr_assert_eq(rules->type, UMP_YAML_SEQUENCE);
	cr_assert_eq(rules->count, 3);
	cr_assert_null(rules->children[0].key);
	cr_assert(rules->children[1].quoted);
	cr_assert_eq(rules->children[2].line, 6);
	cr_assert_str_eq(ump_yaml_find(&rules->children[2], "x")->scalar, "1");
	cr_assert(ump_yaml_find(&rules->children[2], "y")->quoted);
	cr_assert_str_eq(ump_yaml_find(root, "empty")->scalar, "");
	cr_assert_eq(ump_yaml_find(root, "empty")->line, 7);
	cr_assert_str_eq(ump_yaml_find(root, "block")->scalar, "two\nlines\n");
	cr_assert_null(ump_yaml_find(root, "nobody"));
	cr_assert_null(ump_yaml_find(rules, "a"), "a sequence has no keys");
	cr_assert_str_eq(document.name, "rules.yaml");
	ump_yaml_release(&document);
}

Test(yaml, other_roots_and_none)
{
	cr_assert_eq(parse("- a\n"), 0);
	cr_assert_eq(document.root.type, UMP_YAML_SEQUENCE);
	ump_yaml_release(&document);
	cr_assert_eq(parse("only\n"), 0);
	cr_assert_eq(document.root.type, UMP_YAML_SCALAR);
	ump_yaml_release(&document);
	cr_assert_eq(parse("# nothing\n"), 0);
	cr_assert(document.root.type == UMP_YAML_MAPPING && document.root.count == 0);
	ump_yaml_release(&document);
}

Test(yaml, what_is_refused)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"a: 1\nb: *x\n", "rules.yaml:2: aliases are not supported"},
		{"a: 1\nb: &x 1\n", "rules.yaml:2: anchors are not supported"},
		{"&x\na: 1\n", "rules.yaml:1: anchors are not supported"},
		{"a: &x [1]\n", "anchors are not supported"},
		{"a: !!int 1\n", "rules.yaml:1: tags are not supported"},
		{"a: !x [1]\n", "tags are not supported"},
		{"a: !x {b: 1}\n", "tags are not supported"},
		{"%TAG ! tag:x,2000:\n---\na: 1\n", "tags are not supported"},
		{"a: 1\nb: 2\na: 3\n", "rules.yaml:3: a: is there twice"},
		{"x:\n  a: 1\n  'a': 3\n", "rules.yaml:3: a: is there twice"},
		{"a: 1\n---\nb: 2\n", "rules.yaml:2: expected one document"},
		{"[a]: 1\n", "rules.yaml:1: expected a name before the colon"},
		{"{a: 1}: 1\n", "expected a name before the colon"},
		{"a: 1\nb: [1\n", "rules.yaml:3: "},
		{"a: \"\\0\"\n", "rules.yaml:1: expected UTF-8 text without zero bytes"},
		{"a: 1\nb: \xFF\n", "rules.yaml:2: "},
		{"a: \x01\n", "rules.yaml:1: "},
		{"\ta: 1\n", "rules.yaml:1: "},
		{"a: b: c\n", "rules.yaml:1: "},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ump_yaml before = document;
		cr_expect_eq(parse(cases[i].text), -1, "case %zu", i);
		cr_expect_eq(error.kind, UMP_REJECT);
		cr_expect(strstr(error.text, cases[i].expected), "case %zu: %s", i, error.text);
		cr_expect_eq(memcmp(&before, &document, sizeof before), 0, "the result is not touched");
	}
}

/* `depth` sequences in each other, then `tail`. */
static char *nested(size_t depth, const char *tail)
{
	char *text = ump_allocate(depth + strlen(tail) + 1, 1);
	memset(text, '[', depth);
	strcpy(text + depth, tail);
	return text;
}

Test(yaml, sixteen_levels_and_no_more)
{
	ump_cleanup_free char *good = nested(16, "]]]]]]]]]]]]]]]]");
	cr_assert_eq(parse(good), 0, "%s", error.text);
	ump_yaml_release(&document);
	ump_cleanup_free char *scalar = nested(16, "x]]]]]]]]]]]]]]]]");
	cr_assert_eq(parse(scalar), -1);
	ump_cleanup_free char *bad = nested(17, "]]]]]]]]]]]]]]]]]");
	cr_assert_eq(parse(bad), -1);
	cr_assert(strstr(error.text, "nested deeper than 16"), "%s", error.text);
}

Test(yaml, sixty_four_kibibytes_and_no_more)
{
	char *text = ump_allocate(65537, 1);
	memset(text, '#', 65537);
	cr_assert_eq(ump_yaml_parse(text, 65536, "x", &document, &error), 0);
	ump_yaml_release(&document);
	cr_assert_eq(ump_yaml_parse(text, 65537, "x", &document, &error), -1);
	cr_assert_str_eq(error.text, "x: is larger than 64 KiB");
	free(text);
}

Test(yaml, hostile_files_of_the_largest_size_are_done_with_soon)
{
	/* Seconds of processor time, generous: quadratic behaviour on such a file took minutes where there is no cap. */
	static const char *const units[] = {"[", "{", "- ", "? ", "a: [", "\"", "!", "&a ", "[]", "{a:[", "-\n"};
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t size = strlen(units[i]), count = 65536 / size;
		char *text = ump_allocate(count * size + 1, 1);
		for (size_t j = 0; j < count; j++)
			memcpy(text + j * size, units[i], size);
		clock_t start = clock();
		if (ump_yaml_parse(text, count * size, "x", &document, &error) == 0)
			ump_yaml_release(&document);
		cr_expect_lt((double)(clock() - start) / CLOCKS_PER_SEC, 10, "%s", units[i]);
		free(text);
	}
}

Test(yaml, files)
{
	char path[] = "/tmp/umpire-yaml-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	fputs("a: 1\n", file);
	fclose(file);
	cr_assert_eq(ump_yaml_load(path, &document, &error), 0, "%s", error.text);
	cr_assert_str_eq(document.name, path);
	ump_yaml_release(&document);
	remove(path);
	cr_assert_eq(ump_yaml_load(path, &document, &error), -1);
	cr_assert(strstr(error.text, "cannot be opened: No such file or directory"));
	cr_assert_eq(ump_yaml_load("/tmp", &document, &error), -1);
	cr_assert_str_eq(error.text, "/tmp: cannot be read: Is a directory");
	cr_assert_eq(ump_yaml_load("/dev/zero", &document, &error), -1);
	cr_assert_str_eq(error.text, "/dev/zero: is larger than 64 KiB");
}

Test(yaml, errors_of_the_reader_name_line_and_key)
{
	static const char *const known[] = {"threshold", "window", NULL};
	cr_assert_eq(parse("threshold: 1\n\nwindo: 2\n"), 0);
	const struct ump_yaml_node *node = ump_yaml_find(&document.root, "threshold");
	cr_assert_eq(ump_yaml_fail(&document, node, &error, "expected %s, found \"%s\"", "more", node->scalar), -1);
	cr_assert_str_eq(error.text, "rules.yaml:1: threshold: expected more, found \"1\"");
	cr_assert_eq(ump_yaml_fail(&document, &document.root, &error, "is wrong"), -1);
	cr_assert_str_eq(error.text, "rules.yaml:1: is wrong");
	cr_assert_eq(ump_yaml_only(&document, &document.root, known, &error), -1);
	cr_assert_str_eq(error.text, "rules.yaml:3: windo: unknown key; did you mean \"window\"?");
	ump_yaml_release(&document);
	cr_assert_eq(parse("threshold: 1\nwindow: 2\n"), 0);
	cr_assert_eq(ump_yaml_only(&document, &document.root, known, &error), 0);
	ump_yaml_release(&document);
}
