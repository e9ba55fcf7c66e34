#!/bin/sh
# Writes the secrets that docker-compose.yaml mounts, each into a file of the folder secrets/. Keeps those that exist, and
# takes those that .env has from there. Run it again at any time; to change one, delete its file and, for a password of
# Postgres, use ALTER ROLE.
set -eu

cd "$(dirname "$0")/.."
umask 022 # the services' users read the files; nobody else gets into the folder
mkdir -p secrets
chmod 700 secrets

from_env() { # of an installation that had them in .env
  if [ -f .env ]; then sed -n "s/^$1=['\"]\{0,1\}\([^'\"]*\)['\"]\{0,1\}$/\1/p" .env | tail -n 1; fi
}

hex() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

keep() { # NAME OLD_VARIABLE GENERATED
  [ -s "secrets/$1" ] && return
  value=$(from_env "$2")
  printf %s "${value:-$3}" >"secrets/$1"
  echo "secrets/$1 written"
}

keep postgres_password POSTGRES_PASSWORD "$(hex 24)"
keep megaplan_postgres_password MEGAPLAN_POSTGRES_PASSWORD "$(hex 24)"
keep fernet_key AIRFLOW_FERNET_KEY "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
keep jwt_secret AIRFLOW_JWT_SECRET "$(hex 32)"
keep api_secret_key AIRFLOW_API_SECRET_KEY "$(hex 32)"
keep airflow_admin_password AIRFLOW_ADMIN_PASSWORD "$(hex 12)"
keep broker_password BROKER_PASSWORD "$(hex 24)"
keep metadata_address METADATA_ADDRESS \
  "postgresql+psycopg://airflow:$(cat secrets/postgres_password)@postgres:5432/airflow"
keep gateway_metadata_address GATEWAY_METADATA_ADDRESS "postgresql+psycopg://gateway:$(hex 24)@postgres:5432/airflow"
keep broker_address BROKER_ADDRESS "redis://:$(cat secrets/broker_password)@broker:6379/0"
keep connections.json CONNECTIONS_JSON \
  "{\"megaplan_postgres\": \"postgresql://megaplan:$(cat secrets/megaplan_postgres_password)@postgres:5432/megaplan\"}"
