"""One network along its training: which explanations it has at each moment, when each appears and disappears.

Training to a loss target is training that passes every higher target on its way: equal seeds give the same network at
the same epoch, bit for bit. So the networks of one seed in cells that differ by loss target alone are one network at
different moments, and its explanations can be followed: valid circuits by mask, irredundant algorithms by formula,
minimal alignments by algorithm and places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Final, Literal

from analysis.algorithms.catalogue import Candidates
from analysis.alignments.alignment import ScoredAlignment
from analysis.alignments.search import search_alignments
from analysis.circuits.circuit import Circuit
from analysis.circuits.search import search_circuits
from analysis.data import DataRecord
from analysis.networks.network import Network
from analysis.protocol import COMPLETE
from analysis.studies.measures.staircase import irredundant_algorithms
from analysis.tasks import Task

Kind = Literal["circuit", "algorithm", "alignment"]
KINDS: Final[tuple[Kind, ...]] = ("circuit", "algorithm", "alignment")
_RULES: Final = COMPLETE.model_copy(
    update={"name": "complete, minimal", "alignments_kept": "minimal", "n_near_misses": 0}
)


@dataclass(frozen=True)
class Course:
    """One explanation along the training of one network.

    Args:
        kind: what it is.
        item: a mask in hex, a formula, or a formula with its places.
        present: at each moment; None where there is no network.
    """

    kind: Kind
    item: str
    present: tuple[bool | None, ...]

    @cached_property
    def appears(self) -> int:
        """The first moment at which it is there."""
        return self.present.index(True)

    @cached_property
    def disappears(self) -> int | None:
        """The first moment at which it is gone for good; None if it is there at the last moment with a network."""
        last = max(moment for moment, there in enumerate(self.present) if there)
        later = [moment for moment in range(last + 1, len(self.present)) if self.present[moment] is False]
        return later[0] if later else None

    @property
    def n_gaps(self) -> int:
        """How often it goes and comes back."""
        known = [there for there in self.present if there is not None]
        starts = sum(1 for before, there in zip([False, *known], known, strict=False) if there and not before)
        return starts - 1


@dataclass(frozen=True)
class Moment:
    """What many networks have at one moment, and what became of it since the moment before.

    Args:
        networks: how many have reached it.
        items: median number of explanations of the kind.
        one: networks with exactly one.
        none: networks without any.
        kept, lost, gained: explanations since the moment before, over the networks that have reached both; 0 at first.
        final: explanations at this moment that are there at the network's last moment as well.
        present: explanations at this moment, over all networks.
        of_final: explanations at the last moments of these networks.
    """

    networks: int
    items: float
    one: int
    none: int
    kept: int
    lost: int
    gained: int
    final: int
    present: int
    of_final: int


def follow(networks: Sequence[Network | None], task: Task, data: DataRecord) -> tuple[Course, ...]:
    """Follow every explanation of one network.

    Args:
        networks: one for each moment, in the order of training, cut to the analysed output; None where it was not
            reached.
        task: what the output should compute.
        data: rows to judge and interchange on.

    Returns:
        By kind, then first moment, then item.

    Raises:
        BeyondLimits: circuits or neuron sets beyond what is listed.
    """
    seen: dict[str, Mapping[Kind, frozenset[str]]] = {}
    found: list[Mapping[Kind, frozenset[str]] | None] = []
    for network in networks:
        if network is None:
            found.append(None)
            continue
        if network.digest not in seen:
            seen[network.digest] = explanations(network, task, data)
        found.append(seen[network.digest])
    courses = []
    for kind in KINDS:
        items = frozenset[str]().union(*(sets[kind] for sets in found if sets is not None))
        courses += [
            Course(kind, item, tuple(None if sets is None else item in sets[kind] for sets in found)) for item in items
        ]
    return tuple(sorted(courses, key=lambda one: (KINDS.index(one.kind), one.appears, one.item)))


def explanations(network: Network, task: Task, data: DataRecord) -> dict[Kind, frozenset[str]]:
    """What one network has at one moment, by kind.

    Raises:
        BeyondLimits: circuits or neuron sets beyond what is listed.
    """
    circuits = search_circuits(network, task, COMPLETE, data)
    algorithms = irredundant_algorithms(task, network.n_hidden_layers)
    aligned = search_alignments(network, Candidates(algorithms, len(algorithms)), _RULES, data)
    carried = [result for result in aligned.algorithms if result.n_valid]
    return {
        "circuit": frozenset(Circuit(circuits.layout, mask).hex for mask in circuits.masks.tolist()),
        "algorithm": frozenset(result.algorithm.formula for result in carried),
        "alignment": frozenset(
            f"{result.algorithm.formula}: {_places(scored)}"
            for result in carried
            if result.algorithm.responses
            for scored in result.alignments
        ),
    }


def _places(scored: ScoredAlignment) -> str:
    return ", ".join(
        f"{path} on layer {site.layer} neurons {' '.join(map(str, site.neurons))}"
        for path, site in scored.alignment.places
    )


def summarised(followed: Sequence[Sequence[Course]], kind: Kind, n_moments: int) -> tuple[Moment, ...]:
    """What networks have at each moment, all seeds together.

    Args:
        followed: the courses of each network; one without any explanation counts as one without a network.
        kind: which explanations.
        n_moments: of each course.
    """
    moments = []
    for moment in range(n_moments):
        counts, kept, lost, gained, final, of_final = [], 0, 0, 0, 0, 0
        for courses in followed:
            if not courses or courses[0].present[moment] is None:
                continue
            mine = [course for course in courses if course.kind == kind]
            counts.append(sum(1 for course in mine if course.present[moment]))
            last = max(i for i, there in enumerate(courses[0].present) if there is not None)
            final += sum(1 for course in mine if course.present[moment] and course.present[last])
            of_final += sum(1 for course in mine if course.present[last])
            if moment and courses[0].present[moment - 1] is not None:
                pairs = [(course.present[moment - 1], course.present[moment]) for course in mine]
                kept += pairs.count((True, True))
                lost += pairs.count((True, False))
                gained += pairs.count((False, True))
        moments.append(
            Moment(
                len(counts),
                float(median(counts)) if counts else 0.0,
                counts.count(1),
                counts.count(0),
                kept,
                lost,
                gained,
                final,
                sum(counts),
                of_final,
            )
        )
    return tuple(moments)
