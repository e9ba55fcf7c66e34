"""Starts the emulator: ``python -m emulators.uis --port 18090 --employees 10 --seed 1``."""

from ..kit.command import argument_parser, parse_arguments, serve
from .account import Account
from .knobs import Knobs
from .server import Server


def main() -> None:
    """Read the arguments and serve the account."""
    parser = argument_parser("uis", "A local UIS / CoMagic / Novofon account.", port=18090)
    parser.add_argument("--public-url", help="begins links to recordings; default: where it listens")
    parser.add_argument("--employees", type=int, default=10)
    options = parse_arguments(parser, knobs := Knobs())
    try:
        account = Account(options.seed, options.employees, knobs)
    except ValueError as error:
        parser.error(str(error))
    serve(Server(account, options.host, options.port, options.public_url), "UIS")


if __name__ == "__main__":
    main()
