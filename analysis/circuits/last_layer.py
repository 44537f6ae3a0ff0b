"""Circuits that decide right, out of all combinations of the last hidden layer on top of each prefix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuits.judging import enough_right, first_rows
from pluriscope.analysis.circuits.prefixes import Prefixes, Wiring
from pluriscope.analysis.circuits.space import may_end_in_space
from pluriscope.analysis.questions.decisions import decided_as, max_wrong
from pluriscope.analysis.questions.protocol import in_space
from pluriscope.analysis.subjects.perceptron.mlp import keep_matrices
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Carried, Question

_COMBINATIONS_AT_ONCE = 1 << 17  # an array of so many float64 stays within a core's cache
_VALUES_AT_ONCE = 1 << 21  # float64 values in one table (16 MiB)
_FEW = 8  # once at most 1 of so many combinations is left, the rest of the rows are tested on those alone


@dataclass(frozen=True, eq=False)
class _Choices:
    """The combinations of sources that the last hidden layer can take.

    Args:
        subsets: for each neuron the subsets of the active sources open to it, as bit sets; 0 means inactive.
    """

    subsets: tuple[tuple[int, ...], ...]

    @cached_property
    def used_all(self) -> NDArray[np.bool_]:
        """The combinations (numbered with the first neuron most significant) that use every active source, as flags."""
        used = np.zeros(1, dtype=np.uint32)
        for subsets in self.subsets:
            used = (used[:, None] | np.array(subsets, dtype=np.uint32)).ravel()
        return np.equal(used, max(max(subsets) for subsets in self.subsets))

    @cached_property
    def n_lead(self) -> int:
        """The number of neurons that are combined ahead so that the combinations of the others fit into one chunk."""
        n_lead = 0
        while prod(len(subsets) for subsets in self.subsets[n_lead:]) > _COMBINATIONS_AT_ONCE:
            n_lead += 1
        return n_lead


@lru_cache(maxsize=256)
def _choices(n_sources: int, width: int, n_active: frozenset[int]) -> tuple[_Choices, ...]:
    """All combinations with an admitted number of active neurons, in as few products as possible."""
    anything = tuple(range(2**n_sources))
    if n_active == frozenset(range(1, width + 1)):
        return (_Choices((anything,) * width),)
    return tuple(
        _Choices(tuple(anything[1:] if neuron in active else (0,) for neuron in range(width)))
        for size in sorted(n_active)
        for active in combinations(range(width), size)
    )


@dataclass(frozen=True, eq=False)
class SpaceJudge:
    """Tests every circuit of a question's space and yields the valid ones.

    Args:
        question: whose circuits.
        absent: what absent edges carry, ``[n_l]`` for layers 0 … L − 1.
    """

    question: Question
    absent: Carried

    @property
    def network(self) -> Network:
        return self.question.network

    @property
    def rows(self) -> NDArray[np.float64]:
        return self.question.judged[0]

    @cached_property
    def max_wrong(self) -> int:
        return max_wrong(len(self.rows), self.question.share)

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """The rows that every circuit is tested on; those that pass are then tested on all rows."""
        return first_rows(len(self.rows), self.max_wrong)

    @cached_property
    def wiring(self) -> Wiring:
        may_be_active = partial(may_end_in_space, self.network.sizes, self.question.protocol)
        return Wiring(self.network, self.absent, self.rows[self.first], may_be_active)

    def found(self) -> Iterator[tuple[int, NDArray[np.uint64]]]:
        """Circuits tested since the last step, and the valid ones among them."""
        n_hidden, width = self.network.n_hidden_layers, self.network.sizes[-2]
        if n_hidden == 0:  # there is one circuit: every edge
            if self._in_space(0):
                yield 1, self.right_on_all(np.array([2**self.question.layout.n_edges - 1], dtype=np.uint64))
            return
        for batch in self.wiring.prefixes(n_hidden - 1):
            admitted = frozenset(n for n in range(1, width + 1) if self._in_space(batch.n_active + n))
            every = _choices(len(batch.active), width, admitted)
            n_stems = max((prod(map(len, choices.subsets[: choices.n_lead])) for choices in every), default=1)
            n_sums = max(n_stems, width * 2 ** len(batch.active)) * len(self.first)
            step = max(1, _VALUES_AT_ONCE // n_sums)
            for start in range(0, len(batch) if admitted else 0, step):
                piece = batch[start : start + step]
                terms = list(np.ascontiguousarray(self.wiring.terms(piece).transpose(1, 3, 0, 2)))
                for choices in every:
                    for n_tested, masks in self._judge(piece, terms, choices):
                        for part in self._parts(masks):
                            yield 0, part if len(self.first) == len(self.rows) else self.right_on_all(part)
                        yield n_tested, masks[:0]

    def _in_space(self, n_active: int) -> bool:
        return in_space(n_active, self.network.sizes, self.question.protocol)

    def right_on_all(self, masks: NDArray[Any]) -> NDArray[Any]:
        """Return the circuits that are decided right on enough of all rows."""
        parts = [masks[:0]]
        for part in self._parts(masks):
            right = enough_right(self.question, keep_matrices(part, self.question.layout), absent=self.absent)
            parts.append(part[right])
        return np.concatenate(parts)

    def _parts(self, masks: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Some of the masks at a time, so that little is done between two steps."""
        step = max(1, _VALUES_AT_ONCE // (max(self.network.sizes) * len(self.rows)))
        return (masks[start : start + step] for start in range(0, len(masks), step))

    def _judge(
        self, piece: Prefixes, terms: Sequence[NDArray[np.float64]], choices: _Choices
    ) -> Iterator[tuple[int, NDArray[np.uint64]]]:
        """Test all combinations of one product on top of each prefix."""
        open_terms = [term[:, :, list(s)] for term, s in zip(terms, choices.subsets, strict=True)]
        n_rows, n_lead = len(self.first), choices.n_lead
        stems: NDArray[np.float64] = np.full((n_rows, len(piece), 1), self.network.biases[-1][0])
        for term in open_terms[:n_lead]:
            stems = (stems[:, :, :, None] + term[:, :, None, :]).reshape(n_rows, len(piece), -1)
        used_all = choices.used_all.reshape(stems.shape[2], -1)
        owner, number = np.divmod(np.arange(len(piece) * stems.shape[2]), stems.shape[2])
        stems = stems.reshape(n_rows, -1)
        tail = open_terms[n_lead:]
        step = max(1, _COMBINATIONS_AT_ONCE // used_all.shape[1])
        for start in range(0, len(owner), step):
            part = slice(start, start + step)
            candidates = used_all[number[part]]
            n_tested = int(np.count_nonzero(candidates))
            stem, rest = self._survivors(stems[:, part], [term[:, owner[part]] for term in tail], candidates)
            stem += start
            combination = number[stem] * used_all.shape[1] + rest
            yield n_tested, self._masks(piece, owner[stem], combination, choices)

    def _survivors(
        self, stems: NDArray[np.float64], tail: Sequence[NDArray[np.float64]], candidates: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Stem and combination of the candidates ``[stems, combinations]`` that are decided right on enough rows."""
        n_rows, labels = len(self.first), self.question.judged[1][self.first]
        wrong = np.zeros(candidates.shape, dtype=np.int32)
        alive, row = candidates, 0
        while row < n_rows:
            total: NDArray[np.float64] = stems[row][:, None]
            for term in tail:
                total = (total[:, :, None] + term[row][:, None, :]).reshape(len(total), -1)
            right = self._right(total, labels[row])
            row += 1
            if self.max_wrong == 0:
                alive = alive & right
            else:
                wrong += ~right
                alive = candidates & (wrong <= self.max_wrong)
            if row < n_rows and np.count_nonzero(alive) * _FEW <= alive.size:
                break
        stem, combination = np.nonzero(alive)
        n_wrong = wrong[stem, combination]
        while row < n_rows and len(stem):
            block = slice(row, min(n_rows, row + max(1, _COMBINATIONS_AT_ONCE // len(stem))))
            indices = np.unravel_index(combination, [term.shape[2] for term in tail])
            totals = stems[block, stem]
            for term, index in zip(tail, indices, strict=True):
                totals = totals + term[block, stem, index]
            for values, label in zip(totals, labels[block], strict=True):
                n_wrong = n_wrong + ~self._right(values, label)
            kept = n_wrong <= self.max_wrong
            stem, combination, n_wrong, row = stem[kept], combination[kept], n_wrong[kept], block.stop
        return stem, combination

    def _right(self, totals: NDArray[np.float64], label: float) -> NDArray[np.bool_]:
        outputs = self.network.function_of(len(self.network.weights)).value(totals)
        return decided_as(outputs, label, self.question.protocol.circuit_decision)

    def _masks(
        self, piece: Prefixes, owner: NDArray[np.int64], combination: NDArray[np.int64], choices: _Choices
    ) -> NDArray[Any]:
        """Edge masks of combinations by number on top of prefixes by position."""
        indices = np.unravel_index(combination, [len(subsets) for subsets in choices.subsets])
        chosen = [np.array(subsets)[index] for subsets, index in zip(choices.subsets, indices, strict=True)]
        masks: NDArray[Any] = piece.masks[owner] | self.wiring.edges_on_top(piece.active, np.stack(chosen, axis=1))
        return masks
