# Lookalike's server in a container:
#
#   docker build -t lookalike .                                  ONNX Runtime, about 150 MB of Python packages
#   docker build -t lookalike --build-arg EXTRAS=server,cli .    with TensorFlow, 1.5 GB
#   docker run -p 127.0.0.1:50051:50051 -v lookalike-data:/data lookalike
#
# Every setting is a variable (lookalike serve --help): a token, for one, with -e LOOKALIKE_TOKEN. Let nobody but this
# machine reach the port without one. With TLS give the health check --tls-ca, too.

FROM python:3.12-slim-bookworm AS build
ARG EXTRAS=server-lite,cli
# hadolint ignore=DL3008 # Debian keeps only the newest build of a release's compiler
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY client client
COPY server server
# hnswlib compiles for the very processor that builds it unless told otherwise, and then crashes on older ones.
# x86-64-v3 (AVX2, FMA: 2013 and later) is as fast; arm64 needs no flag.
RUN export HNSWLIB_NO_NATIVE=1 \
    && if [ "$(uname -m)" = x86_64 ]; then export CXXFLAGS=-march=x86-64-v3; fi \
    && pip wheel --no-cache-dir --wheel-dir /wheels ".[${EXTRAS}]"

FROM python:3.12-slim-bookworm
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index /wheels/*.whl
# A fixed number, so that a volume's owner can be set from outside.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin lookalike \
    && install -d -o lookalike -g lookalike /data
# `docker stop` kills after 10 seconds: the drain has to end before that.
ENV LOOKALIKE_DATA=/data \
    LOOKALIKE_ADDRESS=0.0.0.0:50051 \
    LOOKALIKE_DRAIN_SECONDS=8 \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /data
EXPOSE 50051
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s \
    CMD ["python", "-m", "lookalike_server", "health", "--address", "127.0.0.1:50051"]
# Without a shell in between, SIGTERM reaches the server, which drains.
CMD ["python", "-m", "lookalike_server", "serve"]
