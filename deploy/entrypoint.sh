#!/bin/sh
# What a Fovea container does: fovea web | worker QUEUES [PROCESSES] | beat | migrate | healthy PART | manage COMMAND …
# Addresses come from DATABASE_URL, CELERY_BROKER_URL and FOVEA_SECRET_KEY, or are made of the secrets in /run/secrets.
set -eu
secrets=${FOVEA_SECRETS:-/run/secrets}

if [ -z "${DATABASE_URL:-}" ] && [ -r "$secrets/postgres_password" ]; then
  DATABASE_URL="postgres://fovea:$(cat "$secrets/postgres_password")@${POSTGRES_HOST:-postgres}:5432/fovea"
fi
if [ -z "${CELERY_BROKER_URL:-}" ] && [ -r "$secrets/redis_password" ]; then
  CELERY_BROKER_URL="redis://:$(cat "$secrets/redis_password")@${REDIS_HOST:-redis}:6379/0"
fi
if [ -z "${FOVEA_SECRET_KEY:-}" ] && [ -r "$secrets/secret_key" ]; then
  FOVEA_SECRET_KEY=$(cat "$secrets/secret_key")
fi
export DATABASE_URL="${DATABASE_URL:-}" CELERY_BROKER_URL="${CELERY_BROKER_URL:-}" FOVEA_SECRET_KEY="${FOVEA_SECRET_KEY:-}"

part=${1:-web}
[ $# -gt 0 ] && shift
case "$part" in
  web)
    exec uvicorn fovea.asgi:application --host 0.0.0.0 --port 8000 --workers "${WEB_PROCESSES:-2}" \
      --no-access-log --timeout-graceful-shutdown 5 --lifespan off ;;
  worker)
    exec celery --app fovea.celery worker --queues "$1" --concurrency "${2:-2}" --hostname "worker@%h" \
      --without-gossip --without-mingle --without-heartbeat --loglevel INFO ;;
  beat)
    exec celery --app fovea.celery beat --schedule /tmp/beat-schedule --pidfile= --loglevel INFO ;;
  migrate)
    exec python -m fovea.embedded.prepare ;;
  healthy)
    exec python -m fovea.embedded.healthy "$@" ;;
  manage)
    exec python manage.py "$@" ;;
  *)
    echo "fovea: unknown part '$part'; use web, worker, beat, migrate, healthy or manage" >&2
    exit 64 ;;
esac
