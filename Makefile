.PHONY: test
test: ## Runs every check
	cargo test --workspace --locked
