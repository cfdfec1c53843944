# Flightdeck: one image for web, worker and migrations; the command says which.
# It runs as a user without rights, with a read-only root: only /data and /tmp are written to.
FROM python:3.11-slim AS packages
RUN python -m venv /opt/venv
COPY requirements.txt requirements-sentry.txt ./
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt -r requirements-sentry.txt

FROM python:3.11-slim
RUN groupadd --system --gid 10001 flightdeck \
 && useradd --system --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin flightdeck \
 && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY wsgi.py ./
COPY webapp ./webapp
COPY templates ./templates
COPY static ./static
COPY migrations ./migrations
# Shown at /api/docs/first-script.
COPY docs/api ./docs/api
# Compiled now: nothing can be written here later.
RUN /opt/venv/bin/python -m compileall -q wsgi.py webapp migrations
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 FLASK_APP=wsgi
ENV BIND_ADDRESS=0.0.0.0 INSTANCE_DIR=/data LOG_FILES=false LOG_FORMAT=json
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# That of the web process; the worker's is in compose.yaml and deploy/kubernetes.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT') or 8000}/health\", timeout=4)"]
CMD ["gunicorn", "-c", "python:webapp.ops.serving", "wsgi:app"]
