# syntax=docker/dockerfile:1
# Targets: cpu (the default) and cuda. Every step is a script in docker/ that also runs outside Docker.

# Bookworm: what is compiled here must also load on the older C library of the CUDA image.
ARG NODE_IMAGE=node:22.23.3-bookworm-slim
# TensorFlow's wheels are built for CUDA 12 and cuDNN 9.
ARG CUDA_IMAGE=nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04

FROM ${NODE_IMAGE} AS build
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --include=dev
COPY . .
RUN --mount=type=cache,target=/root/.npm docker/build.sh /app

FROM build AS build-cuda
RUN --mount=type=cache,target=/root/.npm docker/tensorflow.sh --tools /app

FROM ${CUDA_IMAGE} AS cuda
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY docker/runtime.sh /tmp/runtime.sh
RUN /tmp/runtime.sh 1000 1000 && rm /tmp/runtime.sh
COPY --from=build-cuda /app /app
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 MODELS_DIR=/models CACHE_DIR=/cache DATA_DIR=/data \
    LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=background_thread:true \
    TF_FORCE_GPU_ALLOW_GROWTH=true
VOLUME ["/cache", "/data"]
EXPOSE 3000
USER 1000:1000
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=3 CMD ["node", "docker/healthcheck.mjs"]
CMD ["node", "--min-semi-space-size=16", "--heap-growing-percent=200", "dist/services/server.js"]

FROM ${NODE_IMAGE} AS cpu
COPY docker/runtime.sh /tmp/runtime.sh
RUN /tmp/runtime.sh 1000 1000 && rm /tmp/runtime.sh
COPY --from=build /app /app
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 MODELS_DIR=/models CACHE_DIR=/cache DATA_DIR=/data \
    LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=background_thread:true
VOLUME ["/cache", "/data"]
EXPOSE 3000
USER 1000:1000
HEALTHCHECK --interval=15s --timeout=6s --start-period=20s --retries=3 CMD ["node", "docker/healthcheck.mjs"]
CMD ["node", "--min-semi-space-size=16", "--heap-growing-percent=200", "dist/services/server.js"]
