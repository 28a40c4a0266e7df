/* tests/support/plain/criterion/criterion.h: as much of Criterion as the unit tests use, for ThreadSanitizer.
 *
 * Criterion runs each test in a process that maps the parent's memory at the same addresses, which the sanitizer's own mapping does not
 * allow: no test starts. This header stands in for it, unchanged tests included: plain.c has a main() that forks for each test. */
#pragma once
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As in a system's header, where the compiler does not mind. */
#pragma GCC diagnostic ignored "-Wsign-compare"

struct plain_test {
	const char *suite, *name; /* a suite's own settings have no name */
	void (*run)(void);
	void (*init)(void), (*fini)(void);
	double timeout; /* seconds; 0: the usual one */
	int signal;     /* that the test has to end by */
	struct plain_test *next;
};

void plain_register(struct plain_test *test);

/* Prints a failure; a fatal one ends the test. */
void plain_check(bool fatal, bool holds, const char *file, int line, const char *what, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
_Noreturn void plain_skip(const char *reason);

#define PLAIN_REGISTER(variable)                                                 \
	static void __attribute__((constructor)) plain_register_##variable(void) \
	{                                                                        \
		plain_register(&variable);                                       \
	}

#define TestSuite(the_suite, ...)                                                          \
	static struct plain_test plain_##the_suite = {.suite = #the_suite, ##__VA_ARGS__}; \
	PLAIN_REGISTER(plain_##the_suite)                                                  \
	struct plain_test

#define Test(the_suite, the_name, ...)                                                                             \
	static void plain_run_##the_suite##_##the_name(void);                                                      \
	static struct plain_test plain_##the_suite##_##the_name = {                                                \
		.suite = #the_suite, .name = #the_name, .run = plain_run_##the_suite##_##the_name, ##__VA_ARGS__}; \
	PLAIN_REGISTER(plain_##the_suite##_##the_name)                                                             \
	static void plain_run_##the_suite##_##the_name(void)

#define PLAIN_CHECK(fatal, condition, what, ...) plain_check(fatal, condition, __FILE__, __LINE__, what, " " __VA_ARGS__)

#define cr_assert(condition, ...)                PLAIN_CHECK(true, (condition), #condition, ##__VA_ARGS__)
#define cr_expect(condition, ...)                PLAIN_CHECK(false, (condition), #condition, ##__VA_ARGS__)
#define cr_assert_not(condition, ...)            PLAIN_CHECK(true, !(condition), "not " #condition, ##__VA_ARGS__)
#define cr_expect_not(condition, ...)            PLAIN_CHECK(false, !(condition), "not " #condition, ##__VA_ARGS__)
#define cr_assert_null(pointer, ...)             PLAIN_CHECK(true, (pointer) == NULL, #pointer " is NULL", ##__VA_ARGS__)
#define cr_expect_null(pointer, ...)             PLAIN_CHECK(false, (pointer) == NULL, #pointer " is NULL", ##__VA_ARGS__)
#define cr_assert_not_null(pointer, ...)         PLAIN_CHECK(true, (pointer) != NULL, #pointer " is not NULL", ##__VA_ARGS__)
#define cr_assert_eq(left, right, ...)           PLAIN_CHECK(true, (left) == (right), #left " == " #right, ##__VA_ARGS__)
#define cr_expect_eq(left, right, ...)           PLAIN_CHECK(false, (left) == (right), #left " == " #right, ##__VA_ARGS__)
#define cr_assert_neq(left, right, ...)          PLAIN_CHECK(true, (left) != (right), #left " != " #right, ##__VA_ARGS__)
#define cr_expect_neq(left, right, ...)          PLAIN_CHECK(false, (left) != (right), #left " != " #right, ##__VA_ARGS__)
#define cr_assert_lt(left, right, ...)           PLAIN_CHECK(true, (left) < (right), #left " < " #right, ##__VA_ARGS__)
#define cr_expect_lt(left, right, ...)           PLAIN_CHECK(false, (left) < (right), #left " < " #right, ##__VA_ARGS__)
#define cr_assert_leq(left, right, ...)          PLAIN_CHECK(true, (left) <= (right), #left " <= " #right, ##__VA_ARGS__)
#define cr_expect_leq(left, right, ...)          PLAIN_CHECK(false, (left) <= (right), #left " <= " #right, ##__VA_ARGS__)
#define cr_assert_gt(left, right, ...)           PLAIN_CHECK(true, (left) > (right), #left " > " #right, ##__VA_ARGS__)
#define cr_expect_gt(left, right, ...)           PLAIN_CHECK(false, (left) > (right), #left " > " #right, ##__VA_ARGS__)
#define cr_assert_geq(left, right, ...)          PLAIN_CHECK(true, (left) >= (right), #left " >= " #right, ##__VA_ARGS__)
#define cr_expect_geq(left, right, ...)          PLAIN_CHECK(false, (left) >= (right), #left " >= " #right, ##__VA_ARGS__)
#define cr_assert_str_eq(left, right, ...)       PLAIN_CHECK(true, strcmp(left, right) == 0, #left " is " #right, ##__VA_ARGS__)
#define cr_expect_str_eq(left, right, ...)       PLAIN_CHECK(false, strcmp(left, right) == 0, #left " is " #right, ##__VA_ARGS__)
#define cr_assert_float_eq(left, right, by, ...) PLAIN_CHECK(true, fabs((left) - (right)) <= (by), #left " is near " #right, ##__VA_ARGS__)
#define cr_assert_fail(...)                      PLAIN_CHECK(true, false, "reached", ##__VA_ARGS__)
#define cr_skip_test(reason)                     plain_skip(reason)
