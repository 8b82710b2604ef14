# A small image with one process that is nobody: docker build -t tollhouse . (see deploy/compose.yaml)
FROM python:3.11-slim AS wheel
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY requirements-dev.lock ./
RUN python -m venv /tools && /tools/bin/pip install --no-cache-dir --require-hashes -r requirements-dev.lock
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY limits limits
COPY audit audit
COPY agents agents
RUN HATCH_BUILD_HOOK_ENABLE_MYPYC=1 /tools/bin/hatchling build --target wheel

FROM python:3.11-slim AS environment
COPY requirements.lock ./
RUN python -m venv /opt/tollhouse \
 && /opt/tollhouse/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY --from=wheel /source/dist /dist
RUN /opt/tollhouse/bin/pip install --no-cache-dir --no-deps --no-index /dist/*.whl \
 && /opt/tollhouse/bin/pip uninstall --yes pip

FROM python:3.11-slim
ENV PATH=/opt/tollhouse/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=environment /opt/tollhouse /opt/tollhouse
RUN mkdir /data && chown 10001:10001 /data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:4000/livez', timeout=2)"]
ENTRYPOINT ["tollhouse"]
CMD ["serve", "--config", "/etc/tollhouse/tollhouse.yaml"]
