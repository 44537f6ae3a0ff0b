"""Interchange intervention accuracy: does the network do under a swap what the algorithm says (spec §4)?

For a variable V on a site S: run ``base`` with S set to its activations on ``source``. The network must then decide
what the algorithm says on ``base`` with V set to its value on ``source``. IIA is the share of tested pairs that agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Response
from pluriscope.analysis.errors import InvalidPlacement
from pluriscope.analysis.interventions.interchange import Site, interchange_outputs
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.placements.placement import IIA, NeuronPlacement, P, Placement, ScoredPlacement
from pluriscope.analysis.questions.decisions import decide, margin_to_edge
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.questions.tasks import pattern_bits
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question

PairRule = Literal["ordered", "one_direction"]


class Behaviour(NamedTuple):
    """The prediction of an algorithm when one variable is interchanged, over input rows as integers.

    Two variables with the same behaviour fit the same sites, whatever tree they come from. A variable and its negation
    share one behaviour, and a variable that never matters has no values of its own.

    Args:
        values: the variable's truth table, with bit 0 clear.
        when_false: output on each base if the source's bit is 0.
        when_true: output on each base if the source's bit is 1.
    """

    values: int
    when_false: int
    when_true: int

    @classmethod
    def of(cls, response: Response, n_inputs: int) -> Behaviour:
        values, low, high = response
        if values & 1:
            values, low, high = ((1 << (1 << n_inputs)) - 1) & ~values, high, low
        if values == 0 or low == high:
            return cls(0, low, low)
        return cls(values, low, high)

    @lru_cache(maxsize=1024)  # noqa: B019  # a value; the same candidates come back with every network
    def expected(self, n_inputs: int) -> NDArray[np.bool_]:
        """Return the algorithm's output, ``[source, base]``; not to be changed."""
        values, low, high = (pattern_bits(x, n_inputs) for x in self)
        table: NDArray[np.bool_] = np.where(values[:, None], high[None, :], low[None, :])
        table.setflags(write=False)
        return table


@dataclass(frozen=True, eq=False)
class InterchangeMatrix:
    """Every interchange of one variable on one site, ``[source, base]`` each.

    Args:
        outputs: the network's raw output.
        decisions: what it decides, −1 for neither.
        expected: what the algorithm says, 0 or 1.
        tested: whether the protocol tests the pair.
        agreed: whether decision and algorithm agree, tested or not.
    """

    outputs: NDArray[np.float64]
    decisions: NDArray[np.int8]
    expected: NDArray[np.int8]
    tested: NDArray[np.bool_]
    agreed: NDArray[np.bool_]


@lru_cache(maxsize=16)
def tested_pairs(n_inputs: int, rule: PairRule) -> NDArray[np.bool_]:
    """Return the flags of the pairs of input rows that a protocol tests, ``[source, base]``; not to be changed.

    ``ordered``: all with source ≠ base. ``one_direction``: source before base in the authors' order of inputs, in which
    the first input is least significant: 00, 10, 01, 11 (golden ``sample_order``).
    """
    rows = np.arange(1 << n_inputs)
    rank = np.zeros_like(rows)
    for bit in range(n_inputs):
        rank |= ((rows >> bit) & 1) << (n_inputs - 1 - bit)
    tested: NDArray[np.bool_] = rows[:, None] != rows if rule == "ordered" else rank[:, None] < rank
    tested.setflags(write=False)
    return tested


def interchange_matrix(question: Question, algorithm: HighLevelModel, path: str, site: Site) -> InterchangeMatrix:
    """Run and judge every interchange of one variable on one site.

    Args:
        algorithm: the algorithm that the variable belongs to.
        path: the variable.
        site: where it lives.

    Raises:
        InvalidPlacement: no such variable, layer or site, or a site that the protocol does not allow.
    """
    check_variable(algorithm, path)
    check_site(question.network, path, site, question.protocol)
    n_inputs, protocol = algorithm.n_inputs, question.protocol
    outputs = interchange_outputs(question.network, [site], question.data.clean_rows)[0]
    decisions = decide(outputs, protocol.alignment_decision)
    expected = Behaviour.of(algorithm.responses[path], n_inputs).expected(n_inputs).astype(np.int8)
    tested = tested_pairs(n_inputs, protocol.interchange_pairs)
    return InterchangeMatrix(outputs, decisions, expected, tested, decisions == expected)


def tested_decisions(question: Question, sites: Sequence[Site]) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Interchange each site by itself on all pairs that the protocol tests.

    Returns:
        Decisions ``[sites, tested pairs]``, and ``[sites]`` the smallest distance of any output from the edge.
    """
    tested = tested_pairs(question.network.n_inputs, question.protocol.interchange_pairs)
    outputs = interchange_outputs(question.network, sites, question.data.clean_rows)[:, tested]
    rule = question.protocol.alignment_decision
    return decide(outputs, rule), margin_to_edge(outputs, rule).min(axis=1, initial=np.inf)


def _expected(question: Question, algorithm: HighLevelModel, path: str) -> NDArray[np.bool_]:
    """What the algorithm says with a variable interchanged, ``[tested pairs]``."""
    expected = Behaviour.of(algorithm.responses[path], algorithm.n_inputs).expected(algorithm.n_inputs)
    return expected[tested_pairs(algorithm.n_inputs, question.protocol.interchange_pairs)]


def score_placement(question: Question, algorithm: HighLevelModel, alignment: P) -> ScoredPlacement[P]:
    """Score one placement, on neurons or on directions, without a search.

    Args:
        algorithm: the algorithm that is aligned.
        alignment: places for all of its variables.

    Raises:
        InvalidPlacement: another algorithm's placement, a variable missing or unknown, a layer or site that does not
            exist, sites that cannot be set at once, or a site that the protocol does not allow.
    """
    check_placement(question.network, algorithm, alignment, question.protocol)
    decisions, margins = tested_decisions(question, [site for _, site in alignment.places])
    agreed = [
        (one == _expected(question, algorithm, path)).sum()
        for (path, _), one in zip(alignment.places, decisions, strict=True)
    ]
    iia = IIA(int(sum(agreed)), decisions.size)
    minimal = (
        iia.agreed == iia.of
        and isinstance(alignment, NeuronPlacement)
        and all(smallest_part(question, algorithm, path, site) == site for path, site in alignment.places)
    )
    return ScoredPlacement(alignment, iia, minimal, float(margins.min(initial=np.inf)))


def smallest_part(question: Question, algorithm: HighLevelModel, path: str, site: NeuronSet) -> NeuronSet:
    """The first subset of a set, by size, then index, that a variable fits; the set itself if it fits no smaller one.

    Whether a variable fits depends on no other, so a placement whose variables all fit is minimal if each place is its
    own smallest part.
    """
    parts = [
        NeuronSet(site.layer, neurons)
        for size in range(1, len(site.neurons))
        for neurons in combinations(site.neurons, size)
    ]
    if not parts:
        return site
    fits = (tested_decisions(question, parts)[0] == _expected(question, algorithm, path)).all(axis=1)
    return parts[int(fits.argmax())] if fits.any() else site


def check_placement(network: Network, algorithm: HighLevelModel, alignment: Placement[Any], protocol: Protocol) -> None:
    """Check that a placement places every variable of the algorithm, each once, on sites that can be set at once.

    Raises:
        InvalidPlacement: it does not; the first problem found is named.
    """
    item, paths = f"placement {alignment.id}", [path for path, _ in alignment.places]
    if alignment.algorithm_text != algorithm.text:
        cause = f"is one of {alignment.algorithm_text}, not of {algorithm.text}"
        raise InvalidPlacement(item, cause, "take a placement of this algorithm")
    for path in paths:
        check_variable(algorithm, path)
    missing = sorted(set(algorithm.responses) - set(paths))
    if missing or len(set(paths)) < len(paths):
        problem = f"gives no place to {', '.join(missing)}" if missing else "names a variable twice"
        raise InvalidPlacement(item, problem, "give each variable one place")
    for path, site in alignment.places:
        check_site(network, path, site, protocol)
    alignment.check_apart()


def check_variable(algorithm: HighLevelModel, path: str) -> None:
    """Check that the algorithm has that variable.

    Raises:
        InvalidPlacement: it does not.
    """
    if path not in algorithm.responses:
        known = ", ".join(algorithm.responses) or "none"
        raise InvalidPlacement(
            f"variable {path!r}", f"{algorithm.formula} has no such variable", f"use one of its variables: {known}"
        )


def check_site(network: Network, path: str, site: Site, protocol: Protocol) -> None:
    """Check that a site exists in a network and that the protocol allows it.

    Raises:
        InvalidPlacement: it does not exist or is not allowed.
    """
    if not 1 <= site.layer <= network.n_hidden_layers:
        raise InvalidPlacement(
            f"layer {site.layer} of variable {path}",
            f"the network has {network.n_hidden_layers} hidden layers",
            "count layers from 1 for the first hidden layer",
        )
    site.check(path, network.sizes[site.layer])
    if protocol.alignment_sites == "single_neurons" and isinstance(site, NeuronSet) and len(site.neurons) > 1:
        raise InvalidPlacement(
            f"neurons {list(site.neurons)} of variable {path}",
            f"protocol {protocol.name!r} puts a variable on one neuron only",
            "use one neuron, or a protocol with neuron sets",
        )
