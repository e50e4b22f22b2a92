# One image for the relay and for signaling; compose says which of them a container runs.

FROM python:3.11-slim-bookworm AS build
# What the native fan-out is compiled with. IPsec_MB is Intel's, and Debian has it for amd64 only.
ARG TARGETARCH=amd64
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev libssl-dev \
      $([ "$TARGETARCH" != amd64 ] || echo libipsec-mb-dev) \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN python -m venv /opt/rostrum && python -m venv /opt/build
COPY requirements.lock requirements-dev.lock ./
RUN /opt/rostrum/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements-dev.lock
COPY pyproject.toml README.md LICENSE THIRD_PARTY_NOTICES.md ./
COPY stream stream
COPY signaling signaling
COPY web web
# What compiles the package stays behind.
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/rostrum/bin/pip install --no-cache-dir --no-deps /wheels/*.whl \
 && cd / && /opt/rostrum/bin/python -c "import stream.native._fanout, stream.compiled as c; assert not c.fault(), c.fault()"

FROM python:3.11-slim-bookworm
ARG TARGETARCH=amd64
RUN apt-get update \
 && apt-get install -y --no-install-recommends libssl3 \
      $([ "$TARGETARCH" != amd64 ] || echo libipsec-mb1) \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --create-home --home-dir /var/lib/rostrum rostrum
COPY --from=build /opt/rostrum /opt/rostrum
ENV PATH=/opt/rostrum/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ROSTRUM_DATA=/var/lib/rostrum
USER rostrum
WORKDIR /var/lib/rostrum
EXPOSE 8080/tcp 7000/udp 7000/tcp
ENTRYPOINT ["rostrum"]
CMD ["serve"]
