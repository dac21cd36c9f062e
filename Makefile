.DEFAULT_GOAL := help
.PHONY: help run test check fix readme pictures benchmarks lock
FER ?=
PHOTOS ?=

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

run: ## start the dashboard
	uv run streamlit run dashboard/Home.py

test: ## run all tests
	uv run pytest -n 2

check: ## lint, format and types, changing nothing
	uv run ruff check
	uv run ruff format --check
	uv run mypy

fix: ## lint and format, mending what can be mended
	uv run ruff check --fix
	uv run ruff format

readme: ## write the README's tables and the pages of docs/ anew from the artifacts
	uv run python -m trainers readme
	uv run python -m trainers ladder
	uv run python -m trainers findings
	uv run python -m trainers seeds

pictures: ## take the README's pictures anew; FER2013_PATH names the data
	uv run python benchmarks/pictures.py

benchmarks: ## measure what docs/benchmarks.md shows; PHOTOS=folder with boxes, FER=a Python with package fer
	mkdir -p .runs/benchmarks
	uv run python benchmarks/engines.py --json .runs/benchmarks/engines.json $(if $(FER),--fer $(FER))
	uv run python benchmarks/detection.py $(PHOTOS) --json .runs/benchmarks/detection.json
	uv run python benchmarks/stages.py --json .runs/benchmarks/stages.json
	uv run python benchmarks/users.py --json .runs/benchmarks/users.json
	uv run python benchmarks/quiz.py --json .runs/benchmarks/quiz.json
	uv run python benchmarks/pages.py --json .runs/benchmarks/pages.json
	uv run python benchmarks/start.py --json .runs/benchmarks/start.json
	uv run python benchmarks/page.py .runs/benchmarks

lock: ## resolve the newest allowed versions and pin them all in pyproject.toml
	uv run --no-project --with tomlkit python tools/pin.py
