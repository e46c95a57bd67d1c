# The site as an image that holds nothing but the binary: no shell, no libraries, no configuration, no secrets.

FROM rust:1.95-alpine AS build
WORKDIR /site
COPY . .
# What is running, for /version and for Sentry; the folder has no git history here.
ARG OC_LETTINGS_COMMIT=unknown
RUN cargo build --release --locked \
 && mkdir -p /image/data /image/tmp \
 && cp target/release/oc-lettings /image/oc-lettings

FROM scratch
ARG OC_LETTINGS_COMMIT=unknown
LABEL org.opencontainers.image.title="oc-lettings" \
      org.opencontainers.image.description="A lettings agency's whole web presence as one static executable" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${OC_LETTINGS_COMMIT}"
COPY --from=build --chown=65532:65532 /image/ /
USER 65532:65532
ENV DATABASE=/data/oc-lettings.sqlite3
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/oc-lettings", "healthcheck"]
ENTRYPOINT ["/oc-lettings"]
