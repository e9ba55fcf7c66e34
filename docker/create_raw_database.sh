#!/bin/bash
# Run by the postgres image when its volume is empty: a database of its own for the raw tables, and a role that
# owns it and sees nothing of Airflow's metadata.
set -euo pipefail

psql --set=ON_ERROR_STOP=1 --no-psqlrc --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
  --set=password="$MEGAPLAN_POSTGRES_PASSWORD" --set=metadata="$POSTGRES_DB" <<'SQL'
CREATE ROLE megaplan LOGIN PASSWORD :'password';
CREATE DATABASE megaplan OWNER megaplan;
REVOKE CONNECT ON DATABASE :"metadata" FROM PUBLIC;
REVOKE CONNECT ON DATABASE megaplan FROM PUBLIC;
SQL
