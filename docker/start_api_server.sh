#!/bin/sh
# Sets the password of the web interface's only user, then starts the server.
set -eu

umask 077
python -c 'import json; print(json.dumps({"admin": open("/run/secrets/airflow_admin_password").read().strip()}))' \
  >"$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
exec airflow api-server
