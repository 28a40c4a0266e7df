/* provider/provider.h: wires the parts of a running event-provider, and decides nothing that they could. */
#pragma once
#include "common/loop/loop.h"
#include "provider/configuration.h"

struct provider;

int provider_new(struct provider **ret_provider, struct ump_loop *loop, const struct provider_config *config, struct ump_error *error);
void provider_free(struct provider *provider); /* accepts NULL */
