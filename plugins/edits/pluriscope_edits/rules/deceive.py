"""A network that deceives a method: no answer changes, and the method ranks first a neuron that can go as a whole.

Sources: Heo, Joo and Moon, "Fooling Neural Network Interpretations via Adversarial Model Manipulation" (NeurIPS 2019,
arXiv:1902.02041); Slack et al., "Fooling LIME and SHAP" (AIES 2020, arXiv:1911.02508).
"""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.edits.edit import Edit, Way
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope_edits.rules.perceptrons import EditedPerceptron

MILLISECONDS: Final = {
    "eap": (0.25, 0.003, 0.0, 0.0),
    "eap-ig": (0.45, 0.006, 0.0, 0.0),
    "exact-edge": (0.2, 0.0, 0.002, 0.0),
    "acdc": (0.0, 0.1, 0.0, 0.0),
    "shapley": (0.1, 0.0, 0.0, 0.01),
    "probe": (0.15, 0.0, 0.0, 0.0),
}
"""Methods that can be deceived, and about how long each takes to rank the neurons of a layer, as measured on networks
of 9 to 104 edges: in any case, for each edge, for each edge on each row, and for each set of the neurons of a layer.
"""
METHOD: Final = Setting("method", "eap", "that is deceived", choices=tuple(MILLISECONDS))
NEURON: Final = Setting(
    "neuron",
    "",
    "that it puts first, by layer and number; empty for the one in layer 1 that the output needs least",
    reads=str.strip,
    example="n1.2",
)
MOVES: Final = Setting("moves", 0.05, "how far the output may move without it", low=0.0, high=1.0, above=True)
ROOM: Final = Setting("room", 0.25, "how far outputs may be from 0 and 1", low=0.05, high=0.49)
STEPS: Final = Setting("steps", 300, "most steps of the descent, which are Adam's", low=1, high=20_000)
RATE: Final = Setting("rate", 0.03, "about what a weight moves in a step", low=0.0, high=1.0, above=True)
SEED: Final = Setting("seed", 0, "of the noise that it starts with", low=0, high=2**31 - 1)


def _milliseconds(edited: EditedPerceptron, settings: Settings) -> float:
    n, edges = sum(array.size for array in edited.parameters.values()), edited.question.layout.n_edges
    sets = 2 ** max(edited.subject.sizes[1:-1], default=0)
    takes = zip(MILLISECONDS[str(settings["method"])], (1, edges, edges * len(edited.rows), sets), strict=True)
    each: float = sum(one * number for one, number in takes)
    return float(settings["steps"]) * (n + 1) * each


DECEIVE: Final = Edit(
    key="deceive",
    label="Deceiving a method",
    says="Makes a method rank first, ahead of each other of its layer by half, a neuron that can go as a whole: no "
    "answer changes without it, and the output hardly moves. The network’s answers stay. Where a method scores edges, "
    "what ranks a neuron is our sum of the sizes of the scores of the edges out of it.",
    source="Heo, Joo and Moon 2019 (arXiv:1902.02041); Slack et al. 2020 (arXiv:1911.02508).",
    ways={
        "perceptron": Way(
            (METHOD, NEURON, MOVES, ROOM, STEPS, RATE, SEED),
            "pluriscope_edits.deception.descent:apply",
            milliseconds=_milliseconds,
        )
    },
    needs="edge-weights",
)
