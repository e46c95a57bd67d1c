# The site as an image that holds nothing but the binary: no shell, no libraries, no configuration, no secrets.
#
# .ci/scratch reads the last stage, puts the same files into an empty folder and runs them there.

# The list of what went into the executable, for the SBOM: the finished image shows none of it.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true

# Compiles on the builder's own processor for the image's, so that nothing is emulated.
FROM --platform=$BUILDPLATFORM rust:1.95-bookworm AS build
WORKDIR /site
COPY .ci/zig.txt .ci/
# Debian keeps one version of a package; what is linked into the executable is pinned by its hash.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-pip \
 && rm -rf /var/lib/apt/lists/* \
 && pip install --no-cache-dir --break-system-packages --only-binary :all: --require-hashes -r .ci/zig.txt \
 && rustup target add x86_64-unknown-linux-musl aarch64-unknown-linux-musl
COPY . .
ARG TARGETARCH
# What is running, for /version and for Sentry; the folder has no git history here.
ARG OC_LETTINGS_COMMIT=unknown
# Each processor has folders of its own: cargo's locks do not reach from one container into another.
RUN --mount=type=cache,target=/usr/local/cargo/registry,id=registry-$TARGETARCH,sharing=locked \
    --mount=type=cache,target=/site/target,id=target-$TARGETARCH,sharing=locked \
    case "$TARGETARCH" in \
        amd64) TARGETS=x86_64-unknown-linux-musl ;; \
        arm64) TARGETS=aarch64-unknown-linux-musl ;; \
        *) echo "no target for $TARGETARCH" >&2; exit 1 ;; \
    esac \
 && export TARGETS \
 && make release \
 && mkdir -p /image/data /image/tmp \
 && cp "target/$TARGETS/release/oc-lettings" /image/

FROM scratch
ARG OC_LETTINGS_COMMIT=unknown
LABEL org.opencontainers.image.title="oc-lettings" \
      org.opencontainers.image.description="A lettings agency's whole web presence as one static executable" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${OC_LETTINGS_COMMIT}"
COPY --from=build /image/oc-lettings /oc-lettings
COPY --from=build --chown=65532:65532 /image/data /data
COPY --from=build --chown=65532:65532 /image/tmp /tmp
# Nobody in particular; 0:0 where a disk belongs to root and nothing else can be done, as on Render.
ARG IMAGE_USER=65532:65532
USER ${IMAGE_USER}
ENV DATABASE=/data/oc-lettings.sqlite3
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/oc-lettings", "healthcheck"]
ENTRYPOINT ["/oc-lettings"]
