"""Starts the emulator: ``python -m emulators.megaplan --port 18080 --deals 2500 --seed 1``."""

import argparse
import gc

from .account import Account
from .knobs import Knobs
from .server import Server


def main() -> None:
    """Read the arguments, print the address, serve."""
    parser = argparse.ArgumentParser(
        prog="python -m emulators.megaplan", description="A local Megaplan account."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=18080, help="0 chooses a free one")
    parser.add_argument("--deals", type=int, default=2500)
    parser.add_argument("--contacts", type=int, help="default: two fifths of the deals")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--login", default="demo@example.org")
    parser.add_argument("--password", default="demo-password")
    parser.add_argument("--knob", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    options = parser.parse_args()
    knobs = Knobs()
    for assignment in options.knob:
        name, _, value = assignment.partition("=")
        try:
            knobs.set(name, value)
        except ValueError as error:
            parser.error(str(error))
    account = Account(options.seed, options.deals, options.contacts, options.login, options.password, knobs)
    gc.collect()
    gc.freeze()  # the seeded rows stay: looking through them again and again only makes pauses
    server = Server(account, options.host, options.port)
    print(f"Megaplan emulator listens on {server.url}", flush=True)
    server.run()


if __name__ == "__main__":
    main()
