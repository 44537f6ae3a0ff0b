"""Lists of explanations: sequences that say how many there are in all, filter, and become tables."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, ClassVar, Final, Generic, Self, TypeVar, overload

from markupsafe import Markup

from pluriscope.counts import Count
from pluriscope.explanations import Explanation
from pluriscope.findings import Findings
from pluriscope.showing import ROWS_SHOWN, frame, heading, link, table

E = TypeVar("E", bound=Explanation)
_THUMB: Final = 120


@dataclass(frozen=True, eq=False, repr=False)
class Listing(Sequence[E], Generic[E]):
    """Explanations of one kind, as far as they are listed.

    Indexing gives an explanation, a slice another list. ``len`` is what is listed; :attr:`total` is how many there are.

    Args:
        result: what they were found in.
        places: of those in this list among all that are listed.
        total: how many there are, listed or not; of a part of a list as many as are in it.
        chosen: whether this is a part of a list.
    """

    result: Findings
    places: Sequence[int]
    total: Count
    chosen: bool = False
    noun: ClassVar[str]

    @abstractmethod
    def _one(self, place: int) -> E:
        """The explanation at a place among all that are listed."""

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, at: int | str) -> E: ...
    @overload
    def __getitem__(self, at: slice) -> Self: ...
    def __getitem__(self, at: int | str | slice) -> E | Self:
        if isinstance(at, slice):
            return self._part(self.places[at])
        return self.named(at) if isinstance(at, str) else self._one(int(self.places[at]))

    def named(self, name: str) -> E:
        """The one with this id; of algorithms also by formula or text.

        Raises:
            KeyError: none of the listed ones has it.
        """
        for one in self:
            if name in one.names:
                return one
        raise KeyError(name)

    def _part(self, places: Sequence[int]) -> Self:
        return replace(self, places=places, total=Count(len(places)), chosen=True)

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each."""
        return frame(one.row() for one in self)

    def _repr_html_(self) -> str:
        rows = [
            {"": one.thumb().image(_THUMB), **one.row(), "address": link(one.address, "open")}
            for one in islice(self, ROWS_SHOWN)
        ]
        if not self.result.site:  # a path leads nowhere in a notebook
            rows = [{name: value for name, value in row.items() if name != "address"} for row in rows]
        more = f"and {len(self) - len(rows):,} more" if len(self) > len(rows) else ""
        return heading(repr(self)[1:-1]) + table(rows) + Markup("<p>{}</p>").format(more)

    def __repr__(self) -> str:
        if self.chosen:
            return f"<{len(self):,} {self.noun}, a selection>"
        listed = "" if self.total == Count(len(self)) else f", {len(self):,} of them listed"
        return f"<{self.total} {self.noun}{listed}>"


@dataclass(frozen=True, eq=False, repr=False)
class Items(Listing[E]):
    """Explanations that are all at hand.

    Args:
        items: all that are listed.
    """

    items: tuple[E, ...] = ()

    @classmethod
    def of(cls, result: Findings, items: tuple[E, ...], total: Count | None = None) -> Self:
        """A list of all of them; as many as there are if nothing is said."""
        return cls(result, range(len(items)), total or Count(len(items)), items=items)

    def _one(self, place: int) -> E:
        return self.items[place]

    def where(self, holds: Callable[[E], bool]) -> Self:
        """Those for which a function of them is true: ``algorithms.where(lambda one: one.is_aligned)``."""
        return self._part([place for place in self.places if holds(self.items[place])])

    def passing(self, *criteria: str) -> Self:
        """Those that pass every one of some criteria, given as keys or ``key(name=value)``.

        Raises:
            InvalidCriterion: it is unknown or not about such explanations.
        """
        return self.where(lambda one: all(one.verdict(key).outcome == "passed" for key in criteria))
