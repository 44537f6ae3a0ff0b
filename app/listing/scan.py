"""One pass over columns: what is filtered, counted by facets, sorted and shown page after page.

Each kind of what is listed is a shelf of columns (:mod:`app.db.reads.explanation_shelves`). A pass over a shelf tests
every condition, counts each facet under the conditions of all others, and keeps the first few of the order behind the
cursor; the few of the shelves are then merged. All counts are exact. What a kind does not have (an algorithm has no
edges) passes no condition about it, and sorts last in either direction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.result import FRAGILE_MARGIN
from analysis.networks.circuit import EdgeLayout
from app.db.reads.explanation_shelves import (
    EDGE_BITS,
    KINDS,
    MAX_NEURONS,
    CircuitShelf,
    Columns,
    Kind,
    Shelf,
    count_uses,
    in_words,
)

Passing = NDArray[np.bool_]
Test = Callable[[Columns], Passing]
Beyond = Callable[[NDArray[Any], NDArray[np.int64]], Passing]
"""Which of some values, at some positions, lie beyond a cursor."""
ColumnTest = tuple[tuple[str, ...], Test]
"""The columns that are looked at, and what fulfils the test."""
COUNTED: Final = ("edges", "neurons", "algorithm", "story")
_SIZES: Final = ("edges", "neurons")
SHARES: Final = ("coverage", "accuracy")
SHARE_STEPS: Final = 10  # shares are counted in tenths, 1 apart


@dataclass(frozen=True)
class Condition:
    """Something that explanations must fulfil.

    Args:
        facet: the facet that it belongs to; that facet is counted without it.
        label: in words.
        tests: for each kind that it speaks about the columns it looks at and the test; others never fulfil it.
        without: how the options change where it is left out.
        narrows: whether its own facet is counted with it too, as where several may be chosen that must all hold.
        always: kinds all of which fulfil it, so that nothing needs to be looked at.
    """

    facet: str
    label: str
    tests: Mapping[Kind, ColumnTest]
    without: Mapping[str, Any]
    narrows: bool = False
    always: frozenset[Kind] = frozenset()


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: behind this explanation.

    Args:
        value: of the sort column, None if the explanation has none.
        kind: its kind.
        identity: mask, algorithm id, or ``ALGORITHM.ALIGNMENT``.
    """

    value: Any
    kind: Kind
    identity: str


@dataclass
class FacetCounts:
    """How many explanations of the chosen kinds have what, each facet under the conditions of all others.

    Args:
        kinds: explanations of each kind, chosen or not, that fulfil all conditions.
        values: facet → value → how many.
        edges: for each edge, circuits that keep it.
        neurons: for each hidden neuron, explanations that use it.
        flags: name of a Boolean column → how many.
        fragile: how many have a margin below the limit, and how many have a margin at all.
        ranks: rank of the number of interpretations → circuits.
        passing: what fulfils all conditions, packed, part by part; absent where everything does.
        after: explanations left after each condition in turn, from the first.
    """

    kinds: Counter[Kind] = field(default_factory=Counter)
    values: dict[str, Counter[Any]] = field(default_factory=lambda: {name: Counter() for name in (*COUNTED, *SHARES)})
    edges: NDArray[np.int64] | None = None
    neurons: NDArray[np.int64] | None = None
    flags: Counter[str] = field(default_factory=Counter)
    fragile: int = 0
    with_margin: int = 0
    valid: int = 0
    failing: int = 0
    ranks: NDArray[np.int64] | None = None
    passing: dict[Kind, list[NDArray[np.uint8]]] = field(default_factory=dict)
    after: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, dtype=np.int64))


@dataclass(frozen=True)
class Found:
    """One page.

    Args:
        items: kind and position of each explanation.
        total: on all pages.
        more: whether others follow.
        facets: counts.
    """

    items: list[tuple[Kind, int]]
    total: int
    more: bool
    facets: FacetCounts


NOTHING: Final = Found([], 0, False, FacetCounts())


@dataclass(frozen=True)
class Order:
    """What a list is sorted by.

    Args:
        sort: name of a column; of others, as "kind" and "mask", for the order of the kinds and of their shelves.
        descending: whether the largest comes first; ties turn with it, what has no value stays last.
        after: where the page begins.
        limit: most explanations.
        kinds: in the order of the list.
    """

    sort: str
    descending: bool
    after: Cursor | None
    limit: int
    kinds: Sequence[Kind] = KINDS

    @property
    def absent(self) -> float:
        """What stands for "no value": it sorts last."""
        return -np.inf if self.descending else np.inf


@dataclass(frozen=True)
class Facets:
    """What is counted besides the totals.

    Args:
        layout: edges of the network cut to the output.
        flags: Boolean columns.
        figures: of kinds stored as columns the columns whose values are counted.
        known: fills in the counts of a shelf if they were kept, all of it fulfilling every condition; says whether it
            did.
        only_parts: whether nothing is counted but how many circuits keep each edge and use each neuron.
    """

    layout: EdgeLayout
    flags: Sequence[str] = ()
    figures: Mapping[Kind, Sequence[str]] = field(default_factory=dict)
    known: Callable[[Kind, FacetCounts], bool] = lambda _kind, _counts: False
    only_parts: bool = False


def find(
    shelves: Sequence[Shelf],
    chosen: frozenset[Kind],
    conditions: Sequence[Condition],
    order: Order,
    counted: Facets | None = None,
) -> Found:
    """One page of the explanations that fulfil all conditions, with the counts of every facet.

    Args:
        shelves: those to look at, of chosen kinds or not.
        chosen: the kinds that are listed; facets count these only.
        conditions: in the order in which the user sees them.
        order: of the list.
        counted: the facets; None if only totals are asked for.

    Raises:
        NotFound: the cursor names an explanation that is gone.
    """
    facets = FacetCounts(after=np.zeros(len(conditions) + 1, dtype=np.int64))
    found: list[tuple[Any, int, int]] = []
    for shelf in shelves:
        scan = _Scan(shelf, shelf.kind in chosen, conditions, order, counted, facets)
        whole = all(shelf.kind in condition.always for condition in conditions)
        known = whole and counted is not None and counted.known(shelf.kind, facets)
        found += scan.run(counting=not known)
    found.sort(reverse=order.descending)
    items = [(order.kinds[rank], position) for _, rank, position in found]
    total = sum(facets.kinds[kind] for kind in chosen)
    return Found(items[: order.limit], total, len(items) > order.limit, facets)


class _Scan:
    """One pass over one shelf."""

    def __init__(
        self,
        shelf: Shelf,
        listed: bool,
        conditions: Sequence[Condition],
        order: Order,
        counted: Facets | None,
        facets: FacetCounts,
    ) -> None:
        self._shelf, self._listed, self._order, self._facets = shelf, listed, order, facets
        self._conditions, self._only_total = conditions, counted is None
        self._only_parts = counted is not None and counted.only_parts
        wanted = counted or Facets(EdgeLayout(()))
        self._layout, self._figures = wanted.layout, wanted.figures.get(shelf.kind, ())
        self._whole = [shelf.kind in condition.always for condition in conditions]
        self._tests = [condition.tests.get(shelf.kind) for condition in conditions]
        # circuits stand in the order of their masks
        self._sort = order.sort if order.sort in shelf.names and order.sort != "mask" else ""
        self._flags = [flag for flag in wanted.flags if flag in shelf.names]
        # some circuits have no interpretation
        self._only_with = isinstance(shelf, CircuitShelf) and shelf.kind == "interpretation" and shelf.some_without

    def run(self, *, counting: bool) -> list[tuple[Any, int, int]]:
        """Count, and return the first few as (value, rank of the kind, position)."""
        shelf, order = self._shelf, self._order
        never = any(test is None and not whole for test, whole in zip(self._tests, self._whole, strict=True))
        if never and not self._listed:
            return []
        if never:  # nothing fulfils all conditions; only how far each kind gets is still asked
            for positions, columns in shelf.steps(self._columns(counting=False)):
                self._count_in_turn(self._passes(columns), len(positions))
            return []
        first = FirstFew(order.limit + 1, order.descending)
        beyond, stretch = (self._behind(), None) if self._sort else (None, self._stretch())
        for positions, columns in shelf.steps(self._columns(counting)):
            passes = self._passes(columns)
            every = self._all(passes)
            if counting:
                self._count(columns, passes, every, len(positions))
            if not self._listed:
                continue
            if stretch is not None:
                start, stop = max(positions.start, stretch.start), min(positions.stop, stretch.stop)
                here = None if every is None else every[start - positions.start : max(stop - positions.start, 0)]
                first.add_alike(order.absent, range(start, stop), here)
                continue
            values = columns[self._sort]
            if values.dtype.kind == "f":
                values = np.where(np.isnan(values), order.absent, values)
            chosen = None if beyond is None else beyond(values, np.arange(positions.start, positions.stop))
            chosen = every if chosen is None else chosen if every is None else chosen & every
            first.add(values, positions, chosen)
        rank = order.kinds.index(shelf.kind)
        return [(value, rank, position) for value, position in zip(first.values, first.positions, strict=True)]

    def _columns(self, counting: bool) -> set[str]:
        names = {name for test in self._tests if test is not None for name in test[0]}
        if self._only_with:
            names.add("interpretations")
        if self._listed and self._sort:
            names.add(self._sort)
        if counting:
            names |= {name for name in self._counted() if name in self._shelf.names}
        return names

    def _counted(self) -> tuple[str, ...]:
        """Columns that facets count."""
        if self._only_total:
            return ()
        if self._only_parts:
            return (EDGE_BITS,)
        if not self._listed:  # only how many there are, and for circuits how many interpretations
            return ("interpretations",) if isinstance(self._shelf, CircuitShelf) else ()
        more = ("interpretations",) if isinstance(self._shelf, CircuitShelf) else ()
        names = (*COUNTED, *SHARES, EDGE_BITS, "used", "margin", "valid")
        return (*names, *self._flags, *self._figures, *more)

    def _passes(self, columns: Columns) -> list[Passing | None]:
        """What fulfils each condition, None where nothing of this kind does; in front, what is there at all."""
        there = [columns["interpretations"] > 0] if self._only_with else []
        return [*there, *(None if test is None else test[1](columns) for test in self._tests)]

    def _all(self, passes: Sequence[Passing | None], *without: str) -> Passing | None:
        """What fulfils all conditions but those of some facets; None for everything."""
        every: Passing | None = None
        facets = [""] * self._only_with + ["" if c.narrows else c.facet for c in self._conditions]
        for facet, passing in zip(facets, passes, strict=True):
            if passing is not None and facet not in without:
                every = passing if every is None else every & passing
        return every

    def _count(self, columns: Columns, passes: Sequence[Passing | None], every: Passing | None, n: int) -> None:
        facets, kind = self._facets, self._shelf.kind
        facets.kinds[kind] += n if every is None else int(np.count_nonzero(every))
        if self._only_total:
            return
        if self._only_parts:
            self._count_parts(columns[EDGE_BITS], every)
            return
        if every is not None:  # steps are whole blocks, so bytes do not straddle them
            facets.passing.setdefault(kind, []).append(np.packbits(every, bitorder="little"))
        chosen_here = _chosen(every)
        if kind == "circuit":
            facets.ranks = added(facets.ranks, _histogram(columns["interpretations"], chosen_here))
        if not self._listed:
            return
        self._count_in_turn(passes, n)
        for name, counts in self._histograms(columns, passes, every, chosen_here):
            places = np.flatnonzero(counts)
            facets.values[name].update(dict(zip(places.tolist(), counts[places].tolist(), strict=True)))
        for name in self._figures:
            facet = figure_facet(kind, name)
            values, numbers = np.unique(_of(columns[name], self._without(facet, passes, every)), return_counts=True)
            counter = facets.values.setdefault(facet, Counter())
            counter.update(dict(zip(map(written_figure, values.tolist()), numbers.tolist(), strict=True)))
        for name in SHARES:
            if name in columns:
                shares = _of(columns[name], self._without(name, passes, every))
                tenths = np.floor(shares[~np.isnan(shares)] * SHARE_STEPS + 1e-9).astype(np.int64)
                facets.values[name].update(tenths.tolist())
        if "margin" in columns:
            margins, chosen = columns["margin"], self._without("fragile", passes, every)
            facets.fragile += _number(_is_fragile(margins), chosen)
            facets.with_margin += _number(~np.isnan(margins), chosen)
        self._count_standing(columns, self._without("standing", passes, every), n)
        for flag in self._flags:
            facets.flags[flag] += _number(columns[flag], every)
        if EDGE_BITS in columns:
            self._count_parts(columns[EDGE_BITS], every)
        if "used" in columns:
            used = _of(columns["used"], every)
            n_neurons = min(sum(self._layout.sizes[1:-1]), MAX_NEURONS)
            users = [int(np.count_nonzero(used & np.uint64(1 << neuron))) for neuron in range(n_neurons)]
            facets.neurons = added(facets.neurons, np.array(users, dtype=np.int64))

    def _histograms(
        self,
        columns: Columns,
        passes: Sequence[Passing | None],
        every: Passing | None,
        chosen_here: _Chosen | None,
    ) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """How often each value of the counted columns occurs."""
        names = [name for name in COUNTED if name in columns]
        own = {name: self._tests_of(name) for name in _SIZES}
        if set(names) >= set(_SIZES) and all(test is not None and test[0] == (n,) for n in _SIZES for test in own[n]):
            some = _chosen(self._all(passes, *_SIZES)) if any(own.values()) else chosen_here
            tests = [[test[1] for test in own[name] if test is not None] for name in _SIZES]
            yield from zip(_SIZES, _histograms_of_two([columns[name] for name in _SIZES], some, tests), strict=True)
            names = [name for name in names if name not in _SIZES]
        for name in names:
            which = self._without(name, passes, every)
            yield name, _histogram(columns[name], chosen_here if which is every else _chosen(which))

    def _tests_of(self, facet: str) -> list[ColumnTest | None]:
        """The tests of the conditions that a facet is counted without."""
        both = zip(self._conditions, self._tests, strict=True)
        return [test for condition, test in both if condition.facet == facet and not condition.narrows]

    def _count_in_turn(self, passes: Sequence[Passing | None], n: int) -> None:
        """Explanations left after each condition in turn."""
        left: Passing | None = None
        if self._only_with:
            left = passes[0]
        after = self._facets.after
        after[0] += n if left is None else int(np.count_nonzero(left))
        for number, (passing, whole) in enumerate(zip(passes[self._only_with :], self._whole, strict=True), start=1):
            if passing is None and not whole:
                return
            if passing is not None:
                left = passing if left is None else left & passing
            after[number] += n if left is None else int(np.count_nonzero(left))

    def _count_standing(self, columns: Columns, chosen: Passing | None, n: int) -> None:
        n_chosen = n if chosen is None else int(np.count_nonzero(chosen))
        valid = _number(columns["valid"], chosen) if "valid" in columns else n_chosen
        self._facets.valid += valid
        self._facets.failing += n_chosen - valid

    def _count_parts(self, kept: NDArray[np.uint64], chosen: Passing | None) -> None:
        """How many circuits keep each edge and use each hidden neuron."""
        if chosen is not None:
            kept = kept & in_words(np.packbits(chosen, bitorder="little"))
        edges, neurons = count_uses(kept, self._layout)
        self._facets.edges = added(self._facets.edges, edges)
        self._facets.neurons = added(self._facets.neurons, neurons)

    def _without(self, facet: str, passes: Sequence[Passing | None], every: Passing | None) -> Passing | None:
        """What fulfils all conditions of other facets."""
        if any(condition.facet == facet and not condition.narrows for condition in self._conditions):
            return self._all(passes, facet)
        return every

    def _behind(self) -> Beyond | None:
        """What of a shelf that has the column of the order comes after the cursor; None for everything."""
        if self._order.after is None or not self._listed:
            return None
        equal, bound = self._cursor(self._order.after)
        descending = self._order.descending
        return lambda values, positions: behind(values, positions, equal, bound, descending=descending)

    def _stretch(self) -> range:
        """What of a shelf without that column, all of which has one value, comes after the cursor."""
        whole, order = range(self._shelf.n), self._order
        if order.after is None or not self._listed:
            return whole
        (low, high), bound = self._cursor(order.after)
        if low <= order.absent <= high:
            return whole[:bound] if order.descending else whole[bound:]
        return whole if (order.absent < low if order.descending else order.absent > high) else range(0)

    def _cursor(self, after: Cursor) -> tuple[tuple[Any, Any], int]:
        """The least and the largest value that equals the cursor's, and where what comes behind it begins among these;
        in descending order, where it ends.
        """
        shelf, order = self._shelf, self._order
        here, there = order.kinds.index(shelf.kind), order.kinds.index(after.kind)
        position = 0
        if here == there:
            position, found = shelf.locate(after.identity)
            bound = position if order.descending else position + found
        elif order.descending:
            bound = shelf.n if here < there else 0
        else:
            bound = 0 if here > there else shelf.n
        if after.value is None:
            return (order.absent, order.absent), bound
        return shelf.equal_to(self._sort, after.value) if self._sort else (after.value, after.value), bound


def fulfils(conditions: Sequence[Condition], kind: Kind, columns: Columns) -> Passing | None:
    """What of a kind fulfils all conditions, each of which speaks about it; None for everything."""
    tests = [condition.tests[kind][1](columns) for condition in conditions]
    return np.logical_and.reduce(tests) if tests else None


def column_test(name: str, test: Callable[[Any], Any] | None = None) -> ColumnTest:
    """A test of one column, as a condition takes it; None for a column that is the outcome itself."""
    return (name,), lambda columns: columns[name] if test is None else test(columns[name])


def at_least(name: str, bound: float) -> ColumnTest:
    """Whether a column is a bound or above it."""
    return column_test(name, lambda column: column >= bound)


def at_most(name: str, bound: float) -> ColumnTest:
    """Whether a column is a bound or below it."""
    return column_test(name, lambda column: column <= bound)


def below_bound(name: str, bound: float) -> ColumnTest:
    """Whether a column is below a bound."""
    return column_test(name, lambda column: column < bound)


def any_of(name: str, values: frozenset[str]) -> ColumnTest:
    """Whether a column has one of these values, written as addresses write them."""

    def test(column: NDArray[Any]) -> Passing:
        chosen = [value for value in np.unique(column).tolist() if written_figure(value) in values]
        return np.isin(column, chosen)

    return column_test(name, test)


def figure_facet(kind: Kind, column: str) -> str:
    """The facet of a column of a kind stored as columns."""
    return f"figure {kind}.{column}"


def written_figure(value: Any) -> str:
    """A value of a column as addresses write it."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


_MANY: Final = 16_384  # numbers from which on pairs are counted: there are up to 65,536 different ones


def _is_fragile(margins: Any) -> Any:
    return margins < FRAGILE_MARGIN


def _of(column: NDArray[Any], chosen: Passing | None) -> NDArray[Any]:
    return column if chosen is None else column[chosen]


def _number(which: Passing, chosen: Passing | None) -> int:
    """How many of the chosen ones something holds of."""
    return int(np.count_nonzero(which if chosen is None else which & chosen))


@dataclass(frozen=True, eq=False)
class _Chosen:
    """Some rows of which several columns are counted.

    Args:
        which: ``[rows]`` whether each is chosen.
    """

    which: Passing

    @cached_property
    def n(self) -> int:
        """How many are chosen."""
        return int(np.count_nonzero(self.which))

    @property
    def few(self) -> bool:
        """Whether they are fewer than half: then they are taken out; else the others are counted along as zeros."""
        return 2 * self.n < len(self.which)

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Where they stand."""
        return np.flatnonzero(self.which)


def _chosen(which: Passing | None) -> _Chosen | None:
    return None if which is None else _Chosen(which)


def _histogram(column: NDArray[Any], chosen: _Chosen | None) -> NDArray[np.int64]:
    """How often the chosen ones have each value, which are small natural numbers; None for everything."""
    if chosen is None:
        return _how_often(column)
    if chosen.few:
        return _how_often(column.take(chosen.places))
    counts = _how_often(column * chosen.which)
    if len(counts):
        counts[0] -= len(column) - chosen.n
    return counts


def _how_often(column: NDArray[Any]) -> NDArray[np.int64]:
    """How often each value occurs, of small natural numbers; those of one byte are counted two at a time."""
    if column.dtype != np.uint8 or len(column) < _MANY:
        return np.bincount(column)
    n_pairs = len(column) // 2
    found = np.bincount(np.ascontiguousarray(column[: 2 * n_pairs]).view(np.uint16))
    of_pairs = np.zeros((-(-len(found) // 256), 256), dtype=np.int64)
    of_pairs.ravel()[: len(found)] = found
    counts = added(of_pairs.sum(axis=0), of_pairs.sum(axis=1))
    return np.trim_zeros(added(counts, np.bincount(column[2 * n_pairs :])), "b")


def _histograms_of_two(
    columns: Sequence[NDArray[Any]], chosen: _Chosen | None, tests: Sequence[Sequence[Test]] = ((), ())
) -> list[NDArray[np.int64]]:
    """The same of edges and neurons, counted together as numbers of two digits.

    Args:
        columns: of edges and of neurons.
        chosen: what is counted; None for everything.
        tests: of edges, which neurons are counted under, and of neurons, which edges are counted under.
    """
    if chosen is not None and chosen.few:
        columns, chosen = [column.take(chosen.places) for column in columns], None
    if not len(columns[0]):
        return [np.zeros(0, dtype=np.int64)] * 2
    lows = [int(column.min()) for column in columns]
    spans = [int(column.max()) - low + 1 for column, low in zip(columns, lows, strict=True)]
    small = np.uint8 if spans[0] * spans[1] <= 255 else np.uint16
    digits = [(column - column.dtype.type(low)).astype(small) for column, low in zip(columns, lows, strict=True)]
    found = _histogram(digits[0] * small(spans[1]) + digits[1], chosen)
    table = np.zeros(spans, dtype=np.int64)
    table.ravel()[: len(found)] = found
    passing = [np.ones(span, dtype=np.bool_) for span in spans]
    for name, low, span, own, passes in zip(_SIZES, lows, spans, tests, passing, strict=True):
        for test in own:
            passes &= test({name: np.arange(low, low + span)})
    counts = table[:, passing[1]].sum(axis=1), table[passing[0]].sum(axis=0)
    return [np.concatenate([np.zeros(low, dtype=np.int64), some]) for low, some in zip(lows, counts, strict=True)]


def added(total: NDArray[np.int64] | None, more: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts added, the shorter ones filled up with zeros."""
    if total is None:
        return more
    longer, shorter = (more, total) if len(more) > len(total) else (total, more)
    sums = longer.copy()
    sums[: len(shorter)] += shorter
    return sums


class FirstFew:
    """The first few of all rows seen so far.

    Args:
        n: how many.
        descending: whether the largest value comes first, and the largest position among equals.
    """

    def __init__(self, n: int, descending: bool) -> None:
        self._n, self._descending = n, descending
        self._values: NDArray[Any] | None = None
        self._positions = np.empty(0, dtype=np.int64)

    @property
    def positions(self) -> list[int]:
        """Their positions, in order."""
        return self._positions.tolist()

    @property
    def values(self) -> list[Any]:
        """Their values, in order."""
        return [] if self._values is None else self._values.tolist()

    @property
    def full(self) -> bool:
        """Whether there are as many as wanted."""
        return self._values is not None and len(self._values) == self._n

    def add(self, values: NDArray[Any], positions: range | NDArray[np.int64], chosen: NDArray[np.bool_] | None) -> None:
        """See more rows, at ascending positions, of equal values higher than before; only the chosen ones count."""
        places = None
        if self._values is not None and self.full:
            last = self._values[-1]
            places = np.flatnonzero(_both(values > last if self._descending else values < last, chosen))
            if self._descending:  # then a later row of the same value comes before it too
                equal = _last_places(_both(values == last, chosen), self._n)
                places = np.sort(np.concatenate([places, equal]))
        elif chosen is not None:
            places = np.flatnonzero(chosen)
        if places is not None:
            values = values[places]
        if len(values) > self._n:
            few = self._few(values)
            values, places = values[few], few if places is None else places[few]
        if places is None:
            places = np.arange(len(values))
        self._keep(values, places + positions.start if isinstance(positions, range) else positions[places])

    def add_alike(self, value: Any, positions: range, chosen: NDArray[np.bool_] | None) -> None:
        """See more rows as :meth:`add` does, where every row that is seen has this one value."""
        if not len(positions) or (self.full and not self._descending):
            return
        if chosen is None:
            few = positions[-self._n :] if self._descending else positions[: self._n]
            found = np.arange(few.start, few.stop)
        else:
            places = _last_places(chosen, self._n) if self._descending else np.flatnonzero(chosen)[: self._n]
            found = places + positions.start
        self._keep(np.full(len(found), value, dtype=np.float64), found)

    def _keep(self, values: NDArray[Any], found: NDArray[np.int64]) -> None:
        """Some more rows, by value and position."""
        if self._values is not None:
            if not len(found):
                return
            values, found = np.concatenate([self._values, values]), np.concatenate([self._positions, found])
        order = np.lexsort((found, values))
        order = (order[::-1] if self._descending else order)[: self._n]
        self._values, self._positions = values[order], found[order]

    def _few(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Indices of the first n, in any order; of equal values the lowest or the highest indices."""
        best = values.max() if self._descending else values.min()
        begin = len(values) - self._n if self._descending else 0
        if (values[begin : begin + self._n] == best).all():  # as where all are equal: sooner found than a bound
            return np.arange(begin, begin + self._n)
        if self._descending:
            bound = np.partition(values, len(values) - self._n)[len(values) - self._n]
            better = np.flatnonzero(values > bound)
            equal = np.flatnonzero(values == bound)
            return np.concatenate([better, equal[len(equal) - (self._n - len(better)) :]])
        bound = np.partition(values, self._n - 1)[self._n - 1]
        better = np.flatnonzero(values < bound)
        return np.concatenate([better, np.flatnonzero(values == bound)[: self._n - len(better)]])


def _both(which: Passing, chosen: Passing | None) -> Passing:
    return which if chosen is None else which & chosen


def _last_places(which: Passing, n: int) -> NDArray[np.int64]:
    """Where the last few stand of those of which something holds; most often near the end, so it is looked at first."""
    width = 8 * n
    while True:
        start = max(len(which) - width, 0)
        places = np.flatnonzero(which[start:])
        if start == 0 or len(places) >= n:
            return places[max(len(places) - n, 0) :] + start
        width *= 8


def behind(
    values: NDArray[Any], positions: NDArray[np.int64], equal: tuple[Any, Any], bound: int, *, descending: bool
) -> NDArray[np.bool_]:
    """Which items come after a cursor.

    Args:
        values: of the sort column.
        positions: of the items in the order that decides ties.
        equal: the least and the largest value that equals the cursor's; nothing does if they cross.
        bound: of those with an equal value the first position behind it (descending: the last one, exclusive).
        descending: whether the largest value comes first, and the largest position among equals.
    """
    low, high = equal
    ties = (values >= low) & (values <= high)
    chosen: NDArray[np.bool_] = (
        (values < low) | (ties & (positions < bound)) if descending else (values > high) | (ties & (positions >= bound))
    )
    return chosen
