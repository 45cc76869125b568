# Every target prepares what it needs, once, under .cache/. A machine needs Python 3.11 or newer and make, nothing else.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The system's Python, which only makes our environment; set it to choose another.
PYTHON ?= $(shell for each in python3.11 python3.12 python3.13 python3.14; do \
	$$each -c pass 2>/dev/null && { echo $$each; exit; }; done; echo python3)
VENV := .cache/venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
BOOTSTRAP := .cache/bootstrap/.ready

# What a target passes on: `make test-unit ARGS="-k route"`, `make demo TRANSPORT=nats`, `make chaos SEED=7`.
ARGS ?=
# The tests wait more than they compute: three processes finish on two cores in half the time of one.
WORKERS ?= 3
TRANSPORT ?= nats
SEED ?=
MESSAGES ?=
QUICK ?=
STOPS ?=

UNIT := $(wildcard lib images cli examples tools bench tests/contract tests/chart)
INTEGRATION := $(wildcard tests/transport tests/pipeline)
E2E := $(sort $(filter-out $(UNIT) $(INTEGRATION),$(patsubst %/,%,$(dir $(wildcard tests/*/test_*.py tests/*/*/test_*.py)))))
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist loadfile

.PHONY: help
help: ## Show the targets and what each one does
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(READY) ## Watch real messages flow through a pipeline of actors; TRANSPORT chooses the broker
	$(PY) -m examples.digits.demo --transport $(TRANSPORT) $(ARGS)

.PHONY: test
test: $(READY) ## Run every test that needs no cluster
	@status=0; $(PY) -m tools.runtime_matrix --oldest-and-newest || status=1; $(PYTEST) $(ARGS) || status=1; exit $$status

.PHONY: test-unit
test-unit: $(READY) ## Test each package, the contract between them, and the charts
	$(PYTEST) $(UNIT) $(ARGS)

.PHONY: test-runtime
test-runtime: $(READY) ## Test the runtime on every Python of this machine, 3.9 and newer
	$(PY) -m tools.runtime_matrix $(ARGS)

.PHONY: test-integration
test-integration: $(READY) ## Test the transports and whole pipelines against real servers
	$(PYTEST) $(INTEGRATION) $(ARGS)

.PHONY: test-helm4
test-helm4: $(READY) ## Render the charts with Helm 4, too; Go builds it first, which takes some minutes
	$(PY) -m tools.helm4

.PHONY: test-e2e
test-e2e: $(READY) ## Test what a user does: the commands, the documents, and runs in which parts are killed
	$(PYTEST) $(E2E) $(ARGS)

.PHONY: cluster-up
cluster-up: $(READY) ## Bring up a real Kubernetes of one node on this machine, with KEDA and brokers
	$(PY) -m tests.cluster up

.PHONY: cluster-down
cluster-down: $(READY) ## Take that cluster away, and everything that came with it
	$(PY) -m tests.cluster down

.PHONY: test-cluster
test-cluster: $(READY) ## Test the charts on that cluster, which stays up
	$(PY) -m tests.cluster test $(ARGS)

.PHONY: chaos
chaos: $(READY) ## Break a running pipeline, its network and its broker, and follow every message to its one end
	$(PY) -m tests.chaos --transport $(TRANSPORT) $(SEED:%=--seed %) $(MESSAGES:%=--messages %) $(ARGS)

.PHONY: drain
drain: $(READY) ## Stop pods at random moments and see that nothing is repeated or stranded; STOPS says how many
	$(PY) -m tests.delivery.drain --transport $(TRANSPORT) $(SEED:%=--seed %) $(STOPS:%=--stops %) $(ARGS)

.PHONY: fuzz
fuzz: $(READY) ## Feed a million bad messages and frames to sidecar and runtime; SEED repeats a run
	$(PY) -m tests.fuzz $(SEED:%=--seed %) $(ARGS)

.PHONY: bench
bench: $(READY) ## Measure beside Celery, Dramatiq, Taskiq and FastStream; QUICK=1 takes under 3 minutes
	$(PY) -m bench $(if $(filter-out 0,$(QUICK)),--quick) $(ARGS)

.PHONY: lint
lint: $(READY) ## Check style, types, charts, sizes, pins and generated files
	@failed=; run() { echo "$$*"; "$$@" || failed="$$failed\n  $$*"; }; \
	run $(VENV)/bin/ruff check .; \
	run $(VENV)/bin/ruff format --check .; \
	run $(VENV)/bin/mypy; \
	run $(VENV)/bin/mypy --config-file tools/mypy-tests.ini conftest.py $(wildcard examples tests tools bench cli/tests lib/tests images/*/tests); \
	run $(VENV)/bin/yamllint --strict --config-file lintconf.yaml .; \
	run $(PY) -m tools.budgets; \
	run $(PY) -m tools.lock --check; \
	run $(PY) -m tools.lint_charts; \
	run $(PY) -m tools.generate --check; \
	if [ -n "$$failed" ]; then printf '%b\n' "error: these steps of make lint failed:$$failed"; exit 1; fi

.PHONY: fmt
fmt: $(READY) ## Put the Python sources into their form
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

.PHONY: build
build: $(READY) ## Build the wheel, the charts' packages and, with Docker or buildah, the images
	$(PY) -m hatchling build --target wheel --directory dist
	$(PY) -m tools.package
	$(PY) -m tools.images

.PHONY: package
package: $(READY) ## Make the chart repository: packages, index.yaml, flavors and values beside them; ARGS=--url=...
	$(PY) -m tools.package $(ARGS)

.PHONY: generate
generate: $(READY) ## Write everything that is generated
	$(PY) -m tools.generate

.PHONY: verify
verify: $(READY) ## Fail if something generated differs from its source
	$(PY) -m tools.generate --check

.PHONY: lock
lock: $(BOOTSTRAP) ## Pin what pyproject.toml requires; ARGS=--upgrade takes the newest versions
	.cache/bootstrap/bin/python -m tools.lock $(ARGS)

.PHONY: clean
clean: ## Remove what the targets made
	@! test -e .cache/cluster/pid/apiserver || { echo "error: the cluster may be up; take it away with make cluster-down first"; exit 1; }
	rm -rf .cache dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(READY): requirements/dev.txt requirements/bootstrap.txt pyproject.toml tools/prepare.py
	@$(PYTHON) tools/prepare.py
	@touch $@

$(BOOTSTRAP): requirements/bootstrap.txt tools/prepare.py
	@$(PYTHON) tools/prepare.py --bootstrap-only
	@touch $@
