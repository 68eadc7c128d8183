# Every command a developer needs. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo demo-moderation test lint fix bench bench-against bench-against-judging bench-unseen soak azurite deploy-check lock tree collect train-image train-image-further train-faces train-edits train-audio train-video clean

BIN := .venv/bin
LOCKED := deploy/requirements.txt deploy/requirements-weights.txt deploy/bootstrap.sh pyproject.toml

DRAWINGS ?= /usr/share/openclipart/png
KIND ?= speech

train = $(BIN)/python -m detectors.training.$(1) --manifest $(DATA)/manifest.csv \
	--cache var/training/$(1) --out detectors/zoo $(ARGS)

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/run.stamp ## make sample media, serve, upload them, show the reports (in .demo/)
	@$(BIN)/python -m deploy.demo $(ARGS)

demo-moderation: .venv/run.stamp ## fifty files through the Python client, a policy and webhooks
	@$(BIN)/python -m deploy.demo_moderation $(ARGS)

test: .venv/dev.stamp .venv/system.stamp ## run every test, a file at a time on each core
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: .venv/dev.stamp ## check style, formatting, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fix: .venv/dev.stamp ## repair what can be repaired automatically
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

deploy-check: .venv/dev.stamp ## check images, compose, systemd, chart, dashboards and alerts
	@$(BIN)/pytest tests/deploy $(ARGS)

bench: .venv/run.stamp ## measure speed and size on this machine (README's table)
	@$(BIN)/python -m deploy.benchmarks.targets $(ARGS)

bench-against: .venv/run.stamp ## measure audits and verdicts against an older commit, here and now
	@$(BIN)/python -m deploy.benchmarks.against $(ARGS)

bench-against-judging: .venv/run.stamp ## measure what detectors cost against an older commit, here and now
	@$(BIN)/python -m deploy.benchmarks.judging $(ARGS)

bench-unseen: .venv/run.stamp ## measure verdicts on files of publishers that nothing was trained on (docs/training.md)
	@$(BIN)/python -m deploy.unseen $(ARGS)

soak: .venv/dev.stamp ## 2,000 scans while everything is killed, cut off and filled up
	@$(BIN)/python -m deploy.soak $(ARGS)

azurite: .venv/dev.stamp ## install Azure's emulator by npm, with which the tests of storage run too
	@npm install --prefix .venv/azurite --no-audit --no-fund --silent azurite@3.37.0

lock: .venv/run.stamp ## pin every dependency again from pyproject.toml
	@$(BIN)/python deploy/lock.py $(ARGS)

tree: .venv/run.stamp ## write the folders of ARCHITECTURE.md and docs/modules.md
	@$(BIN)/python -m deploy.architecture

collect: .venv/run.stamp ## collect training media (KIND=speech, pictures, films or faces) out of clones in MIRROR into DATA
	@$(BIN)/python -m detectors.training.collection.collect --kind $(KIND) --mirror $(MIRROR) --out $(DATA) $(ARGS)

train-image: .venv/run.stamp ## train the image detectors on DATA, a folder with a manifest.csv
	@$(call train,image) --drawings $(DRAWINGS)

train-image-further: .venv/run.stamp ## correct the heads in START, learned from EARLIER, with the collection in DATA
	@$(call train,image_further) --start $(START) --earlier $(EARLIER)/manifest.csv

train-faces: .venv/run.stamp ## train the face-swap head on FACES and on photographs of DATA
	@mkdir -p var/training/faces
	@$(BIN)/python -m detectors.training.face_bank --out var/training/faces \
		--pictures $(FACES)/manifest.csv $(addsuffix /manifest.csv,$(DATA))
	@$(BIN)/python -m detectors.training.face_head --trained var/training/faces
	@$(BIN)/python -m detectors.training.face_card --trained var/training/faces --out detectors/zoo

train-edits: .venv/run.stamp ## train the detector of local edits on DATA
	@mkdir -p var/training/edits
	@$(BIN)/python -m detectors.training.edit_bank --pictures $(DATA)/manifest.csv \
		--out var/training/edits
	@$(BIN)/python -m detectors.training.edit_network --trained var/training/edits $(ARGS)
	@$(BIN)/python -m detectors.training.edit_card --pictures $(DATA)/manifest.csv \
		--trained var/training/edits --out detectors/zoo

train-audio: .venv/run.stamp ## train the audio detector on DATA
	@$(call train,audio)

train-video: .venv/run.stamp ## train and measure the video detectors on DATA, after image and faces
	@mkdir -p var/training/video
	@$(BIN)/python -m detectors.training.video_head --manifest $(DATA)/manifest.csv \
		--cache var/training/video --out detectors/zoo
	@$(call train,video)
	@$(call train,video_faces)

clean: ## remove the environment and everything generated
	rm -rf .venv .demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/run.stamp: $(LOCKED)
	@deploy/bootstrap.sh run
	@touch $@

.venv/dev.stamp: $(LOCKED) deploy/requirements-dev.txt
	@deploy/bootstrap.sh dev
	@touch $@ .venv/run.stamp

.venv/system.stamp: deploy/debian-packages.txt .venv/dev.stamp
	@deploy/bootstrap.sh system
	@touch $@
