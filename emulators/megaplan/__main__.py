"""Starts the emulator: ``python -m emulators.megaplan --port 18080 --deals 2500 --seed 1``."""

import gc

from ..kit.command import argument_parser, parse_arguments, serve
from .account import Account
from .knobs import Knobs
from .server import Server


def main() -> None:
    """Read the arguments and serve the account."""
    parser = argument_parser("megaplan", "A local Megaplan account.", port=18080)
    parser.add_argument("--deals", type=int, default=2500)
    parser.add_argument("--contacts", type=int, help="default: two fifths of the deals")
    parser.add_argument("--login", default="demo@example.org")
    parser.add_argument("--password", default="demo-password")
    options = parse_arguments(parser, knobs := Knobs())
    account = Account(options.seed, options.deals, options.contacts, options.login, options.password, knobs)
    gc.collect()
    gc.freeze()  # the seeded rows stay: scanning them at every collection only causes pauses
    serve(Server(account, options.host, options.port), "Megaplan")


if __name__ == "__main__":
    main()
