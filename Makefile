# One line each. CI calls the same names, and nothing here needs more than cargo but `journeys`, `deps` and `coverage`.

.DEFAULT_GOAL := check
.PHONY: run test journeys check fmt lint doc deps coverage bench soak release

# Where clippy finds its settings; and cargo-llvm-cov never installs anything by itself.
export CLIPPY_CONF_DIR = .ci
export CARGO_LLVM_COV_SETUP = no

# Serve on http://127.0.0.1:8000 with demo rows.
run:
	DEBUG=true cargo run

test:
	cargo test

# Through the admin in a real browser: with and without JavaScript, light and dark, on a phone and on a desk. Needs Chromium
# and its driver; pictures of the pages are kept in target/journeys.
journeys:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { echo "journeys need Chromium and its driver (apt install chromium chromium-driver)"; exit 1; }
	rm -rf target/journeys
	cargo test --test journeys -- --test-threads=2

# The gate: formatting, lints, tests, documentation.
check: fmt lint test doc

fmt:
	cargo fmt --check

lint:
	cargo clippy --all-targets
	cargo clippy --test journeys

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

# What pages and a start cost, what long lists cost in the admin, what sign-ins cost the pages, what a backup costs those
# who write, what moving in costs, and what it costs to be watched; and the server under load beside nginx, bare Rocket and
# bare hyper, as ratios.
bench:
	cargo bench --bench pages --bench admin --bench sign_in --bench backup --bench import --bench watching
	@command -v wrk >/dev/null && command -v nginx >/dev/null || { echo "the load needs wrk and nginx (apt install wrk nginx-light)"; exit 1; }
	cargo bench --bench load

# A server that is killed while it writes, and started again, so many times; a first start too.
CRASH_ROUNDS ?= 1000
soak:
	CRASH_ROUNDS=$(CRASH_ROUNDS) cargo test --test cli crash::

# The binary for this machine, at target/release/oc-lettings.
release:
	cargo build --release --locked
