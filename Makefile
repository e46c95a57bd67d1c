# One line each. CI calls the same names, and nothing here needs more than cargo but `deps` and `coverage`.

.DEFAULT_GOAL := check
.PHONY: run test check fmt lint doc deps coverage bench release

# Where clippy finds its settings; and cargo-llvm-cov never installs anything by itself.
export CLIPPY_CONF_DIR = .ci
export CARGO_LLVM_COV_SETUP = no

# Serve on http://127.0.0.1:8000 with demo rows.
run:
	DEBUG=true cargo run

test:
	cargo test

# The gate: formatting, lints, tests, documentation.
check: fmt lint test doc

fmt:
	cargo fmt --check

lint:
	cargo clippy --all-targets

doc:
	cargo doc --no-deps --document-private-items

# Licenses, sources and bans of dependencies; dependencies that nobody uses; spelling. Needs cargo-deny, cargo-shear and typos.
deps:
	cargo fetch --locked
	cargo deny --offline --locked --config .ci/deny.toml check licenses bans sources
	cargo shear
	typos --config .ci/typos.toml

# Lines that the tests reach. Needs cargo-llvm-cov and LLVM's tools in the version of the compiler's.
coverage:
	@cargo llvm-cov --version >/dev/null 2>&1 || { echo "coverage needs cargo-llvm-cov (cargo install cargo-llvm-cov) and LLVM's tools (rustup component add llvm-tools, or LLVM_COV and LLVM_PROFDATA)"; exit 1; }
	cargo llvm-cov --fail-under-lines 85

# What pages and a start cost, what sign-ins cost the pages, what a backup costs those who write, and what moving in costs.
bench:
	cargo bench --bench pages --bench sign_in --bench backup --bench import

# The binary for this machine, at target/release/oc-lettings.
release:
	cargo build --release --locked
