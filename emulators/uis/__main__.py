"""Starts the emulator: ``python -m emulators.uis --port 18090 --employees 10 --seed 1``."""

import argparse
import signal
import sys

from .account import Account
from .knobs import Knobs
from .server import Server


def main() -> None:
    """Read the arguments, print the address, serve."""
    parser = argparse.ArgumentParser(
        prog="python -m emulators.uis", description="A local UIS / CoMagic / Novofon account."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=18090, help="0 chooses a free one")
    parser.add_argument("--public-url", help="begins links to recordings; default: where it listens")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--employees", type=int, default=10)
    parser.add_argument("--knob", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    options = parser.parse_args()
    knobs = Knobs()
    for assignment in options.knob:
        name, _, value = assignment.partition("=")
        try:
            knobs.set(name, value)
        except ValueError as error:
            parser.error(str(error))
    try:
        account = Account(options.seed, options.employees, knobs)
    except ValueError as error:
        parser.error(str(error))
    # the server ends first and raises the signal again: that is a clean end, not a failure
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = Server(account, options.host, options.port, options.public_url)
    print(f"UIS emulator listens on {server.url}", flush=True)
    server.run()


if __name__ == "__main__":
    main()
