"""Settings of a method of explanation, read from text and from JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pluriscope.analysis.errors import InvalidMethod, one_of

Value = str | bool | int | float
Settings = Mapping[str, Value]


@dataclass(frozen=True)
class Setting:
    """A setting of a method.

    Args:
        name: as it stands in commands and files.
        default: its value where nothing is said; its type is the setting's.
        meaning: one clause for people.
        choices: of a text the values allowed.
        low: of a number the least value allowed.
        high: and the largest.
        above: whether the least value itself is refused.
        reads: of a text without choices: gives it in its one spelling, or raises InvalidMethod.
        example: of such a text, for people.
        label: in forms; its name where there is none.
    """

    name: str
    default: Value
    meaning: str
    choices: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    reads: Callable[[str], str] | None = None
    example: str = ""
    label: str = ""

    def read(self, text: str, item: str) -> Value:
        """The value that a text says.

        Raises:
            InvalidMethod: it says none that is allowed; the cure names those that are.
        """
        given: Any = text
        if isinstance(self.default, bool):
            given = {"true": True, "false": False}.get(text, text)
        elif not isinstance(self.default, str):
            try:
                given = int(text) if isinstance(self.default, int) else float(text)
            except ValueError:
                given = text
        return self.checked(given, item)

    def checked(self, value: object, item: str) -> Value:
        """The value, if it is allowed.

        Raises:
            InvalidMethod: another type, out of range, no such choice, or a text that cannot be read.
        """
        if isinstance(self.default, bool):
            if isinstance(value, bool):
                return value
        elif isinstance(self.default, str):
            if isinstance(value, str) and self.reads is not None:
                return self.reads(value)
            if isinstance(value, str) and value in self.choices:
                return value
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300:  # no NaN either
            inside = self.low < value <= self.high if self.above else self.low <= value <= self.high
            if inside and isinstance(self.default, float):
                return float(value)
            if inside and value == int(value):
                return int(value)
        raise InvalidMethod(item, f"{self.name} is {str(value)[:40]!r}", f"use {self.allowed(value)}")

    def allowed(self, value: object = None) -> str:
        """The values allowed, in words; the one that is nearest to a wrong text first."""
        if isinstance(self.default, bool):
            return "true or false"
        if self.reads is not None:
            return f"a text such as {self.example}"
        if isinstance(self.default, str):
            return one_of(str(value), self.choices).removeprefix("use one of ")
        low, high = (f"{end:.10g}" if abs(end) < 1_000 else f"{end:,.0f}" for end in (self.low, self.high))
        least = "" if self.low == -math.inf else f" above {low}" if self.above else f" from {low}"
        most = "" if self.high == math.inf else f" up to {high}"
        return f"{'a whole number' if isinstance(self.default, int) else 'a number'}{least}{most}".replace("-", "−")


def filled(settings: Sequence[Setting], values: Mapping[str, object], item: str) -> dict[str, Value]:
    """A value for every setting, in their order.

    Raises:
        InvalidMethod: an unknown setting, with those that are known, or a value that is not allowed.
    """
    known = [setting.name for setting in settings]
    for name in values:
        if name not in known:
            cure = one_of(name, known) if known else "leave it out"
            raise InvalidMethod(item, f"setting {name[:40]!r} is unknown", cure)
    found: dict[str, Value] = {}
    for setting in settings:
        name = setting.name
        found[name] = setting.checked(values.get(name, setting.default), item)
    return found


def read_values(settings: Sequence[Setting], texts: Mapping[str, str], item: str) -> dict[str, object]:
    """The values that texts say; the text itself of an unknown setting, which :func:`filled` refuses.

    Raises:
        InvalidMethod: a text says no value that is allowed.
    """
    by_name = {setting.name: setting for setting in settings}
    return {name: by_name[name].read(text, item) if name in by_name else text for name, text in texts.items()}


def settings_text(key: str, settings: Settings) -> str:
    """A method with settings, as the command line takes it: ``key`` or ``key(name=value,…)``."""
    answer = ",".join(f"{name}={written(value)}" for name, value in settings.items())
    return f"{key}({answer})" if answer else key


def written(value: Value) -> str:
    """A value as a text that reads as that value."""
    if isinstance(value, bool):
        return str(value).lower()
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)
