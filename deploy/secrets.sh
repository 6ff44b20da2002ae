#!/bin/sh
# Makes the installation's secrets once, and gives each reader a copy of mode 600 that is its own.
# Run by the service `secrets` of docker-compose.yml; a second run changes nothing.
#   sh deploy/secrets.sh [FOLDER]      FOLDER/app, FOLDER/postgres and FOLDER/redis, by default under /secrets
set -eu
umask 077
folder=${1:-/secrets}
app_uid=${APP_UID:-10001}
server_uid=${SERVER_UID:-999} # postgres and redis in their official images

random() { od -An -vtx1 -N 32 /dev/urandom | tr -d ' \n'; }

# once FILE: fill it with a new secret unless it has one
once() {
  [ -s "$1" ] && return
  random > "$1.new"
  mv "$1.new" "$1"
}

# copy FROM TO: the same secret for another reader
copy() {
  cp "$1" "$2.new"
  mv "$2.new" "$2"
}

mkdir -p "$folder/app" "$folder/postgres" "$folder/redis"
once "$folder/app/postgres_password"
once "$folder/app/redis_password"
once "$folder/app/secret_key"
copy "$folder/app/postgres_password" "$folder/postgres/postgres_password"
copy "$folder/app/redis_password" "$folder/redis/redis_password"
printf 'requirepass %s\nappendonly yes\ndir /data\nmaxmemory-policy noeviction\n' \
  "$(cat "$folder/app/redis_password")" > "$folder/redis/redis.conf"

if [ "$(id -u)" = 0 ]; then
  chown -R "$app_uid:$app_uid" "$folder/app"
  chown -R "$server_uid:$server_uid" "$folder/postgres" "$folder/redis"
fi
chmod 700 "$folder/app" "$folder/postgres" "$folder/redis"
