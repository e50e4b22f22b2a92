# One image for the relay and for signaling; compose says which of them a container runs.

FROM python:3.11-slim-bookworm AS build
# What the native fan-out is compiled with. IPsec_MB is Intel's, and Debian has it for amd64 only.
ARG TARGETARCH=amd64
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev libssl-dev \
      $([ "$TARGETARCH" != amd64 ] || echo libipsec-mb-dev) \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN python -m venv /opt/rostrum
COPY requirements.lock ./
RUN /opt/rostrum/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE THIRD_PARTY_NOTICES.md ./
COPY stream stream
COPY signaling signaling
COPY web web
RUN /opt/rostrum/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
 && cd / && /opt/rostrum/bin/python -c "import stream.native._fanout"

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
