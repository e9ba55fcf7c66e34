"""The command that starts an emulator: ``python -m emulators.<vendor>``."""

import signal
import sys
from argparse import ArgumentParser, Namespace

from .knobs import Knobs
from .server import Server


def argument_parser(vendor: str, description: str, port: int) -> ArgumentParser:
    """Return a parser with the arguments that all emulators have."""
    parser = ArgumentParser(prog=f"python -m emulators.{vendor}", description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=port, help="0 chooses a free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--knob", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    return parser


def parse_arguments(parser: ArgumentParser, knobs: Knobs) -> Namespace:
    """Return the arguments, and set the knobs they name."""
    options = parser.parse_args()
    for assignment in options.knob:
        name, _, value = assignment.partition("=")
        try:
            knobs.set(name, value)
        except ValueError as error:
            parser.error(str(error))
    return options


def serve(server: Server, name: str) -> None:
    """Print the address and serve until the process is stopped."""
    # the server ends first and raises the signal again: that is a clean end, not a failure
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"{name} emulator listens on {server.url}", flush=True)
    server.run()
