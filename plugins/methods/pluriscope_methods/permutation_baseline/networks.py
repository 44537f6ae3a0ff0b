"""The best IIA that an algorithm reaches by chance: on networks that know nothing of it.

The entries of each layer's weight matrix are shuffled within the layer, biases stay. The best IIA over all alignments
of the algorithm on such a network is what search alone can reach (``science.md`` §2, after the random-network controls
of Sutter et al., NeurIPS 2025).

The best IIA is found exactly by the recursion over used neurons of :mod:`pluriscope.analysis.alignments.placements`,
for all networks side by side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.alignments.iia import Behaviour, tested_pairs
from pluriscope.analysis.alignments.sites import SiteTable, neuron_sites
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.interventions.interchange import interchange_outputs
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question

Integers = NDArray[np.int64]

MAX_STEPS = 1 << 33  # sums compared: some seconds for each 2^30
_NEVER = -(1 << 40)


def permuted_network(network: Network, number: int, *, seed: int) -> Network:
    """The ``number``-th network with each layer's weights shuffled; the same for the same seed and number.

    Args:
        network: any network.
        number: from 0.
        seed: of the shuffles, from 0.
    """
    random = np.random.default_rng([seed, number])
    weights = [random.permutation(w.ravel()).reshape(w.shape) for w in network.weights]
    return Network.from_arrays(
        weights,
        network.biases,
        activation=network.activation,
        output_activation=network.output_activation,
        negative_slope=network.negative_slope,
    )


def best_on_permuted_networks(
    question: Question, algorithms: Sequence[HighLevelModel], n_networks: int, work: Work = DEFAULT_WORK, *, seed: int
) -> Integers:
    """Most agreements of each algorithm on each permuted network, over all of its alignments.

    Args:
        algorithms: one without variables agrees on 0 of 0.
        seed: of the permutations.
        work: reports "criteria"; may cancel.

    Returns:
        ``[algorithms, networks]``, below 0 where the neurons do not suffice for the variables.

    Raises:
        BeyondLimits: too many neuron sets or networks.
    """
    network, protocol = question.network, question.protocol
    table = neuron_sites(network.hidden_sizes, protocol.alignment_sites)
    _check(algorithms, table, n_networks)
    tested = tested_pairs(network.n_inputs, protocol.interchange_pairs)
    keys = sorted({key for algorithm in algorithms for key in _behaviours(algorithm)})
    if not keys:  # nothing to place
        return np.zeros((len(algorithms), n_networks), dtype=np.int64)
    expected = np.array([key.expected(network.n_inputs)[tested] for key in keys])
    agreed = []
    for number in work.each("criteria", range(n_networks), "permuted networks"):
        decisions = _decisions(permuted_network(network, number, seed=seed), table, protocol, question.data, tested)
        agreed.append(_agreements(expected, decisions))
    return _best(algorithms, keys, np.array(agreed), table)


def _behaviours(algorithm: HighLevelModel) -> tuple[Behaviour, ...]:
    """Return the behaviour of each variable, sorted, so that algorithms share the ends of their lists."""
    return tuple(sorted(Behaviour.of(response, algorithm.n_inputs) for response in algorithm.responses.values()))


def _check(algorithms: Sequence[HighLevelModel], table: SiteTable, n_networks: int) -> None:
    ends = {keys[i:] for keys in map(_behaviours, algorithms) for i in range(len(keys))}
    n_steps = len(ends) * len(table.sites) * (1 << table.n_neurons) * n_networks
    if n_steps > MAX_STEPS:
        raise BeyondLimits(
            "the IIA of chance",
            f"{len(table.sites):,} neuron sets of {table.n_neurons} neurons, {len(ends):,} lists of variables and "
            f"{n_networks:,} networks need {n_steps:,} steps, against a limit of {MAX_STEPS:,}",
            "judge fewer algorithms, or use fewer networks",
        )


def _decisions(
    network: Network, table: SiteTable, protocol: Protocol, data: DataRecord, tested: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """Decide the outputs of networks with permuted weights, ``[sites, tested pairs]``; these may overflow, and what is
    no number is decided as neither.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        outputs = interchange_outputs(network, table.sites, data.clean_rows)
        return decide(outputs[:, tested], protocol.alignment_decision)


def _agreements(expected: NDArray[np.bool_], decisions: NDArray[np.int8]) -> Integers:
    """Count the tested pairs that agree, ``[keys, sites]``; expected is ``[keys, tested pairs]``."""
    says = expected.astype(np.float64)
    ones, zeros = (decisions == 1).astype(np.float64), (decisions == 0).astype(np.float64)
    agreed: Integers = np.rint(says @ ones.T + (1 - says) @ zeros.T).astype(np.int64)
    return agreed


def _best(
    algorithms: Sequence[HighLevelModel], keys: Sequence[Behaviour], agreed: Integers, table: SiteTable
) -> Integers:
    """Find the most agreements over disjoint sites, ``[algorithms, networks]``, from ``agreed [networks, keys,
    sites]``.
    """
    number = {key: i for i, key in enumerate(keys)}
    n_states = 1 << table.n_neurons
    states = np.arange(n_states)
    open_to = [(states[(states & mask) == 0], mask) for mask in table.masks.tolist()]
    known: dict[tuple[Behaviour, ...], Integers] = {(): np.zeros((len(agreed), n_states), dtype=np.int64)}

    def best(rest: tuple[Behaviour, ...]) -> Integers:
        """Return the best sums of the remaining behaviours, ``[networks, used neurons]``."""
        if rest not in known:
            following = best(rest[1:])
            found = np.full((len(agreed), n_states), _NEVER)
            for site, (free, mask) in enumerate(open_to):
                here = agreed[:, number[rest[0]], site, None] + following[:, free | mask]
                found[:, free] = np.maximum(found[:, free], here)
            known[rest] = np.maximum(found, _NEVER)
        return known[rest]

    return np.array([best(_behaviours(algorithm))[:, 0] for algorithm in algorithms]).reshape(-1, len(agreed))
