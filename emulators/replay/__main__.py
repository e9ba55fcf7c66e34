"""Serves a recorded archive: ``python -m emulators.replay trace.zip --port 18070``."""

from argparse import ArgumentParser
from pathlib import Path

from ..kit.command import serve
from .archive import Archive
from .server import replay_server


def main() -> None:
    """Read the arguments and serve the archive."""
    parser = ArgumentParser(prog="python -m emulators.replay", description="Replays a recorded archive.")
    parser.add_argument("archive", type=Path, help="the file that record_traffic of megaplan_doctor wrote")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=18070, help="0 chooses a free one")
    options = parser.parse_args()
    try:
        archive = Archive.read(options.archive)
    except (OSError, ValueError, KeyError) as error:
        parser.error(str(error))
    serve(replay_server(archive, options.host, options.port), "Replay")


if __name__ == "__main__":
    main()
