#include "tests/bench/measure.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct histogram histogram;

Test(measure, shares_are_right_to_two_percent)
{
	/* Of 1, 2, …, n each once, the share s is s*n. */
	enum { LARGEST = 200000 };
	static const double shares[] = {0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
	for (int64_t i = 1; i <= LARGEST; i++)
		histogram_add(&histogram, i);
	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
		double found = (double)histogram_share(&histogram, shares[i]);
		cr_expect(found <= shares[i] * LARGEST && found >= shares[i] * LARGEST * 0.984 - 1, "%g: %g", shares[i], found);
	}
	cr_expect_eq(histogram.total, LARGEST);
	cr_expect_eq(histogram.largest, LARGEST);
}

Test(measure, small_times_are_exact_and_none_is_0)
{
	cr_expect_eq(histogram_share(&histogram, 0.5), 0);
	for (int64_t i = 0; i < 128; i++) {
		histogram = (struct histogram){0};
		histogram_add(&histogram, i);
		cr_expect_eq(histogram_share(&histogram, 0.5), i);
	}
}

Test(measure, what_is_out_of_range_counts_at_its_ends)
{
	histogram_add(&histogram, -5);
	histogram_add(&histogram, INT64_MAX);
	cr_expect_eq(histogram_share(&histogram, 0.5), 0);
	cr_expect_gt(histogram_share(&histogram, 1), INT64_C(1) << 39);
}
