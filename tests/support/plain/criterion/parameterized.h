/* tests/support/plain/criterion/parameterized.h: nothing of it is used. */
#pragma once
#include "criterion.h"
