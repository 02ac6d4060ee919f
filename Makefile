# Parity: `make book` builds the book, `make test` tests it. `make help` lists the rest.
# Another Python: make book PYTHON=python3.12

SHELL := /bin/sh
PY := .venv/bin/python
PORT ?= 8000
COLAB_PYTHON ?= python3.13
# the first Python that the book runs on; where there is none, book/make/environment.py says what is needed
ifndef PYTHON
PYTHON := $(shell for p in python3.11 python3 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 && echo $$p && exit; done; echo python3)
endif

.DEFAULT_GOAL := help
.PHONY: help book test chapter notebooks new-chapter new-lab lock serve clean environment fluid recordings test-site test-colab needs gpu-note

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

book: environment  ## set up, fetch the data, execute what changed, build the site
	@$(PY) -m book.make.notebooks --tell
	@$(PY) -m labs fetch
	@$(PY) -m book.make.execute
	@$(PY) -m book.make.site
	@$(PY) -m book.make.weigh

test: environment  ## the test suite (LABS_DEVICE=cuda runs the notebooks on a GPU)
	@$(PY) -m labs fetch
	@$(PY) -m pytest -q -n 2 --dist loadgroup -m "not built" $(TESTS)

test-site: environment  ## try the finished site in a browser (after make book; needs chromium)
	@test -f _build/html/index.html || { echo "there is no site yet: make book"; exit 2; }
	@$(PY) -m pytest -q -m built tests/site

test-colab: environment  ## run the notebooks with Colab's versions (Python 3.13, 6 GB; COLAB_PYTHON=, NAME=)
	@$(PY) -m labs fetch
	@$(PY) -m book.make.colab --python $(COLAB_PYTHON) $(NAME)

needs: environment  ## say whether all that a full test run needs is here
	@$(PY) -m book.make.needs

chapter: environment  ## execute one chapter and build the site: make chapter NAME=06_mnist
	@test -n "$(NAME)" || { echo "which one? make chapter NAME=06_mnist"; exit 2; }
	@$(PY) -m book.make.notebooks --tell
	@$(PY) -m labs fetch
	@$(PY) -m book.make.execute $(NAME)
	@$(PY) -m book.make.site --allow-missing

notebooks: environment  ## make the notebooks from the texts (RESTORE=1: those too that were run or edited; copies in saved/)
	@$(PY) -m book.make.notebooks $(if $(RESTORE),--restore)

new-chapter: environment  ## begin a chapter: make new-chapter NAME=40_something
	@$(PY) -m book.make.new_chapter "$(NAME)"

new-lab: environment  ## begin a lab: make new-lab NAME=L5_crf
	@test -n "$(NAME)" || { echo "which one? make new-lab NAME=L5_crf"; exit 2; }
	@$(PY) -m labs lab new "$(NAME)"

fluid: environment  ## install the real Fluid of 2018 (Python 3.8 and paddlepaddle 1.8.5, Linux x86-64)
	@$(PY) -m labs fluid install

recordings: environment  ## make the recordings of all Fluid cells anew (needs make fluid)
	@$(PY) -m labs fetch
	@$(PY) -m labs fluid record

gpu-note: environment  ## note in book/gpu.toml which chapters the last build ran on a GPU
	@$(PY) -m book.make.gpu

lock:  ## write requirements.lock anew (Python 3.11; TORCH=2.13.0 to change torch)
	@$(PYTHON) book/make/lock.py $(if $(TORCH),--torch $(TORCH))

serve:  ## show the site at http://localhost:8000 (PORT=)
	@test -f _build/html/index.html || { echo "there is no site yet: make book"; exit 2; }
	@echo "http://localhost:$(PORT)  (Ctrl-C ends it)"
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

clean:  ## remove what was built; .venv and the data stay
	rm -rf _build build *.egg-info .pytest_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

environment:
	@command -v $(PYTHON) >/dev/null || { echo "no $(PYTHON) found; the book needs Python 3.11, 3.12 or 3.13"; exit 2; }
	@$(PYTHON) book/make/environment.py
