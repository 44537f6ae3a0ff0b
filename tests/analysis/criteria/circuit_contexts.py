"""Contexts that tests of the criteria for circuits share: a real network, and random ones with every circuit."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.questions.protocol import COMPLETE, Protocol
from pluriscope.analysis.questions.tasks import input_table, task_from_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests import random_networks
from tests.factories import pretrained_xor
from tests.oracles import brute_force_criteria as plain
from tests.oracles.brute_force_circuits import possible_masks


def random_network(seed: int, sizes: tuple[int, ...], activation: str) -> Network:
    drawn = random_networks.random_network
    return drawn(seed, sizes, activation, weights=1.5, biases=0.3, output_activation=activation)


@lru_cache
def all_circuits(seed: int, sizes: tuple[int, ...], activation: str, rule: str = "rounding") -> Population:
    """Every possible circuit of a random network, taken as valid, and as task what the network itself decides."""
    network = random_network(seed, sizes, activation)
    decided = decide(forward(network, input_table(sizes[0]))[:, 0], rule)  # type: ignore[arg-type]
    task = task_from_table([int(d == 1) for d in decided], sizes[0])
    masks = np.array([mask for mask, _ in possible_masks(network)], dtype=np.uint64)
    protocol = COMPLETE.model_copy(update={"circuit_decision": rule})
    return Population("circuit", ask(network, task=task, protocol=protocol), masks)


@lru_cache
def xor_context(protocol: Protocol = COMPLETE) -> Population:
    file = pretrained_xor()
    found = search_circuits(ask(file.network, task=file.tasks[0], protocol=protocol))
    return Population("circuit", ask(file.network, task=file.tasks[0], protocol=protocol), found.masks)


def kept_sets(context: Population) -> list[set[tuple[int, int, int]]]:
    edges = plain.edges_of(context.question.network)
    return [{edge for k, edge in enumerate(edges) if mask >> k & 1} for mask in context.items.tolist()]


def passed(context: Population, key: str, **given: float) -> list[bool]:
    return criterion_named(key).judge(context, given).passed.tolist()
