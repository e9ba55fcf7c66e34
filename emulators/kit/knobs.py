"""Knobs: settings for what is unknown about a vendor, contradictory, or worth breaking in a test.

A vendor declares its knobs as fields of a dataclass. Each can be given on the command line (``--knob name=value``)
and changed while running (``POST /_control/knobs``).
"""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

Share = Annotated[float, "a share from 0 to 1"]


@dataclass
class Knobs:
    """Settings of an emulator. The type of a field says which values it takes."""

    def set(self, name: str, value: Any) -> None:
        """Set a knob from text or JSON.

        :raises ValueError: unknown name, a value of another type or out of its range.
        """
        types = get_type_hints(type(self), include_extras=True)
        if name not in types:
            raise ValueError(f"unknown knob {name!r}, known: {', '.join(sorted(types))}")
        choices: tuple[str, ...] = get_args(types[name]) if get_origin(types[name]) is Literal else ()
        is_share = types[name] == Share
        kind: type[Any] = str if choices else float if is_share else types[name]
        if kind is bool and not isinstance(value, bool):
            text = str(value).lower()
            if text not in {"true", "false", "1", "0", "on", "off"}:
                raise ValueError(f"knob {name} is true or false, not {value!r}")
            value = text in {"true", "1", "on"}
        try:
            converted = kind(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"knob {name} is a {kind.__name__}, not {value!r}") from error
        if choices and converted not in choices:
            raise ValueError(f"knob {name} is one of {', '.join(choices)}, not {value!r}")
        if kind in {int, float} and converted < 0:
            raise ValueError(f"knob {name} is not below 0, so not {value!r}")
        if is_share and converted > 1:
            raise ValueError(f"knob {name} is a share from 0 to 1, not {value!r}")
        setattr(self, name, converted)

    def as_dict(self) -> dict[str, Any]:
        """Return all knobs by name."""
        return asdict(self)
