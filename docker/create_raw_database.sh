#!/bin/bash
# The postgres image runs this when its volume is empty: a separate database for the raw tables, owned by a role that
# cannot see Airflow's metadata.
set -euo pipefail

psql --set=ON_ERROR_STOP=1 --no-psqlrc --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
  --set=password="$(cat /run/secrets/megaplan_postgres_password)" --set=metadata="$POSTGRES_DB" <<'SQL'
CREATE ROLE megaplan LOGIN PASSWORD :'password';
CREATE DATABASE megaplan OWNER megaplan;
REVOKE CONNECT ON DATABASE :"metadata" FROM PUBLIC;
REVOKE CONNECT ON DATABASE megaplan FROM PUBLIC;
SQL
