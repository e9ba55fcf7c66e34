#!/bin/sh
# Creates or upgrades Airflow's tables, and lets the gateway read the connections and Variables in them.
set -eu

airflow db migrate
python /opt/airflow/docker/grant_gateway.py \
  "$(cat /run/secrets/metadata_address)" "$(cat /run/secrets/gateway_metadata_address)"
