"""Exits with 0 if a component of this Airflow is healthy: ``python check_health.py scheduler``.

Asks the API server, which knows every component's last heartbeat. ``airflow jobs check`` does the same, but takes
several seconds of CPU, since it loads all of Airflow.
"""

import json
import sys
import urllib.request

URL = "http://api-server:8080/api/v2/monitor/health"


def main() -> int:
    """Print the component's status and return the exit code."""
    component = sys.argv[1]
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with directly.open(URL, timeout=8) as answer:
            status = json.load(answer)[component]["status"]
    except (OSError, ValueError, KeyError) as error:
        status = f"unknown: {error!r}"
    print(component, status)
    return 0 if status == "healthy" else 1


if __name__ == "__main__":
    sys.exit(main())
