/* tests/vectors/types.h: the names of attribute types in cases. */
#pragma once
#include "common/cloudevents/event.h"

enum ump_attribute_type type_named(const char *name);
