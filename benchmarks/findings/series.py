"""One network along its training: which explanations it has at each moment, when each appears and disappears.

Training to a loss target is training that passes every higher target on its way: equal seeds give the same network at
the same epoch, bit for bit. So the networks of one seed in cells that differ by loss target alone are one network at
different moments, and its explanations can be followed: valid circuits by mask, minimal
alignments of the irredundant algorithms by :mod:`analysis.studies.measures.sets`, and these algorithms by their text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Final, Literal

Kind = Literal["circuit", "algorithm", "alignment"]
KINDS: Final[tuple[Kind, ...]] = ("circuit", "algorithm", "alignment")


@dataclass(frozen=True)
class Course:
    """One explanation along the training of one network.

    Args:
        kind: what it is.
        item: a mask in hex, the text of an algorithm, or the name of an alignment.
        present: at each moment; None where there is no network.
    """

    kind: Kind
    item: str
    present: tuple[bool | None, ...]

    @cached_property
    def appears(self) -> int:
        """The first moment at which it is there."""
        return self.present.index(True)


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


def follow(found: Sequence[Mapping[Kind, frozenset[str]] | None]) -> tuple[Course, ...]:
    """Follow every explanation of one network.

    Args:
        found: what it has at each moment, in the order of training, see :func:`named`; None where it was not reached.

    Returns:
        By kind, then first moment, then item.
    """
    courses = []
    for kind in KINDS:
        items = frozenset[str]().union(*(sets[kind] for sets in found if sets is not None))
        courses += [
            Course(kind, item, tuple(None if sets is None else item in sets[kind] for sets in found)) for item in items
        ]
    return tuple(sorted(courses, key=lambda one: (KINDS.index(one.kind), one.appears, one.item)))


def named(circuits: Iterable[str], alignments: Iterable[str]) -> dict[Kind, frozenset[str]]:
    """What a network has, from the measures "which-circuits" and "which-alignments"."""
    words = frozenset(alignments)
    algorithms = frozenset(word.partition("|")[0] for word in words)
    return {"circuit": frozenset(circuits), "algorithm": algorithms, "alignment": words}


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
