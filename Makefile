# The index of what one can do here. Every target only calls a script or a tool; CI calls the same ones.
SHELL := /bin/bash
.DEFAULT_GOAL := help
COMMIT = $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
UV ?= $(shell command -v uv || echo .tools/uv/bin/uv)
# Files side by side, one a core; the tests of one file share servers and models, so they stay together.
ON_EVERY_CORE = -n auto --dist loadfile

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.tools/uv/bin/uv:
	@scripts/get-uv

.PHONY: sync
sync: $(filter .tools/%,$(UV)) ## Install everything into .venv (uv itself too, if it is absent)
	@$(UV) sync --all-packages --frozen --inexact --quiet

.PHONY: sync-all
sync-all: $(filter .tools/%,$(UV)) ## Install also what the deep families, searches, encoders and Ray need (4 GB)
	@$(UV) sync --all-packages --all-extras --frozen --quiet

.PHONY: demo
demo: sync ## Run everything on this machine, without containers (VIGIE_PORT=8080, VIGIE_HOME=.vigie)
	@.venv/bin/python -m scripts.demo

.PHONY: clean-demo
clean-demo: ## Remove what the demo keeps (models, runs, reports), after asking
	@scripts/demo-clean

.PHONY: init
init: ## Write .env and the secrets for the platform in containers
	@PYTHONPATH=scripts python3 -m init init

.PHONY: up
up: ## Start the platform in containers, and wait until it answers (VIGIE_PORT=8080)
	@VIGIE_COMMIT=$(COMMIT) PYTHONPATH=scripts python3 -m init up

.PHONY: down
down: ## Stop the platform; everything it keeps stays
	@docker compose --profile public --profile update --profile monitoring --profile train down

.PHONY: build
build: ## Build our images instead of pulling them
	@VIGIE_COMMIT=$(COMMIT) docker compose build

.PHONY: backup
backup: ## Back the platform up: one verified archive in backups/ (VIGIE_BACKUP_KEEP=7)
	@scripts/operate backup

.PHONY: restore
restore: ## Restore a backup, after asking (ARCHIVE=backups/….tar, YES=1)
	@scripts/operate restore "$(or $(ARCHIVE),$(error Name the backup: make restore ARCHIVE=backups/….tar))"

.PHONY: status
status: ## Say how every part of the platform is, and why it is not well
	@scripts/operate status

.PHONY: update
update: ## Back up, renew our images (ALL=1: everybody's), look at them; if not well, go back
	@VIGIE_COMMIT=$(COMMIT) scripts/operate update

.PHONY: logs
logs: ## Follow the platform's logs (SERVICE=api for one part)
	@docker compose logs --follow --tail 200 $(SERVICE)

.PHONY: train
train: ## Train against the platform, in a container (ARGS="--family logreg tweets.parquet", files from data/)
	@docker compose run --rm train vigie train $(ARGS)

.PHONY: reports
reports: ## Write what people reported as a file to train on (OUT=data/reports-DATE.csv)
	@scripts/operate reports $(OUT)

.PHONY: gc
gc: ## Show what nothing in MLflow refers to any more (DELETE=1 deletes it)
	@scripts/operate gc $(if $(DELETE),--delete)

.PHONY: test
test: sync ## Run the quick tests
	@.venv/bin/pytest $(ON_EVERY_CORE)

.PHONY: test-slow
test-slow: sync ## Run the slow tests: whole trainings, swaps under load, the demo
	@.venv/bin/pytest -m "slow and not compose" $(ON_EVERY_CORE)

.PHONY: test-compose
test-compose: sync ## Run the tests of the real stack in containers
	@.venv/bin/pytest -m compose

.PHONY: lint
lint: sync ## Check style, types, arrows between the rooms, shell and workflows
	@scripts/lint

.PHONY: format
format: sync ## Rewrite the code in the project's style
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix-only --quiet .
