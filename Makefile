# The front door. Everything behind it is Meson, or a script in a folder that says what it is for.
#
# GNU Make 3.81 and bash 3.2 are enough up to the point where the build runs. Without apt-get (macOS, Fedora) the same targets run in a
# Debian container of this checkout: deploy/laptop/enter.

BUILD ?= build
SHELL := /bin/bash
.DEFAULT_GOAL := help

export BUILD

DEMO_PURPOSES := $(if $(filter apache,$(KAFKA)),apache)

.PHONY: help demo build check test asan tsan manifests bench faults soak fuzz image workshop deploy deploy-platform undeploy doctor clean
help: ## What can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2} /^#: / {print substr($$0, 4)}' $(MAKEFILE_LIST)

ifneq ($(shell command -v apt-get 2>&1),)

SETUP := deploy/laptop/setup

demo: ## Builds and runs everything on this machine, until Ctrl-C
	@$(SETUP) build $(DEMO_PURPOSES)
	@[[ -f $(BUILD)/build.ninja ]] || meson setup $(BUILD)
	@ninja -C $(BUILD)
	@[[ '$(KAFKA)' != apache ]] || deploy/laptop/apache-kafka/kafka fetch
	@exec $(BUILD)/deploy/laptop/demo

build: ## Installs what the build needs, and builds into BUILD (build)
	@$(SETUP) build
	@[[ -f $(BUILD)/build.ninja ]] || meson setup $(BUILD)
	@ninja -C $(BUILD)

# A build folder made before Criterion was there has no tests: ask for them once.
$(BUILD)/with-tests:
	@$(SETUP) build check
	@if [[ -f $(BUILD)/build.ninja ]]; then meson setup --reconfigure -Dtests=enabled $(BUILD); else meson setup -Dtests=enabled $(BUILD); fi
	@touch $@

check: $(BUILD)/with-tests ## Build, unit tests, and tests of the programs on the embedded broker: before every commit
	@$(SETUP) build check
	@ninja -C $(BUILD)
	@tests/run check

test: $(BUILD)/with-tests ## All tests: those of check, real Apache Kafka, set-up, containers
	@$(SETUP) build check apache test
	@ninja -C $(BUILD)
	@tests/run test

asan: ## The tests of check under AddressSanitizer and UndefinedBehaviorSanitizer, in BUILD-asan
	@$(SETUP) build check
	@tests/sanitized address,undefined $(BUILD)-asan

tsan: ## Unit tests, and those of the programs that have threads of their own, under ThreadSanitizer, in BUILD-tsan
	@$(SETUP) build check
	@tests/sanitized thread $(BUILD)-tsan

manifests: $(BUILD)/with-tests ## Renders every overlay with every pattern and checks the objects, without a cluster
	@$(SETUP) build check test
	@ninja -C $(BUILD)
	@tests/run test --only manifests

bench: $(BUILD)/with-tests ## Measures the adapter beside its floors on real Apache Kafka, the function beside its own, and what browsers cost the board; QUICK=1 in a minute or two
	@$(SETUP) apache test
	@tests/bench/run $(if $(QUICK),,--document)
	@BUILD=$(BUILD) tests/bench/audit $(if $(QUICK),--rounds 1 --seconds 2,--document)
	@BUILD=$(BUILD) tests/bench/pages $(if $(QUICK),--seconds 3)

faults: $(BUILD)/with-tests ## Breaks what the adapter depends on for SECONDS (600), from SEED, and checks that nothing is lost
	@$(SETUP) build check apache
	@ninja -C $(BUILD)
	@tests/faults/run --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED)) $(if $(SCENARIO),--scenario $(SCENARIO))

soak: $(BUILD)/with-tests ## Sends audit-fn five million requests, valid, malformed and hostile: some ten minutes
	@$(SETUP) build check test
	@BUILD=$(BUILD) tests/soak/run $(REQUESTS)

reference: $(BUILD)/with-tests ## Writes docs/reference from the programs' own tables
	@ninja -C $(BUILD)
	@for page in docs/reference/*.md; do program=$$(basename $$page .md); $(BUILD)/*/$$program --help=markdown >$$page; done

fuzz: ## Gives parsers made-up input under the sanitizers, SECONDS (60) for each
	@$(SETUP) build ci
	@tests/fuzz/run $(or $(SECONDS),60)

else

demo:
	@exec deploy/laptop/enter $@ $(DEMO_PURPOSES)

build:
	@exec deploy/laptop/enter $@

check asan tsan:
	@exec deploy/laptop/enter $@ check

bench faults:
	@exec deploy/laptop/enter $@ check apache

fuzz:
	@exec deploy/laptop/enter $@ ci

test soak manifests:
	@exec deploy/laptop/enter $@ check apache test

endif

OVERLAY ?= kind
PATTERN ?= source-to-sink

image: ## Builds the images and brings them to OVERLAY's cluster, or to REGISTRY
	@deploy/bin/image $(OVERLAY) $(NAMESPACE)

deploy: ## Brings a cluster to run PATTERN on OVERLAY: images, operators where they are missing, then the rest
	@[[ '$(IMAGES)' = no ]] || deploy/bin/image $(OVERLAY) $(NAMESPACE)
	@deploy/bin/deploy $(OVERLAY) $(PATTERN) $(NAMESPACE)

workshop: ## Prepares rooms for ATTENDEES in the instructor's cluster: by an admin, when openshift-dedicated is deployed
	@deploy/bin/workshop $(ATTENDEES)

deploy-platform: ## Installs the operators that OVERLAY needs: once, by an admin
	@deploy/bin/deploy --platform $(OVERLAY) $(NAMESPACE)

undeploy: ## Takes away what deploy brought, the platform excepted
	@deploy/bin/undeploy $(OVERLAY) $(PATTERN) $(NAMESPACE)

doctor: ## What is missing for deploying, with what to do about it
	@deploy/bin/doctor $(OVERLAY) $(PATTERN) $(NAMESPACE)

clean: ## Removes BUILD and the sanitizers' build folders
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz

#:
#: For demo:
#:   KAFKA=embedded      which Kafka: embedded, apache (a real one, started here), or HOST:PORT[,...] (yours)
#:   PORT=8080           the board's port; two demos run beside each other with two ports
#:   LAN=1               the board listens on all interfaces, for phones
#:   DURATION=20         makes hits for 20 s, compares what was audited with what was sent, and ends: 0 only when all is as it should be
#:   RATE=500 SEED=7     hits a second, and which
#: For all:
#:   BUILD=folder        where to build (build)
#:   YES=1               packages are installed without asking
#:
#: For faults:
#:   SECONDS=600 SEED=n       how long, and which walk over the scenarios: the same again with the same seed
#:   SCENARIO=name            this one only (tests/faults/run --list)
#: For image, deploy, undeploy and doctor:
#:   OVERLAY=kind             the target: a folder of deploy/overlays
#:   PATTERN=source-to-sink   how events flow: a folder of deploy/patterns
#:   NAMESPACE=umpire         where
#:   REGISTRY=host/name       images are pushed there, and pulled from there by their digests
#:   IMAGES=no                deploy leaves the images alone
#:   WITH='keda monitoring'   extras beside the pattern: folders of deploy/extras
