"""The result of a search for circuits: those listed, or what is known of those that are counted or sampled."""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, cast

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.distribution import CircuitDistribution, distribution_of
from pluriscope.analysis.circuits.hashed_count import Bracket
from pluriscope.analysis.numerics.large_numbers import within
from pluriscope.analysis.subjects.perceptron.circuit import MAX_EDGES, EdgeLayout
from pluriscope.analysis.values.certainty import Certainty
from pluriscope.analysis.values.described import Described

_MOST_UNITS: Final = 1 << 30  # bytes, unpacked
CircuitMethod = Literal["listed", "counted", "hashed", "sampled", "none"]


def certainty_of(method: str) -> Certainty:
    """Return the certainty of the number of valid circuits that a method finds."""
    return "guaranteed" if method in ("hashed", "sampled") else "exact"


def certainty_of_draws(method: str) -> Certainty:
    """Return the certainty of the interval of a share that is read off listed circuits which a method drew."""
    return "estimated" if method == "hashed" else "guaranteed"  # by hashing they are nearly uniform, not uniform


@dataclass(frozen=True)
class SmallestCircuits:
    """The smallest valid circuits that were found where not every valid one is listed.

    Args:
        masks: fewest edges first, ties by mask.
        proved: whether no valid circuit that is left out has fewer edges than one of these.
        searched_up_to: no valid circuit with at most so many edges is unknown, apart from ties beyond those kept.
        n_tried: circuits judged in order of size.
        n_descended: circuits tried in a descent from larger ones.
        undrawn: those of ``masks`` that no draw hit, ascending: every other listed circuit was drawn uniformly.
        solved: whether a solver went on from where the search in order of size ended.
    """

    masks: tuple[int, ...]
    proved: bool
    searched_up_to: int
    n_tried: int
    n_descended: int = 0
    undrawn: tuple[int, ...] = ()
    solved: bool = False

    @property
    def n_edges(self) -> int | None:
        """Edges of the smallest; None if no valid circuit was found."""
        return self.masks[0].bit_count() if self.masks else None


@dataclass(frozen=True)
class EdgeUse:
    """The edges that each circuit of a set keeps, its backbone, and those that none keeps.

    Where every valid circuit was listed or counted, both follow from how often each edge is used. Of a sample, an edge
    that all or none keep may still be optional, unless a solver proved that it is not
    (:func:`pluriscope_large.formulas.searching.find_edge_use`).

    Args:
        always: mask of the edges that every circuit keeps.
        never: mask of the edges that none keeps; with ``always`` all edges if no circuit is valid.
        undecided: mask of those for which the time was too short.
        exact: whether it holds of all circuits that are meant.
    """

    always: int
    never: int
    undecided: int = 0
    exact: bool = True


def edge_use_of(distribution: CircuitDistribution, *, exact: bool = True) -> EdgeUse | None:
    """The edges that all, and none, of the circuits keep that a distribution is of; None where it is of none."""
    if not distribution.of:
        return None
    every = list(enumerate(distribution.edge_use))
    always, never = (sum(1 << edge for edge, n in every if n == all_of) for all_of in (distribution.of, 0))
    return EdgeUse(always, never, exact=exact)


@dataclass(frozen=True, eq=False)
class CountSoFar:
    """The state of an exact count that was ended: its sums, and where it goes on; the same for every machine.

    Args:
        distribution: of the circuits judged so far, with signs as they stand: no part of it is a bound of anything.
        units: ``[units]`` valid circuits in each unit that was begun, in the order of the count.
        place: in the last batch of states: the state, the set of sources and the lead that come next; all 0 between
            batches.
    """

    distribution: CircuitDistribution
    units: NDArray[np.int64]
    place: tuple[int, int, int] = (0, 0, 0)

    def as_json(self) -> dict[str, Any]:
        """Whole numbers, lists and text that :meth:`of_json` reads."""
        answer = asdict(self.distribution)
        for sizes in ("by_edges", "by_neurons"):
            answer[sizes] = [[n, number] for n, number in answer[sizes].items()]
        units = base64.b64encode(zlib.compress(self.units.astype("<i8").tobytes())).decode()
        return answer | {"units": units, "place": list(self.place)}

    @classmethod
    def of_json(cls, answer: Mapping[str, Any], layout: EdgeLayout) -> CountSoFar:
        """Read what :meth:`as_json` gave for a network with this layout.

        Raises:
            ValueError, KeyError or TypeError: it is nothing of the kind.
        """
        by_edges, by_neurons = (
            {_whole(n): _whole(number) for n, number in answer[key]} for key in ("by_edges", "by_neurons")
        )
        edge_use = tuple(map(_whole, answer["edge_use"]))
        neuron_use = tuple(tuple(map(_whole, layer)) for layer in answer["neuron_use"])
        state, used, lead = map(_whole, answer["place"])
        packed = zlib.decompressobj()
        try:
            units = np.frombuffer(
                packed.decompress(base64.b64decode(answer["units"], validate=True), _MOST_UNITS), "<i8"
            )
        except zlib.error as error:
            raise ValueError("its units cannot be unpacked") from error
        if not packed.eof or len(edge_use) != layout.n_edges or tuple(map(len, neuron_use)) != layout.sizes[1:-1]:
            raise ValueError("it does not fit the network")
        if min(state, used, lead) < 0 or _whole(answer["of"]) != sum(units.tolist()):
            raise ValueError("its numbers do not add up")
        spread = CircuitDistribution(_whole(answer["of"]), by_edges, by_neurons, edge_use, neuron_use)
        return cls(spread, units.astype(np.int64), (state, used, lead))


def _whole(answer: object) -> int:
    """A whole number of a document, where large ones may be text."""
    return int(str(answer))


@dataclass(frozen=True, repr=False)
class CircuitSearch(Described):
    """The valid circuits that a question asks for, listed or counted or sampled, of a subject of any kind.

    Args:
        layout: edge layout of a perceptron cut to the output; None of other kinds, whose distribution is known.
        possible: circuits of the protocol's space, all of them judged if listed (unless truncated) or counted.
        masks: ``[listed]``, ascending, Python integers where they have more than 64 bits: every valid circuit if
            ``truncated_at`` is None; else the first ones, or those with the fewest bits, that a listing found, or
            distinct ones drawn uniformly and the smallest where they were not listed.
        outputs: ``[listed, 2^n]`` output of each of these on the data record's representatives; of perceptrons alone.
        margins: ``[listed]`` smallest distance of any tested output from the decision's edge; likewise.
        truncated_at: circuits kept when a limit was reached, else None.
        method: how their number was found: by listing, exactly without listing, by hashing, or from a uniform sample;
            "none" where nothing but the listed ones is known.
        count: valid circuits: exact unless there is an interval or a listing was truncated; −1: all those listed.
        interval: where the number is guaranteed, how many are valid, both ends included, cut by how many are listed and
            possible; None otherwise.
        confidence: with which the interval holds the truth; None without one.
        n_tested: circuits judged, those of a sample with repetition; None if not recorded.
        known_distribution: None to read it off the masks.
        n_drawn: listed circuits that were drawn, where they were not listed; None if not recorded.
        smallest: the smallest valid circuits, which are listed too; None where every valid circuit is listed, and where
            none were looked for.
        edge_use: which edges all valid circuits keep and which none does, all of them decided; None where that was not
            proved, and where the distribution has it.
        so_far: where an exact count goes on that time or memory ended; None where none was.
        bracket: the counts by hashing that the interval comes from, with their settings; None where none was made.
        by_size: of a sample by size, number of bits → the fewest and the most valid circuits of it, each with the
            confidence by itself; empty elsewhere.
        why: why a sample is not enough to say, or what else is to be known of it, a sentence; "" for nothing.
        uniform: 1,000 valid circuits drawn uniformly without repetition, or all if there are fewer, ascending, whether
            or not they are listed; empty where none were drawn so.
        parts: of a search by parts that were made, from the first; None where that is not known.
    """

    layout: EdgeLayout | None
    possible: int
    masks: NDArray[Any]
    outputs: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    margins: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    truncated_at: int | None = None
    method: CircuitMethod = "listed"
    count: int = -1
    interval: tuple[int, int] | None = None
    confidence: float | None = None
    n_tested: int | None = None
    known_distribution: CircuitDistribution | None = None
    n_drawn: int | None = None
    smallest: SmallestCircuits | None = None
    edge_use: EdgeUse | None = None
    so_far: CountSoFar | None = None
    bracket: Bracket | None = None
    by_size: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    why: str = ""
    uniform: NDArray[Any] = field(default_factory=lambda: np.empty(0, np.uint64))
    parts: int | None = None

    def __post_init__(self) -> None:
        if self.count < 0:
            object.__setattr__(self, "count", len(self.masks))
        if self.interval is not None:
            low, high = within(*self.interval, len(self.masks), self.possible)
            object.__setattr__(self, "interval", (low, high))
            object.__setattr__(self, "count", min(max(self.count, low), high))
        if (
            self.layout and self.layout.n_edges > MAX_EDGES
        ):  # also an empty list, which is combined with masks that are longer
            object.__setattr__(self, "masks", self.masks.astype(object))

    @property
    def n_valid(self) -> int:
        return self.count

    @property
    def certainty(self) -> Certainty:
        """The certainty of the number of valid circuits."""
        return certainty_of(self.method)

    @property
    def complete(self) -> bool:
        """Whether every valid circuit is listed."""
        return self.truncated_at is None

    @property
    def counted(self) -> bool:
        """Whether every circuit was judged, so that their number and distribution are exact."""
        return self.complete or self.method == "counted"

    @property
    def unfinished(self) -> bool:
        """Whether time or memory, or a limit of a list, ended the search before every circuit was judged."""
        return self.method == "listed" and not self.complete

    @property
    def ends(self) -> tuple[int, int]:
        """The fewest and the most valid circuits that there may be; the listed ones are valid, whatever others are."""
        if self.interval is not None:
            return self.interval
        if not self.unfinished:
            return self.n_valid, self.n_valid
        # of a perceptron the list was cut, so that more of those judged may be valid
        refuted = 0 if self.layout else (self.n_tested or 0) - self.n_valid
        return self.n_valid, self.possible - refuted

    @property
    def fewest(self) -> int | None:
        """Edges of the smallest valid circuit; None where there is none or it is not known."""
        if self.counted:
            return min(self.distribution.by_edges, default=None)
        return self.smallest.n_edges if self.smallest is not None and self.smallest.proved else None

    @property
    def backbone(self) -> EdgeUse | None:
        """The edges that all known valid circuits keep, or all there are where that was proved; None of none."""
        if self.method == "none" or not self.distribution.of:
            return None
        return self.edge_use or edge_use_of(self.distribution, exact=self.counted)

    @cached_property
    def listed_sizes(self) -> Counter[int]:
        """The number of listed circuits by their number of edges."""
        return Counter(np.bitwise_count(self.masks).tolist())

    @property
    def n_listed(self) -> int:
        """The number of circuits in ``masks``."""
        return len(self.masks)

    @cached_property
    def distribution(self) -> CircuitDistribution:
        """Sizes and use of edges and neurons, of the circuits that ``distribution.of`` counts."""
        return self.known_distribution or distribution_of(self.masks, cast(EdgeLayout, self.layout))


def some_circuits(possible: int, masks: NDArray[Any]) -> CircuitSearch:
    """Some valid circuits, which ascend, where nothing more is known of them all."""
    sizes = Counter(np.bitwise_count(masks).tolist())
    known = CircuitDistribution(len(masks), sizes, {}, (), ())
    return CircuitSearch(None, possible, masks, truncated_at=len(masks), method="none", known_distribution=known)
