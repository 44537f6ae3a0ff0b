"""The placement value: where each variable of an algorithm is placed in a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import Any, Generic, Self, TypeVar

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.errors import InvalidPlacement
from pluriscope.analysis.interventions.interchange import Site
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import canonical_json, short_id


@lru_cache(maxsize=1 << 16)
def site_json(path: str, site: NeuronSet) -> str:
    """Write a variable's site as canonical JSON: ``["01",1,[0,2]]``."""
    return canonical_json([path, site.layer, list(site.neurons)]).decode()


def alignment_id(algorithm_text: str, texts: Iterable[str]) -> str:
    """Id of a placement from its places as JSON, already sorted by path."""
    return short_id(f"{algorithm_text}[{','.join(texts)}]")


def placement_ids(algorithm_text: str, columns: Sequence[Sequence[str]]) -> list[str]:
    """Ids of many placements of one algorithm.

    Args:
        algorithm_text: identity text of the algorithm.
        columns: for each variable, sorted by path, its place in each placement as JSON.
    """
    start = algorithm_text + "["
    # short_id written out: near misses take thousands of ids
    return [sha256((start + ",".join(texts) + "]").encode()).hexdigest()[:16] for texts in zip(*columns, strict=True)]


S = TypeVar("S", bound=Site)


@dataclass(frozen=True)
class Placement(Generic[S]):
    """A site for every variable of one algorithm; two kinds have different ids.

    Args:
        algorithm_text: identity text of the algorithm.
        places: (path, site) sorted by path.
    """

    algorithm_text: str
    places: tuple[tuple[str, S], ...]

    @classmethod
    def of(cls, algorithm_text: str, sites: Mapping[str, S] | Iterable[tuple[str, S]]) -> Self:
        pairs = sites.items() if isinstance(sites, Mapping) else sites
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

    @property
    def id(self) -> str:
        """16 hex digits by which addresses name it."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """The placement, without its algorithm, as addresses write it."""
        raise NotImplementedError

    def check_apart(self) -> None:
        """Check that all sites can be set at once.

        Raises:
            InvalidPlacement: they cannot.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class NeuronPlacement(Placement[NeuronSet]):
    """A placement of every variable of one algorithm on disjoint neuron sets."""

    @cached_property
    def id(self) -> str:
        """Hash of the algorithm's text and the sorted list of [path, layer, neurons] (spec §4)."""
        return alignment_id(self.algorithm_text, [site_json(path, site) for path, site in self.places])

    @classmethod
    def read(cls, algorithm_text: str, document: Iterable[tuple[str, int, Iterable[int]]]) -> NeuronPlacement:
        """The inverse of :attr:`document`."""
        return cls(algorithm_text, tuple((path, NeuronSet(layer, tuple(some))) for path, layer, some in document))

    @property
    def document(self) -> list[tuple[str, int, tuple[int, ...]]]:
        """Path, layer and neurons of each variable, as files have them."""
        return [(path, site.layer, site.neurons) for path, site in self.places]

    @property
    def text(self) -> str:
        """The neurons of each variable, such as ``0:1.0+2_1:2.1``."""
        return "_".join(f"{path}:{site.text}" for path, site in self.places)

    @property
    def n_neurons(self) -> int:
        return sum(len(site.neurons) for _, site in self.places)

    def check_apart(self) -> None:
        """Check that the neuron sets are disjoint.

        Raises:
            InvalidPlacement: they are not.
        """
        seen: set[tuple[int, int]] = set()
        for path, site in self.places:
            neurons = {(site.layer, neuron) for neuron in site.neurons}
            if seen & neurons:
                layer, neuron = min(seen & neurons)
                raise InvalidPlacement(
                    f"variable {path}",
                    f"shares neuron {neuron} of layer {layer} with another variable",
                    "give the variables disjoint neuron sets",
                )
            seen |= neurons


P = TypeVar("P", bound=Placement[Any])
Covariant = TypeVar("Covariant", bound=Placement[Any], covariant=True)


@dataclass(frozen=True, repr=False)
class PlacedFormula(Described, Generic[Covariant]):
    """An algorithm with the sites that carry its variables."""

    algorithm: HighLevelModel
    alignment: Covariant


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
        """The share agreed / of; 1 for the empty placement (0 of 0)."""
        return 1.0 if self.of == 0 else self.agreed / self.of


@dataclass(frozen=True)
class JointCase:
    """A joint interchange.

    Args:
        sources: input row for each variable, in order of path; then what else was chosen.
        base: input row.
        expected: what the algorithm says.
        output: the network's raw output.
    """

    sources: tuple[int, ...]
    base: int
    expected: int
    output: float


@dataclass(frozen=True)
class JointScore:
    """The score of a placement under joint interchange.

    Args:
        agreed: runs on which the network decides what the algorithm says.
        of: runs, (2^n)^(variables + 1), times the choices of what else is chosen.
        margin: smallest distance of an output from the decision's edge.
        first_wrong: the first disagreement, in the order of sources, then base; None if there is none.
    """

    agreed: int
    of: int
    margin: float
    first_wrong: JointCase | None


@dataclass(frozen=True)
class ScoredPlacement(Generic[P]):
    """A placement with its verdicts under one protocol.

    Args:
        alignment: the placement.
        iia: each variable by itself, over the protocol's interchange pairs, summed over variables.
        minimal: valid and containing no other valid placement of its algorithm, variable by variable; never on
            directions, of which none contains another.
        margin: smallest distance of any output so tested from the decision's edge, inf if nothing was tested.
        joint: all variables at once; None if it was not computed, or needs more runs than the limit.
    """

    alignment: P
    iia: IIA
    minimal: bool
    margin: float
    joint: JointScore | None = None

    @property
    def valid(self) -> bool:
        """Whether every single interchange agrees."""
        return self.iia.agreed == self.iia.of

    @property
    def joint_valid(self) -> bool | None:
        """Whether every joint interchange agrees; None if they were not run."""
        return None if self.joint is None else self.joint.agreed == self.joint.of


OnNeurons = ScoredPlacement[NeuronPlacement]
