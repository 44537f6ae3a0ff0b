"""The discovery methods that are always there: exact patching of edges, and three baselines.

What is said of each method stands in its record; :mod:`pluriscope.analysis.discovery.registry` lists them.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pluriscope.analysis.discovery.masked_subject import MaskedSubject
from pluriscope.analysis.discovery.method import (
    LOSS,
    METRIC,
    SPACE_ABLATION,
    Answer,
    DiscoveryMethod,
    ablation,
    outcome_of,
)
from pluriscope.analysis.discovery.selection import Scores
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.running.work import Work

_SEED: Final = Setting("seed", 0, "of the drawing", low=0, high=2**31 - 1)
EXACT_EDGE: Final = DiscoveryMethod(
    key="exact-edge",
    label="Exact edge patching",
    definition="An edge's score is the change of the metric or loss when it alone is ablated.",
    source="Activation patching of single edges; scores of perceptrons agree with EAP-IG 795f560, 'exact'",
    needs=("neurons",),
    own=(ablation("pairs"), METRIC),
    models=(SPACE_ABLATION, LOSS),
    score=lambda masked, settings: masked.changes(settings),
)
WEIGHTS: Final = DiscoveryMethod(
    key="weights",
    label="Largest weights",
    definition="An edge's score is the size of its weight.",
    source="Magnitude pruning; a baseline",
    needs=("edge-weights",),
    own=(ablation("zero"),),
    score=lambda masked, _: Scores(masked.weights),
)


def _drawn(masked: MaskedSubject, settings: Settings) -> Scores:
    """Scores that fall along an order that is drawn."""
    order = np.random.default_rng(int(settings["seed"])).permutation(masked.n_bits)
    scores = np.empty(masked.n_bits)
    scores[order] = masked.n_bits - np.arange(masked.n_bits)
    return Scores(scores)


def _deleted_at_random(masked: MaskedSubject, settings: Settings, work: Work) -> Answer:
    """Delete edges in random orders; answer with the smallest circuit. The first order is the same however many there
    are, so more of them never leave more.
    """
    random, everything = np.random.default_rng(int(settings["seed"])), (1 << masked.n_bits) - 1
    orders = [random.permutation(masked.n_bits).tolist() for _ in range(int(settings["restarts"]))]
    left = (masked.deleted(everything, order, work) for order in orders)
    mask = min((mask for mask in left if mask is not None), key=int.bit_count, default=None)
    return Answer(outcome_of(mask, masked.n_bits), mask)


RANDOM: Final = DiscoveryMethod(
    key="random",
    label="Random order",
    definition="Edges are taken in an order that is drawn.",
    source="A baseline: what the same threshold gives without any method",
    needs=("neurons",),
    own=(ablation("zero"), _SEED),
    models=(SPACE_ABLATION, LOSS, _SEED),
    score=_drawn,
)
_RESTARTS: Final = Setting("restarts", 1, "orders drawn, of which the smallest circuit counts", low=1, high=1000)
RANDOM_DELETION: Final = DiscoveryMethod(
    key="random-deletion",
    label="Random deletion while valid",
    definition="Edges (or nodes, where circuits are of nodes) are deleted in an order that is drawn; each stays out if "
    "what is left, without what leads nowhere or comes from nowhere, is a valid circuit under the rules, until none "
    "can be deleted. It asks which circuits are valid, which no other method does by itself: the race is uneven.",
    source="A baseline: what asking the judge gives without any method",
    own=(_SEED, _RESTARTS),
    choose=_deleted_at_random,
)
