# `make demo` shows what the connector does; `make test` needs only cargo.
.DEFAULT_GOAL := help
.PHONY: help build check test lint fmt fmt-check doc doc-check doc-update demo sim run bench microbench fuzz interop dist dist-check ci

ARGS ?=
TARGET_DIR = $(shell cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

help: ## Print this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | expand -t 12

build: ## Build the release binaries: baton-salesforce and salesforce-simulator
	cargo build --release --workspace --bins

test: ## Run all tests
	cargo test --workspace

lint: ## Run clippy; a warning is a failure
	cargo clippy --workspace --all-targets -- -D warnings

fmt: ## Format the code
	cargo fmt --all

fmt-check:
	cargo fmt --all -- --check

doc: ## Build the API documentation, including private items; a warning is a failure
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --workspace --no-deps --document-private-items

doc-check: ## Check the documents against the code
	cargo test --workspace --test it docs::

doc-update: ## Regenerate the generated parts of the documents
	UPDATE_DOCS=1 cargo test --workspace --test it docs::

check: fmt-check lint test ## Run everything that a commit must pass; needs only cargo

demo: ## Sync a simulated org with 1,000 users
	scripts/demo.sh

sim: build ## Run a simulated org on 127.0.0.1:8080; ARGS="--users 20000 --latency 60"
	$(TARGET_DIR)/release/salesforce-simulator $(ARGS)

run: build ## Run the connector; ARGS="serve" or any other flags
	$(TARGET_DIR)/release/baton-salesforce $(ARGS)

bench: ## Measure calls, seconds, CPU and memory of syncs of 1 k, 20 k and 100 k users
	scripts/bench.sh

microbench: ## Time single functions; ARGS="part of a name"
	cargo bench --bench hot -- $(ARGS)

fuzz: ## Run each fuzz target for SECONDS (60); needs cargo-fuzz; ARGS="soql c1z" selects targets
	SECONDS_EACH=$(or $(SECONDS),60) scripts/fuzz.sh $(ARGS)

interop: ## Test against the Baton SDK, grpcurl and Salesforce clients; needs Go, Python, Node, Chromium
	interop/run.sh

dist: ## Build what is released into dist/: static binary, Debian package, image files, SBOM
	scripts/with-static-target.sh scripts/dist.sh

dist-check: ## Check deploy/ and the image; needs root, Linux, Go, Python and systemd
	scripts/with-static-target.sh scripts/dist-check.sh

# Interop, the image and the demo share the static binaries of one release build.
# The tests run last, because their result should end the output.
ci: ## Run everything that CI runs
	cargo metadata --locked --format-version 1 >/dev/null
	$(MAKE) fmt-check
	$(MAKE) lint
	$(MAKE) doc
	scripts/with-static-target.sh $(MAKE) interop
	$(MAKE) dist-check
	scripts/with-static-target.sh $(MAKE) demo
	$(MAKE) test
