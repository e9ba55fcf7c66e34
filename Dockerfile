# Airflow 3.3 with this project, for docker-compose.yaml. Why this base image: docs/decisions/0009.
FROM python:3.11-slim-bookworm

ENV AIRFLOW_HOME=/opt/airflow \
    PATH=/opt/airflow/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

# Group 0 owns the files, as in Airflow's own image, so that the container also works under another user id.
RUN useradd --uid 50000 --gid 0 --home-dir /opt/airflow --no-create-home airflow \
    && mkdir -p /opt/airflow/logs /opt/airflow/plugins /opt/airflow/include/sql \
    && chown -R airflow:0 /opt/airflow \
    && chmod -R g=u /opt/airflow
USER airflow
WORKDIR /opt/airflow

# Editable: the installed packages are the files under plugins/, mounted or copied. Before the code is copied, so
# that a change of code does not install everything anew.
COPY --chown=airflow:0 pyproject.toml constraints.txt README.md LICENSE ./
ARG EXTRAS=celery,gateway
RUN python3 -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir -c constraints.txt -e ".[$EXTRAS]"

COPY --chown=airflow:0 dags/ dags/
COPY --chown=airflow:0 emulators/ emulators/
COPY --chown=airflow:0 megaplan_gateway/ megaplan_gateway/
COPY --chown=airflow:0 include/ include/
COPY --chown=airflow:0 plugins/ plugins/
COPY --chown=airflow:0 docker/ docker/

EXPOSE 8080 8070
CMD ["airflow", "version"]
