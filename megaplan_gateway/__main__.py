"""Start the gateway: ``python -m megaplan_gateway --host 127.0.0.1 --port 8070``."""

from __future__ import annotations

import argparse
import gc
import logging
import sys

from megaplan_gateway.accounts.airflow_connections import (
    read_accounts,
    read_notice_setting,
    read_postgres_address,
)
from megaplan_gateway.app import build_app
from megaplan_gateway.http.server import Server
from megaplan_gateway.logs import configure_logging
from megaplan_gateway.options import Options
from megaplan_gateway.service import Gateway
from megaplan_sync.kernel.exceptions import MissingConnectionError


def main() -> None:
    """Parse the arguments and serve until stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m megaplan_gateway", description="The live lane of telephony."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to bind to")
    parser.add_argument("--port", type=int, default=8070)
    parser.add_argument("--reload-seconds", type=float, default=30, help="how often to reload connections")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    arguments = parser.parse_args()
    try:
        conninfo = read_postgres_address()
    except MissingConnectionError as error:
        sys.exit(str(error))
    gateway = Gateway(
        conninfo, read_accounts, Options(reload_seconds=arguments.reload_seconds), read_notice_setting
    )
    configure_logging(arguments.log_level)
    gc.collect()
    gc.freeze()  # Airflow's modules are never freed, so scanning them in every collection only adds pauses
    server = Server(build_app(gateway), arguments.host, arguments.port)
    logging.getLogger("megaplan_gateway").info("gateway listening", extra={"address": server.url})
    server.run()


if __name__ == "__main__":
    main()
