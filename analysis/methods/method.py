"""A method of explanation: what it is called, which subjects it is for, and what may be set; and a registry of some.

A discovery method answers with a circuit, a lens with numbers about inputs, neurons, layers or sites. What is asked of
perceptrons in one way and of other networks in another has two forms under one key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, Self, TypeVar, cast

from pluriscope.analysis.errors import InvalidMethod, nearest
from pluriscope.analysis.methods.settings import Setting, Value, filled
from pluriscope.analysis.plugins import joined
from pluriscope.analysis.values.late_functions import function_at


class HasTraits(Protocol):
    """A kind of subject, or a question about one, as far as methods ask about it."""

    def refuses(self, trait: str) -> str:
        """Return why a trait is lacking, a clause; "" where it is not."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of explanation, which applies to subjects that have what it needs.

    Args:
        key: stable name; records for different subjects may share it.
        label: short name for people.
        definition: one sentence: how it answers.
        source: where it comes from, and what its numbers agree with.
        needs: traits of the kind of subject.
        own: what may be set on it alone.
        version: raised when it answers otherwise; what a lower one has answered is marked, and made anew.
    """

    key: str
    label: str
    definition: str
    source: str
    needs: tuple[str, ...] = ()
    own: tuple[Setting, ...] = ()
    version: int = 1

    @property
    def forms(self) -> tuple[Self, ...]:
        """A record for each way in which it is asked."""
        return (self,)

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The settings of the method."""
        return self.own

    @property
    def answers(self) -> Callable[..., Any] | str | None:
        """The function that answers; a dotted path "module:function" if it learns by gradient descent, which loads
        torch.
        """
        raise NotImplementedError

    @property
    def learns(self) -> bool:
        """Whether the method learns by gradient descent, which takes seconds."""
        return isinstance(self.answers, str)

    @property
    def function(self) -> Callable[..., Any]:
        """The function that answers, loaded."""
        found: Any = function_at(self.answers) if isinstance(self.answers, str) else self.answers
        return cast(Callable[..., Any], found)

    @property
    def defaults(self) -> dict[str, Value]:
        """A value for each setting."""
        return self.filled({})

    def filled(self, values: Mapping[str, object], item: str = "") -> dict[str, Value]:
        """A value for every setting that takes part.

        Raises:
            InvalidMethod: an unknown setting, or a value that is not allowed.
        """
        return filled(self.settings, values, item or f"method {self.key}")

    def changed(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that differ from the defaults."""
        defaults = self.defaults
        return {name: value for name, value in settings.items() if defaults.get(name) != value}


M = TypeVar("M", bound=Method)


def records(group: str, *own: M) -> tuple[M, ...]:
    """Methods of the core, then those of plugins, in all their forms."""
    return tuple(form for one in joined(group, own, lambda one: (one.key, one.needs)) for form in one.forms)


def lacking(of: HasTraits, needs: Iterable[str]) -> str:
    """Return why not all traits that are needed are there, a sentence; "" where they are."""
    reason = next(filter(None, map(of.refuses, needs)), "")
    return f"{reason[:1].upper()}{reason[1:]}." if reason else ""


class Registry(Generic[M]):
    """Methods by key, in the order in which pages and documents list them.

    Args:
        noun: for one of them.
        records: of a key that has several the first one counts whose needs a subject meets.
    """

    def __init__(self, noun: str, records: tuple[M, ...]) -> None:
        self.noun, self.records = noun, records

    @cached_property
    def by_key(self) -> dict[str, M]:
        """The first record of each key, in order."""
        found: dict[str, M] = {}
        for one in self.records:
            found.setdefault(one.key, one)
        return found

    def of(self, kind: HasTraits) -> dict[str, M]:
        """Return the methods that apply to subjects of a kind, by key."""
        found: dict[str, M] = {}
        for one in self.records:
            if not lacking(kind, one.needs):
                found.setdefault(one.key, one)
        return found

    def n_changes(self, kind: HasTraits | None = None) -> int:
        """Count how often the versions of all records were raised, or of those for subjects of a kind."""
        return sum(one.version - 1 for one in (self.records if kind is None else self.of(kind).values()))

    def refusals(self, kind: HasTraits) -> dict[str, str]:
        """Return why the other methods do not apply to subjects of a kind, a sentence by key."""
        known = self.of(kind)
        return {key: lacking(kind, one.needs) for key, one in self.by_key.items() if key not in known}

    def label(self, key: str) -> str:
        """Return the label of a method; its key where no plugin brings it any more."""
        return self.by_key[key].label if key in self.by_key else key

    def named(self, key: str, kind: HasTraits) -> M:
        """The record of a key.

        Raises:
            InvalidMethod: there is none, or none for such subjects.
        """
        known = self.of(kind)
        if key in known:
            return known[key]
        refusal = self.refusals(kind).get(key, "").removesuffix(".")
        near = nearest(key, known)
        cure = f"did you mean {near}" if near else f"use one of {', '.join(known)}"
        cause = f"does not apply: {refusal}" if refusal else "is unknown"
        raise InvalidMethod(f"{self.noun} {key[:40]!r}", cause, cure)
