"""Edge and node pruning: gates learned by gradient descent, see :mod:`analysis.discovery.learned_gates`.

On edges as by Bhaskar et al., "Finding Transformer Circuits with Edge Pruning" (NeurIPS 2024), on neurons as in
subnetwork probing (Cao, Sanh and Rush, NAACL 2021).
"""

from __future__ import annotations

from typing import Final

from analysis.discovery.method import Method, ablation
from analysis.method_settings import Setting

_SETTINGS: Final = (
    ablation("zero"),
    Setting("lambda", 0.01, "penalty for each open gate", low=0.0, high=1e3),
    Setting("seed", 0, "of the gates' start and noise", low=0, high=2**31 - 1),
    Setting("steps", 400, "steps of gradient descent", low=1, high=100_000),
)
EDGE_PRUNING: Final = Method(
    key="edge-pruning",
    label="Edge pruning",
    definition="A gate on every edge is learned to keep the network's outputs under a penalty for open gates; edges "
    "whose gate ends open are kept.",
    source="Bhaskar et al., NeurIPS 2024 (arXiv:2406.16778), with gates of Louizos et al., ICLR 2018",
    own=_SETTINGS,
    choose="analysis.discovery.learned_gates:choose_edges",
)
NODE_PRUNING: Final = Method(
    key="node-pruning",
    label="Node pruning",
    definition="The same with a gate on every hidden neuron, acting on all edges out of it; every edge between kept "
    "neurons is kept.",
    source="Cao, Sanh and Rush, NAACL 2021 (arXiv:2104.03514): subnetwork probing, with one gate a neuron",
    own=_SETTINGS,
    choose="analysis.discovery.learned_gates:choose_nodes",
)
