"""The circuits of a space arranged for counting: states of the lower layers, and combinations on top of each."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.decision_intervals import Box, decision_box
from pluriscope.analysis.circuits.prefixes import Prefixes, Wiring
from pluriscope.analysis.circuits.source_subsets import MAX_LOG2_COMBINATIONS, MAX_SOURCES, Combinations, Tally
from pluriscope.analysis.circuits.space import may_end_in_space
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.questions.decisions import max_wrong
from pluriscope.analysis.questions.protocol import Protocol, in_space
from pluriscope.analysis.subjects.perceptron.circuit import MAX_EDGES
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question

_LARGEST_TERM: Final = 1e290  # sums of larger terms may overflow
_KEPT_BYTES: Final = 1 << 27  # of room for counting on top of states of other kinds


@dataclass(frozen=True, eq=False)
class CountableSpace:
    """The circuits of a protocol's space, arranged as states and combinations on top of them.

    Args:
        network: the network cut to the analysed output.
        wiring: enumerates the states.
        boxes: for each row judged, the right pre-activations of the output; empty if nothing can be valid.
    """

    network: Network
    protocol: Protocol
    wiring: Wiring
    boxes: tuple[Box, ...]
    _known: dict[tuple[int, frozenset[int]], Combinations] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, question: Question) -> CountableSpace:
        """Check that the space can be counted, and arrange it.

        Raises:
            BeyondLimits: see :func:`pluriscope.analysis.circuits.counting.count_circuits`.
        """
        network, protocol = question.network, question.protocol
        rows, labels = question.judged
        item, cure = "exact counting", "estimate the number of circuits instead"
        n_edges = question.layout.n_edges
        if n_edges > MAX_EDGES:
            raise BeyondLimits(item, f"{n_edges} edges for one output, and the limit is {MAX_EDGES}", cure)
        n_hidden = network.n_hidden_layers
        if n_hidden == 0:
            raise BeyondLimits(item, "the network has no hidden layer", "list its only circuit")
        below = network.sizes[n_hidden - 1]
        if below * network.sizes[n_hidden] > MAX_LOG2_COMBINATIONS:
            cause = (
                f"{network.sizes[n_hidden]} neurons that choose among {below} sources have more than "
                f"2^{MAX_LOG2_COMBINATIONS} combinations"
            )
            raise BeyondLimits(item, cause, cure)
        if below > MAX_SOURCES:
            raise BeyondLimits(
                item, f"{below} neurons below the last hidden layer, and the limit is {MAX_SOURCES}", cure
            )
        threshold = protocol.accuracy_threshold
        if max_wrong(len(rows), threshold) > 0:
            cause = f"the accuracy threshold {threshold:g} lets some of the {len(rows)} rows be wrong"
            raise BeyondLimits(item, cause, f"list the circuits, or {cure.removesuffix(' instead')}")
        # equal rows with equal labels say nothing new
        judged = np.unique(np.column_stack([rows, labels]), axis=0)
        boxes = tuple(
            decision_box(label, protocol.circuit_decision, network.function_of(len(network.weights)))
            for label in judged[:, -1].tolist()
        )
        may_be_active = partial(may_end_in_space, network.sizes, protocol)
        return cls(network, protocol, Wiring(network, question.absent, judged[:, :-1].copy(), may_be_active), boxes)

    def pieces(self) -> Iterator[tuple[Prefixes, Combinations]]:
        """Every state, in bounded batches, with the combinations on top of it; always in the same order."""
        for batch in self.wiring.prefixes(self.network.n_hidden_layers - 1):
            combinations = self.combinations_on(batch)
            if combinations is not None:
                for start in range(0, len(batch), combinations.states_at_once):
                    yield batch[start : start + combinations.states_at_once], combinations

    def combinations_on(self, states: Prefixes) -> Combinations | None:
        """Return the combinations on top of states, one object for states alike; None if none is in the space."""
        sizes, width = self.network.sizes, self.network.sizes[-2]
        n_active = frozenset(n for n in range(1, width + 1) if in_space(states.n_active + n, sizes, self.protocol))
        if not n_active:
            return None
        key = (len(states.active), n_active)
        if key not in self._known:
            if sum(known.n_bytes for known in self._known.values()) > _KEPT_BYTES:
                self._known.clear()
            bias = float(self.network.biases[-1][0])
            self._known[key] = Combinations(len(states.active), width, n_active, bias, self.boxes)
        return self._known[key]

    def terms(self, piece: Prefixes) -> NDArray[np.float64]:
        """Compute what each neuron of the last hidden layer adds to the output, ``[states, width, 2^active, rows]``.

        Raises:
            BeyondLimits: a term overflows, or sums of them could.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            values = self.wiring.terms(piece)
        if not (np.abs(values) < _LARGEST_TERM).all():
            raise BeyondLimits(
                "exact counting",
                f"a neuron adds more than {_LARGEST_TERM:g} to the output, so that sums may overflow",
                "estimate the number of circuits, or use a network with smaller weights",
            )
        return values

    def tally(self, states: Prefixes, start: tuple[int, int, int] = (0, 0, 0)) -> Tally:
        """The count of the valid combinations on top of some states of :meth:`pieces`, from a place on."""
        combinations = cast(Combinations, self.combinations_on(states))  # pieces come with some
        below = np.bitwise_count(states.masks).astype(np.int64)
        return Tally(combinations, self.terms(states), below, place=start)

    def numbered(
        self, ranks: list[int], units: list[NDArray[np.int64]], check: Callable[[], None]
    ) -> Iterator[list[int]]:
        """The masks of valid circuits by state, from ranks, ascending, and counts of each piece by state and unit."""
        wanted, first = deque(ranks), 0
        for (piece, combinations), counts in zip(self.pieces(), units, strict=True):
            if not wanted:
                return
            ends = list(accumulate(counts.reshape(-1).tolist()))
            numbers: dict[int, dict[int, list[int]]] = {}
            while wanted and wanted[0] < first + ends[-1]:
                rank = wanted.popleft() - first
                block = bisect_right(ends, rank)
                number = rank - (ends[block - 1] if block else 0)
                owner, unit = divmod(block, combinations.n_units)
                numbers.setdefault(owner, {}).setdefault(unit, []).append(number)
            first += ends[-1]
            for owner, by_unit in numbers.items():
                state = piece[owner : owner + 1]
                check()
                sets = np.array(list(combinations.numbered(self.terms(state)[0], by_unit, check)))
                yield (state.masks | self.wiring.edges_on_top(state.active, sets)).tolist()
