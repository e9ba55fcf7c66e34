"""The example in a docstring, as a reader would copy it."""

from __future__ import annotations

import inspect
import re
from textwrap import dedent


def example_of(documented: type) -> str:
    """Return the code block of a class's docstring."""
    found = re.findall(
        r"^\.\. code-block:: python\n\n((?: {4}.*\n|\n)+)", inspect.getdoc(documented) or "", re.MULTILINE
    )
    (block,) = found
    return dedent(block)


def run_example(documented: type) -> None:
    """Run it, and nothing besides."""
    exec(compile(example_of(documented), f"example of {documented.__name__}", "exec"), {})
