# What a newcomer needs: `make` alone lists it.

CARGO_LEAST := 1.95.0
.DEFAULT_GOAL := help
.PHONY: help demo test build fix needs needs-checks

help: ## Lists these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Feeds real flights to a pair of nodes, kills the active one, and counts what came out
	cargo run --quiet --release --locked --package weir-cli --bin weir -- demo

test: needs needs-checks ## Runs every check: format, house rules, lints, tests, docs, conformance
	cargo xtask verify

build: needs ## Builds target/release/weir
	cargo build --release --locked --package weir-cli --bin weir

fix: needs needs-checks ## Formats, and mends what the lints can mend by themselves
	cargo xtask fix

# Says what is missing on this machine, and how to get it.
needs:
	@missing=0; \
	if ! command -v cargo >/dev/null; then \
	  echo "missing: cargo, the Rust build tool, $(CARGO_LEAST) or later"; \
	  echo "  hint: install Rust as https://rustup.rs says, then open a new shell"; \
	  missing=1; \
	else \
	  have=$$(cargo --version | cut -d ' ' -f 2); \
	  first=$$(printf '%s\n%s\n' "$(CARGO_LEAST)" "$${have%%-*}" | sort -V | head -n 1); \
	  if [ "$$first" != "$(CARGO_LEAST)" ]; then \
	    echo "missing: cargo $(CARGO_LEAST) or later; this one is $$have"; \
	    echo "  hint: rustup update stable"; \
	    missing=1; \
	  fi; \
	fi; \
	cc=$${CC:-cc}; if ! command -v "$${cc%% *}" >/dev/null; then \
	  echo "missing: a C compiler, for linking and for the SQLite that is built in"; \
	  echo "  hint: Debian, Ubuntu: apt-get install build-essential"; \
	  echo "        Fedora, Amazon Linux: dnf install gcc"; \
	  echo "        macOS: xcode-select --install"; \
	  echo "        one under another name: make CC=NAME"; \
	  missing=1; \
	fi; \
	exit $$missing

needs-checks:
	@for tool in fmt clippy; do \
	  cargo $$tool --version >/dev/null 2>&1 || { \
	    echo "missing: cargo $$tool, which the checks use"; \
	    echo "  hint: rustup component add rustfmt clippy"; \
	    exit 1; \
	  }; \
	done
