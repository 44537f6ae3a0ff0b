"""The result of a search for circuits: those listed, or what is known of those that are counted or sampled."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final, Literal, cast

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.distribution import CircuitDistribution, distribution_of
from pluriscope.analysis.circuits.hashed_count import Bracket
from pluriscope.analysis.subjects.perceptron.circuit import MAX_EDGES, EdgeLayout
from pluriscope.analysis.values.certainty import Certainty
from pluriscope.analysis.values.described import Described

_MOST_UNITS: Final = 1 << 30  # bytes, unpacked
CircuitMethod = Literal["listed", "counted", "hashed", "sampled"]
_FORMERLY: Final[Mapping[str, str]] = {"estimated": "sampled"}


def method_of(text: str) -> CircuitMethod:
    """A method as files have it, those of earlier versions too."""
    return cast(CircuitMethod, _FORMERLY.get(text, text))


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
    """The edges that all valid circuits keep, and those that none keeps: both are all edges if no circuit is valid.

    Args:
        always: mask of the edges that every one keeps.
        never: mask of the edges that none keeps.
        undecided: mask of those for which the time was too short.
    """

    always: int
    never: int
    undecided: int = 0


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
    """The valid circuits of one output, listed, or known by their number alone.

    Args:
        layout: edge layout of the network cut to the output.
        possible: circuits of the protocol's space, all of them judged if listed (unless truncated) or counted.
        masks: ``[listed]``, ascending, as :func:`~pluriscope.analysis.subjects.perceptron.circuit.mask_array` gives
            them: every valid circuit if ``truncated_at`` is None; else the first ones that a listing found, or distinct
            ones drawn uniformly and the smallest where they were not listed.
        outputs: ``[listed, 2^n]`` output of each of these on the data record's representatives.
        margins: ``[listed]`` smallest distance of any tested output from the decision's edge.
        truncated_at: circuits kept when a limit was reached, else None.
        method: how their number was found: by listing, exactly without listing, by hashing, or from a uniform sample.
        count: valid circuits: exact unless there is an interval or a listing was truncated; −1: all those listed.
        interval: where the number is guaranteed, how many are valid, both ends included; None otherwise.
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
    """

    layout: EdgeLayout
    possible: int
    masks: NDArray[Any]
    outputs: NDArray[np.float64]
    margins: NDArray[np.float64]
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

    def __post_init__(self) -> None:
        if self.count < 0:
            object.__setattr__(self, "count", len(self.masks))
        if self.layout.n_edges > MAX_EDGES:  # also an empty list, which is combined with masks that are longer
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
    def n_listed(self) -> int:
        """The number of circuits in ``masks``."""
        return len(self.masks)

    @cached_property
    def distribution(self) -> CircuitDistribution:
        """Sizes and use of edges and neurons, of the circuits that ``distribution.of`` counts."""
        return self.known_distribution or distribution_of(self.masks, self.layout)
