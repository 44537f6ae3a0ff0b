"""The alignment value: where each variable of an algorithm is placed in a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import Any, Generic, Protocol, Self, TypeVar

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.digest import canonical_json, short_id
from analysis.interventions.neuron_set import NeuronSet


@lru_cache(maxsize=1 << 16)
def place_json(path: str, site: NeuronSet) -> str:
    """One place as canonical JSON: ``["01",1,[0,2]]``."""
    return canonical_json([path, site.layer, list(site.neurons)]).decode()


def alignment_id(algorithm_text: str, places: Iterable[str]) -> str:
    """Id of an alignment from its places as JSON, already sorted by path."""
    return short_id(f"{algorithm_text}[{','.join(places)}]")


def alignment_ids(algorithm_text: str, columns: Sequence[Sequence[str]]) -> list[str]:
    """Ids of many alignments of one algorithm.

    Args:
        algorithm_text: identity text of the algorithm.
        columns: for each variable, sorted by path, its place in each alignment as JSON.
    """
    start = algorithm_text + "["
    # short_id written out: near misses take thousands of ids
    return [sha256((start + ",".join(places) + "]").encode()).hexdigest()[:16] for places in zip(*columns, strict=True)]


class Site(Protocol):
    """Where a variable may live: a neuron set, or directions of a layer."""

    @property
    def layer(self) -> int:
        """From 1, the first hidden one."""


S = TypeVar("S", bound=Site)


@dataclass(frozen=True)
class Placement(Generic[S]):
    """A site for every variable of one algorithm.

    Args:
        algorithm_text: identity text of the algorithm.
        places: (path, site) sorted by path.
    """

    algorithm_text: str
    places: tuple[tuple[str, S], ...]

    @classmethod
    def of(cls, algorithm_text: str, places: Mapping[str, S] | Iterable[tuple[str, S]]) -> Self:
        pairs = places.items() if isinstance(places, Mapping) else places
        return cls(algorithm_text, tuple(sorted(pairs, key=itemgetter(0))))

    @property
    def nested(self) -> list[tuple[tuple[str, S], tuple[str, S]]]:
        """Pairs of a variable with one that is computed from it, each with its site: the outer path is a beginning."""
        return [
            (lower, upper)
            for upper in self.places
            for lower in self.places
            if lower[0] != upper[0] and lower[0].startswith(upper[0])
        ]

    @property
    def causal_order(self) -> bool:
        """Whether each variable lies in a strictly earlier layer than every variable computed from it."""
        return all(lower.layer < upper.layer for (_, lower), (_, upper) in self.nested)


@dataclass(frozen=True)
class Alignment(Placement[NeuronSet]):
    """A placement of every variable of one algorithm on disjoint neuron sets."""

    @cached_property
    def id(self) -> str:
        """Hash of the algorithm's text and the sorted list of [path, layer, neurons] (spec §4)."""
        return alignment_id(self.algorithm_text, [place_json(path, site) for path, site in self.places])

    @property
    def n_neurons(self) -> int:
        return sum(len(site.neurons) for _, site in self.places)


P = TypeVar("P", bound=Placement[Any], covariant=True)


@dataclass(frozen=True)
class Aligned(Generic[P]):
    """An algorithm with the sites that carry its variables."""

    algorithm: HighLevelModel
    alignment: P


@dataclass(frozen=True)
class IIA:
    """Interchange intervention accuracy as a fraction, never a bare number.

    Args:
        agreed: interchange interventions on which the network decides what the algorithm says.
        of: interventions tested.
    """

    agreed: int
    of: int

    @property
    def value(self) -> float:
        """The share agreed / of; 1 for the empty alignment (0 of 0)."""
        return 1.0 if self.of == 0 else self.agreed / self.of


@dataclass(frozen=True)
class ScoredAlignment:
    """An alignment with its verdict under one protocol.

    Args:
        alignment: the placement.
        iia: over the protocol's interchange pairs, summed over variables.
        minimal: valid and containing no other valid alignment of its algorithm, variable by variable.
        margin: smallest distance of any tested network output from the decision's edge, inf if nothing was tested.
    """

    alignment: Alignment
    iia: IIA
    minimal: bool
    margin: float

    @property
    def valid(self) -> bool:
        return self.iia.agreed == self.iia.of
