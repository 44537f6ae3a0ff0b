"""Landscapes: the location of an answer among all valid circuits that a question asks for.

Every statement is about the answer's closed mask, but two: ``raw_valid`` and ``own_valid`` are about the raw mask,
by the protocol's rules and under the answer's own ablation. Only ``valid`` makes an answer a circuit of the protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.carried_algorithms.relation import Relation
from pluriscope.analysis.circuit_sets.chance import SizeChance, chances
from pluriscope.analysis.circuits.result import CircuitSearch, some_circuits
from pluriscope.analysis.discovery.masked_subject import Closed, MaskedSubject
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.question import Q_co

MASKS_AT_ONCE: Final = 32_768  # what is worked on fits into a processor's cache


@dataclass(frozen=True)
class Rank:
    """Valid circuits with fewer edges, with as many (the answer itself included if it is valid), and with more."""

    smaller: int
    equal: int
    larger: int
    exact: bool


@dataclass(frozen=True)
class Judged:
    """The findings about a circuit from looking at it, wherever it stands among others.

    Args:
        valid: whether it is one of the valid circuits.
        under: by ablation, "zero", "mean" and "resample" among them, whether it would be one if absent edges carried
            that; None where it was not found out.
        criteria: outcome by criterion key; None if it is not valid.
        relation: of its story to the whole network's, "none" where it carries nothing; None if it is not valid or the
            question does not arise.
        carried: ids of the irredundant algorithms that it carries, sorted.
    """

    valid: bool
    under: Mapping[str, bool | None]
    criteria: Mapping[str, str] | None = None
    relation: Relation | None = None
    carried: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Location(Judged):
    """The location of an answer among the valid circuits.

    Args:
        closed: the circuit of the raw mask.
        raw_valid: whether the raw mask decides right as the protocol asks of circuits.
        own_valid: the same under its own ablation: of a network on every row, of a model of another kind on as many
            as valid circuits; None where it has none.
        excess: edges more than the smallest valid circuit has; None if it is not valid, or the smallest is not known.
        chance: valid and possible circuits of its size; None where no circuit of that size is possible.
        sized: whether it is known how many are possible of each size.
        rank: by number of edges.
        nearest: the valid circuit with the fewest edges to add or remove, as a mask, of several the lowest; of those
            known, if not all are listed; None where none is.
        recall: backbone edges that it holds, and backbone edges; None where there is no backbone.
        extra: its edges outside the backbone.
    """

    closed: Closed
    raw_valid: bool
    own_valid: bool | None
    excess: int | None
    chance: SizeChance | None
    sized: bool
    rank: Rank
    nearest: int | None
    recall: tuple[int, int] | None
    extra: int | None

    @property
    def edges(self) -> int:
        return self.closed.mask.bit_count()


@dataclass(frozen=True, eq=False)
class Landscape(ABC, Generic[Q_co]):
    """The valid circuits that a question asks for, as far as they are known, to locate answers among.

    Args:
        question: about a subject.
        circuits: what the search for them found; None where there are too many to search.
        work: reports progress of what takes long.
        judges: whether answers are judged by criteria; minimality looks at all circuits at once.
        stored: circuit → outcomes of criteria by key, as far as they are stored; None of others.
    """

    question: Q_co
    circuits: CircuitSearch | None
    work: Work = DEFAULT_WORK
    judges: bool = True
    stored: Callable[[int], Mapping[str, str] | None] | None = None

    @cached_property
    def graph(self) -> Graph:
        """The graph that writes masks."""
        return self.under("").graph

    @cached_property
    def known(self) -> CircuitSearch:
        """The valid circuits, as far as they are known."""
        possible = self.question.kind.explaining.possible
        return self.circuits or some_circuits(possible(self.question), np.empty(0, np.uint64))

    @cached_property
    def chances(self) -> Mapping[int, SizeChance] | None:
        """The valid and the possible circuits by number of edges; None where the kind does not count these."""
        return chances(self.question, self.known)

    @property
    def complete(self) -> bool:
        """Whether every valid circuit is listed."""
        return self.known.complete

    @property
    def about(self) -> dict[str, Any]:
        """The identity of what the circuits are of, as audit files have it."""
        question, rows = self.question, self.question.data_document
        return {
            "network": question.subject.digest,
            "output": question.output,
            "task": dict(question.task_document),
            "protocol": dict(question.protocol.document),
            "data": {name: rows[name] for name in ("digest", "clean")},
        }

    @abstractmethod
    def under(self, ablation: object) -> MaskedSubject:
        """Return what is searched, under an ablation; "" for the usual one.

        Raises:
            InvalidMethod: it has no such ablation, or too many rows for it.
        """

    @property
    @abstractmethod
    def ablations(self) -> Sequence[str]:
        """Under which methods are asked."""

    @property
    @abstractmethod
    def swept(self) -> Sequence[str] | None:
        """The other ablations under which methods with thresholds run; None where runs take too long for that."""

    @property
    @abstractmethod
    def judges_quickly(self) -> bool:
        """Whether one answer is judged by criteria within a moment."""

    @property
    def undecided(self) -> Sequence[str]:
        """The properties of an answer that are not found out, in sentences without a full stop."""
        return ()

    @abstractmethod
    def is_right(self, raw: int) -> bool:
        """Whether a raw mask decides right as the protocol asks of circuits."""

    @abstractmethod
    def judged(self, circuits: Mapping[int, Closed]) -> Mapping[int, Judged]:
        """Find out the properties of different circuits, by mask."""

    def left(self, raw: int) -> Closed:
        """The circuit of a raw mask."""
        return self.under("").left(raw)

    def locate(self, raw: int, own: MaskedSubject | None = None) -> Location:
        """Locate a raw mask; see :meth:`locate_all`."""
        (found,) = self.locate_all([(raw, own)])
        return found

    def locate_all(self, answers: Sequence[tuple[int, MaskedSubject | None]]) -> list[Location]:
        """Locate raw masks, each with what its method ran under its own ablation, if it has one."""
        left = [self.left(raw) for raw, _ in answers]
        judged = self.judged({one.mask: one for one in left})
        return [self._location(one, judged[one.mask], raw, own) for one, (raw, own) in zip(left, answers, strict=True)]

    def _location(self, one: Closed, judged: Judged, raw: int, own: MaskedSubject | None) -> Location:
        n_edges, known, backbone = one.mask.bit_count(), self.known, self.known.backbone
        by_size = known.distribution.by_edges
        shared = 0 if backbone is None else (one.mask & backbone.always).bit_count()
        return Location(
            **vars(judged),
            closed=one,
            raw_valid=self.is_right(raw),
            own_valid=None if own is None else own.is_right(raw),
            excess=n_edges - known.fewest if judged.valid and known.fewest is not None else None,
            chance=(self.chances or {}).get(n_edges),
            sized=self.chances is not None,
            rank=Rank(
                sum(n for size, n in by_size.items() if size < n_edges),
                by_size.get(n_edges, 0),
                sum(n for size, n in by_size.items() if size > n_edges),
                exact=known.counted,
            ),
            nearest=one.mask if judged.valid else nearest_of(one.mask, known.masks),
            recall=None if backbone is None else (shared, backbone.always.bit_count()),
            extra=None if backbone is None else n_edges - shared,
        )


def nearest_of(mask: int, masks: NDArray[Any]) -> int | None:
    """The circuit nearest to a mask of these, which ascend; None where there is none."""
    found = list[int]()
    for start in range(0, len(masks), MASKS_AT_ONCE):
        some = masks[start : start + MASKS_AT_ONCE]
        found.append(int(some[np.bitwise_count(some ^ masks.dtype.type(mask)).argmin()]))
    return min(found, key=lambda one: distance(one, mask), default=None)


def distance(one: int, other: int) -> int:
    """Count the bits in which two masks differ."""
    return (one ^ other).bit_count()
