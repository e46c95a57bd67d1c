# One line each. CI calls the same names; what needs more than cargo says so.

.DEFAULT_GOAL := check
.PHONY: run test journeys check fmt lint doc tools django deps recipes advisories coverage bench compare soak slow licenses release scratch image publish deploy-wait

# Where clippy finds its settings; and cargo-llvm-cov never installs anything by itself.
export CLIPPY_CONF_DIR = .ci
export CARGO_LLVM_COV_SETUP = no
# What `make tools` installs comes before what the machine has.
export PATH := $(CURDIR)/target/ci-tools/bin:$(PATH)

COMMIT ?= $(shell git rev-parse HEAD)
MACHINE := $(shell uname -m)-unknown-linux-musl
BINARY ?= target/$(MACHINE)/release/oc-lettings
IMAGE ?= oc-lettings
IMAGE_USER ?= 65532:65532
BUILD = docker buildx build --build-arg OC_LETTINGS_COMMIT=$(COMMIT) --build-arg IMAGE_USER=$(IMAGE_USER)

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
	cargo clippy --test journeys --test slow

doc:
	cargo doc --no-deps --document-private-items

# The programs that the targets below need, from PyPI, in the versions of .ci/tools.txt and .ci/zig.txt. Needs python3-venv.
tools: target/ci-tools/done

target/ci-tools/done: .ci/tools.txt .ci/zig.txt
	python3 -m venv --clear target/ci-tools
	target/ci-tools/bin/pip install --quiet --disable-pip-version-check --no-cache-dir --only-binary :all: -r .ci/tools.txt
	target/ci-tools/bin/pip install --quiet --disable-pip-version-check --no-cache-dir --only-binary :all: --require-hashes -r .ci/zig.txt
	touch $@

# What the replaced site was made of, to be loaded beside ours by `make bench`. Needs python3-venv.
django:
	python3 -m venv --clear target/django
	target/django/bin/pip install --quiet --disable-pip-version-check --no-cache-dir --only-binary :all: -r .ci/django.txt

# Licenses, sources and bans of dependencies, and their licenses' texts; dependencies that nobody uses; spelling.
deps:
	cargo fetch --locked
	cargo deny --offline --locked --config .ci/deny.toml check licenses bans sources
	.ci/licenses --check
	cargo shear
	typos --config .ci/typos.toml

# The image's recipe and the pipeline's.
recipes:
	hadolint Dockerfile
	zizmor --offline --persona pedantic --strict-collection .github

# Known weaknesses of dependencies; asks the network for the list.
advisories:
	cargo deny --locked --config .ci/deny.toml check advisories

# Lines that the tests reach. Needs LLVM's tools in the version of the compiler's.
coverage:
	@cargo llvm-cov --version >/dev/null 2>&1 || { echo "coverage needs cargo-llvm-cov (make tools) and LLVM's tools (rustup component add llvm-tools, or LLVM_COV and LLVM_PROFDATA)"; exit 1; }
	cargo llvm-cov --fail-under-lines 85

# What pages and a start cost, what long lists cost in the admin, what sign-ins cost the pages, what a backup costs those
# who write, what moving in costs, and what it costs to be watched; and the server under load beside nginx, bare Rocket,
# bare hyper and, after `make django`, Django, as ratios.
bench:
	cargo bench --bench pages --bench admin --bench sign_in --bench backup --bench import --bench watching
	@command -v wrk >/dev/null && command -v nginx >/dev/null || { echo "the load needs wrk and nginx (apt install wrk nginx-light)"; exit 1; }
	cargo bench --bench load

# What the static executable answers a second, beside one with glibc. Needs wrk.
compare: export TARGETS = $(MACHINE)
compare: release
	cargo build --release --locked
	.ci/compare target/release/oc-lettings $(BINARY)

# A server that is killed while it writes, and started again, so many times; a first start too.
CRASH_ROUNDS ?= 1000
soak:
	CRASH_ROUNDS=$(CRASH_ROUNDS) cargo test --test cli crash::

# A thousand clients that are slow on purpose, and ten thousand that are idle: everybody else is served meanwhile. Takes some
# two minutes. Needs slowhttptest and 10,300 open files.
slow:
	@command -v slowhttptest >/dev/null || { echo "slow needs slowhttptest (apt install slowhttptest)"; exit 1; }
	cargo test --test slow -- --test-threads=1 --nocapture

# The texts that `version --licenses` prints, after a change of dependencies. Needs cargo-about
# (cargo install --locked --features cli cargo-about) and `make tools`.
licenses:
	.ci/licenses

# The static executables, below target/*-unknown-linux-musl/release. Needs rustup's target, or .ci/musl make release.
release:
	.ci/release

# The static executable alone in an empty root, as in the image. Needs root, file, OpenSSL and systemd-analyze.
scratch:
	.ci/scratch $(BINARY)

# The image for this machine.
image:
	$(BUILD) --load --tag $(IMAGE) .

# The image for both processors, with what went into it and how; target/image.json then names its digest.
publish:
	$(BUILD) --push --platform linux/amd64,linux/arm64 --sbom=true --provenance=mode=max --tag $(IMAGE):latest --tag $(IMAGE):$(COMMIT) --metadata-file target/image.json .

# Until $(SITE_URL) says that it runs $(COMMIT); fails after 15 minutes.
deploy-wait:
	.ci/deploy-wait $(SITE_URL) $(COMMIT)
