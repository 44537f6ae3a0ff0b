"""Lists of explanations: sequences that say how many there are in all, filter, and become tables."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, ClassVar, Final, Generic, Self, TypeVar, overload

from markupsafe import Markup

from pluriscope.arguments import checked, unfit
from pluriscope.errors import InvalidOption, NotListed
from pluriscope.objects.counts import Count, counted
from pluriscope.objects.explanations import Explanation
from pluriscope.objects.findings import Findings
from pluriscope.objects.showing import FEW, ROWS_SHOWN, Row, aligned, arrow_stream, frame, heading, link, table

E = TypeVar("E", bound=Explanation)
_THUMB: Final = 120


def length(some: Sequence[int]) -> int:
    """Number of items, also where a range has more than ``len`` can return."""
    return len(some) if not isinstance(some, range) else max(0, -(-(some.stop - some.start) // some.step))


@dataclass(frozen=True, eq=False, repr=False)
@checked
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
    def _one(self, position: int) -> E:
        """The explanation at a place among all that are listed."""

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, at: int | str) -> E: ...
    @overload
    def __getitem__(self, at: slice) -> Self: ...
    def __getitem__(self, at: int | str | slice) -> E | Self:
        if isinstance(at, str):
            return self.named(at)
        try:
            return self._part(self.places[at]) if isinstance(at, slice) else self._one(int(self.places[at]))
        except (TypeError, ValueError):
            raise unfit("at", at, "a slice of whole numbers") from None
        except IndexError:
            cause, cure = f"is not there: {length(self.places):,} are listed", "count from 0, or from −1 back"
            if why := self.result.not_searched:
                cause, cure = f"is not there. {why.rstrip('.')}", "ask again with one of these or a smaller network"
            raise NotListed(f"place {at}", cause, cure) from None

    def __iter__(self) -> Iterator[E]:
        return map(self._one, self.places)

    def named(self, name: str) -> E:
        """The one with this id; of algorithms also by formula or text.

        Raises:
            NotListed: none of the listed ones has it; this is a KeyError, too.
        """
        for one in self:
            if name in one.names:
                return one
        raise self._lacks(name)

    def _lacks(self, name: str) -> NotListed:
        cause = f"is not among the {length(self.places):,} {self.noun} here"
        return NotListed(f"explanation {name[:60]!r}", cause, "take one from the list")

    def _position(self, one: Any) -> int | None:
        """The place of an equal one among all that are listed; None if there is none."""
        return next((position for position in self.places if self._one(position) == one), None)

    def __contains__(self, one: object) -> bool:
        return self._position(one) in self.places

    def index(self, one: object, start: int = 0, stop: int | None = None) -> int:
        """The place in this list of an explanation that is equal to one.

        Raises:
            NotListed: there is none; this is a ValueError, too.
        """
        position = self._position(one)
        if position in self.places and (found := self.places.index(position)) in range(length(self.places))[start:stop]:
            return found
        raise self._lacks(repr(one))

    def count(self, one: object) -> int:
        """Number of items equal to this one: 1 or 0."""
        return int(one in self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Listing):
            return NotImplemented
        if type(self) is not type(other) or self.total != other.total or self._content != other._content:
            return False
        mine, its = self.places, other.places  # ranges may be longer than any list
        return mine == its if type(mine) is type(its) else list(mine) == list(its)

    def __hash__(self) -> int:
        return hash((type(self), self.result.identity, self.total))

    @property
    def _content(self) -> Any:
        """Identity of the result that positions refer to."""
        return self.result.identity

    def _part(self, positions: Sequence[int]) -> Self:
        return replace(self, places=positions, total=Count(length(positions)), chosen=True)

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each."""
        return frame(map(self._row, self))

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The figures of each as a stream of Arrow, which pyarrow and DuckDB read."""
        return arrow_stream(self.rows(), requested_schema)

    def rows(self) -> list[Row]:
        """The figures of each, by name."""
        return list(map(self._row, self))

    def _row(self, one: E) -> Row:
        """The figures of one; of what is on no server without its address, since a path leads nowhere in a notebook."""
        return {name: value for name, value in one.row().items() if name != "address" or self.result.site}

    def _repr_html_(self) -> str:
        rows = [{"": one.thumb().image(_THUMB), **self._row(one)} for one in islice(self, ROWS_SHOWN)]
        rows = [row | {"address": link(str(row["address"]), "open")} if "address" in row else row for row in rows]
        n = length(self.places) - len(rows)
        more = f"and {n:,} more" if n else ""
        return str(heading(self._words) + table(rows) + Markup("<p>{}</p>").format(more))

    @property
    def _words(self) -> str:
        """Number of items in words."""
        if self.chosen:
            return f"{self.total} {self.noun}, a selection"
        n = length(self.places)
        listed = "" if self.total.bound == "unknown" or self.total == Count(n) else f", {n:,} of them listed"
        return f"{counted(self.total, self.noun)}{listed}"

    def __repr__(self) -> str:
        return aligned((one.row() for one in islice(self, FEW)), self._words, n=length(self.places))


@dataclass(frozen=True, eq=False, repr=False)
@checked
class Items(Listing[E]):
    """Explanations that are all at hand.

    Args:
        items: all that are listed.
    """

    items: tuple[E, ...] = ()

    @classmethod
    def of(cls, result: Findings, items: tuple[E, ...], total: Count | None = None) -> Self:
        """List of all items; their number is the total unless ``total`` is set."""
        return cls(result, range(len(items)), total or Count(len(items)), items=items)

    def _one(self, position: int) -> E:
        return self.items[position]

    @property
    def _content(self) -> Any:
        return self.items

    def where(self, holds: Callable[[E], bool]) -> Self:
        """Select items for which a function is true: ``algorithms.where(lambda one: one.is_placed)``.

        Raises:
            InvalidOption: the function fails.
        """
        try:
            return self._part([position for position in self.places if holds(self.items[position])])
        except Exception as problem:
            cause = f"fails: {type(problem).__name__}: {problem}"
            raise InvalidOption("holds", cause, "give a function of one explanation that is true or false") from problem

    def passing(self, *criteria: str) -> Self:
        """Select items that pass all of some criteria, written as keys or ``key(name=value)``.

        Raises:
            InvalidCriterion: it is unknown or not about such explanations.
        """
        return self.where(lambda one: all(one.verdict(key).outcome == "passed" for key in criteria))
