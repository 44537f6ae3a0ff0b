"""A criterion with its settings: one step of a sequence that a user chose, written as text and read back.

Written ``key`` where every setting has its default, else ``key(name=value,name=value)``: only settings that differ from
their default, sorted by name. Read back are also blanks, any order, and settings at their default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

from pluriscope.analysis.criteria.criterion import Criterion, Kind
from pluriscope.analysis.criteria.registry import CRITERIA, EVERY, criterion_named
from pluriscope.analysis.errors import InvalidCriterion
from pluriscope.analysis.values.digest import canonical_json, sha256_hex

MAX_TEXT: Final = 200
_SHAPE: Final = re.compile(r"([a-z0-9-]+)(?:\((.*)\))?", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WRITE: Final = "write key or key(name=value,name=value), as in output-faithfulness(tolerance=.05)"


@dataclass(frozen=True)
class CriterionStep:
    """A criterion with a value for each of its parameters.

    Args:
        settings: the value of each parameter, all of them, as :meth:`Criterion.settings` checked them.
    """

    criterion: Criterion
    settings: Mapping[str, float | int]

    @classmethod
    def of(cls, criterion: Criterion, values: Mapping[str, object] | None = None) -> CriterionStep:
        """A criterion with these settings, the default for the others.

        Raises:
            InvalidCriterion: an unknown parameter, or a value out of range; the cure says what is allowed.
        """
        # + 0 turns −0 into 0, so that equal settings are written alike
        return cls(criterion, {name: value + 0 for name, value in criterion.settings(values).items()})

    @classmethod
    def parse(cls, text: str) -> CriterionStep:
        """Read a step from its text, such as ``margin(least=0.01)``.

        Raises:
            InvalidCriterion: another shape, an unknown key or parameter, or a value out of range; the cure lists the
                known ones or the range.
        """
        shape = _SHAPE.fullmatch("".join(text.split())) if len(text) <= MAX_TEXT else None
        if shape is None:
            raise InvalidCriterion(f"criterion {text[:40]!r}", "cannot be read", _WRITE)
        criterion = criterion_named(shape[1])
        given: dict[str, object] = {}
        for part in shape[2].split(",") if shape[2] else ():
            name, equals, value = part.partition("=")
            if not equals or name in given:
                cause = f"says {name[:40]!r} twice" if equals else f"has {part[:40]!r} where name=value should stand"
                raise InvalidCriterion(f"criterion {text[:40]!r}", cause, _WRITE)
            given[name] = _number(value)
        return cls.of(criterion, given)

    @property
    def key(self) -> str:
        return self.criterion.key

    @property
    def changed(self) -> dict[str, float | int]:
        """The settings that differ from their default, sorted by name."""
        defaults = self.criterion.defaults
        return {name: self.settings[name] for name in sorted(self.settings) if self.settings[name] != defaults[name]}

    @property
    def settings_digest(self) -> str:
        """12 hex digits of all settings, defaults included, so that a default that moves moves no verdict; and of the
        meaning of the key where that is not its first, so that a changed meaning takes over no verdict.
        """
        settings, version = dict(self.settings), self.criterion.version
        return sha256_hex(canonical_json(settings if version == 1 else [version, settings]))[:12]

    @cached_property
    def text(self) -> str:
        """The step as it is written: its key, with the settings that differ from the default."""
        changed = ",".join(f"{name}={_written(value)}" for name, value in self.changed.items())
        return f"{self.key}({changed})" if changed else self.key

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[object, ...]:
        """Criteria hold functions that cannot be sent to another process; their keys can."""
        return _restored, (self.key, dict(self.settings))

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CriterionStep) and self.text == other.text


def parse_steps(texts: Iterable[str]) -> tuple[CriterionStep, ...]:
    """Read a sequence of steps, each once: a second time nothing is left for it to do.

    Raises:
        InvalidCriterion: as :meth:`CriterionStep.parse`.
    """
    return tuple(dict.fromkeys(CriterionStep.parse(text) for text in texts))


@cache
def default_steps(kind: Kind | None = None) -> tuple[CriterionStep, ...]:
    """Return every criterion with its default settings, in the registry's order; those of one kind if
    ``kind`` is set.
    """
    return tuple(CriterionStep.of(criterion) for criterion in CRITERIA if kind is None or criterion.applies_to(kind))


def _restored(key: str, settings: dict[str, float | int]) -> CriterionStep:
    return CriterionStep(EVERY[key], settings)


def _number(text: str) -> object:
    """Read a number; any other text is left for the parameter to refuse with its range."""
    return float(text) if _NUMBER.fullmatch(text) else text


def _written(value: float | int) -> str:
    """The shortest text that reads back as the same number."""
    return str(value) if isinstance(value, int) else repr(value).removesuffix(".0")
