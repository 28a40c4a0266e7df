# The front door. Everything behind it is Meson, or a script in a folder that says what it is for.
#
# GNU Make 3.81 and bash 3.2 are enough up to the point where the build runs (macOS): see deploy/laptop/enter.

BUILD ?= build
SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help
help: ## What can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
