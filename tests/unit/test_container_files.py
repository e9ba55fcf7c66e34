"""What the image is built from is what the build is given."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def test_the_build_is_given_everything_that_the_dockerfile_copies() -> None:
    dockerfile = (CHECKOUT / "Dockerfile").read_text()
    copied = {
        source.rstrip("/")
        for line in re.findall(r"^COPY (.+)$", dockerfile, flags=re.MULTILINE)
        for source in line.split()[:-1]
        if not source.startswith("--")
    }
    let_in = {
        line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert copied == let_in
    assert all((CHECKOUT / name).exists() for name in copied)
