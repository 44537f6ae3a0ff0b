"""A fixed network with explanations of every kind, for the pattern page and the tests of drawings; needs no database.

The weights are those of the authors' pretrained XOR network rounded to two decimals (MIT, © 2025 Maxime Méloux). Scores
and counts shown on the pattern page are examples of form, not results.
"""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel, Node
from analysis.alignments.alignment import Alignment
from analysis.interventions.neuron_set import NeuronSet
from analysis.models.model import Edge, Graph
from analysis.models.model import Node as GraphNode
from app.figures.numbers import Bound, bounded
from app.figures.svg import Direction, Threshold, Tile
from app.figures.svg.ladder import LadderLine, ladder_figure
from app.naming import Scope

WEIGHTS: Final = (
    ((1.05, 1.05), (0.85, 0.97), (0.66, 0.21)),
    ((-1.37, 0.98, 0.24), (1.66, -0.21, -0.08), (-0.81, 0.63, 0.22)),
    ((0.91, -0.80, 0.71),),
)
MASK: Final = "2b0cf"
TILES: Final = (
    Tile(1, 0, (0, 1, 1, 1), "A ∨ B"),
    Tile(1, 1, (0, 0, 0, 1), "A ∧ B"),
    Tile(2, 0, (0, 1, 1, 0), "A ⊕ B"),
    Tile(2, 2, (0, 1, 1, 0), "A ⊕ B"),
    Tile(3, 0, (0, 1, 1, 0), "A ⊕ B"),
)
DIRECTIONS: Final = (
    Direction(1, (-1.05, -0.34, 2.12), (0, 0, 1, 0)),
    Direction(1, (-1.05, 1.53, -1.81), (0, 1, 0, 0)),
)
THRESHOLDS: Final = (Threshold(0.04, "P", (0, 1, 1, 1)), Threshold(0.62, "Q", (0, 0, 0, 1)))
MODEL_GRAPH: Final = Graph(
    (
        GraphNode("x", "input", 0, False),
        GraphNode("a", "first", 1),
        GraphNode("b", "second", 1),
        GraphNode("y", "output", 2, False),
    ),
    (*(Edge(0, target, slot) for target in (1, 2) for slot in ("q", "k", "v")), Edge(0, 3), Edge(1, 3), Edge(2, 3)),
)
_A, _B = Node("input", input=0), Node("input", input=1)
_LOCATED: Final[dict[str, Any]] = {
    "edges": 13,
    "excess": 3,
    "under": {"zero": True, "mean": True, "resample": False},
    "dropped": ["1.2>2.1"],
    "adds": [],
    "drops": [],
    "possible": True,
    "valid": True,
    "chance_valid": 28,
    "chance_possible": 1_776,
    "rank": {"smaller": 23, "equal": 28, "larger": 146, "exact": True},
    "nearest": {"mask": "0a5c3", "url": "#nearest", "distance": 0, "exact": True},
    "recall": (6, 6),
    "extra": 7,
    "raw_valid": True,
    "own_valid": True,
    "severed": ["n1.2"],
    "relation": "same",
    "passed": ["mean-ablation"],
    "failed": ["minimal-subset"],
}
"""Where one answer stands."""


def _not(node: Node) -> Node:
    return Node("not", (node,))


def _and(left: Node, right: Node) -> Node:
    return Node("and", (left, right))


ALGORITHM: Final = HighLevelModel("and_inverter", 2, _and(_not(_and(_A, _B)), _not(_and(_not(_A), _not(_B)))))
DEEP_ALGORITHM: Final = HighLevelModel(
    "and_inverter", 2, _not(_and(_not(_and(_A, _not(_and(_A, _B)))), _not(_and(_B, _not(_and(_A, _B))))))
)
PAPER_ALGORITHM: Final = HighLevelModel("formula_trees", 2, _and(Node("or", (_A, _B)), _not(_and(_A, _B))))
ALIGNMENT: Final = Alignment.of(ALGORITHM.text, {"0": NeuronSet(1, (0,)), "1": NeuronSet(1, (1, 2))})
DEEP_ALIGNMENT: Final = Alignment.of(
    DEEP_ALGORITHM.text,
    {"0": NeuronSet(2, (0,)), "1": NeuronSet(2, (2,)), "01": NeuronSet(1, (0,)), "11": NeuronSet(1, (2,))},
)


def random_weights(sizes: tuple[int, ...], seed: int) -> tuple[NDArray[np.float64], ...]:
    """Weights of a made-up network, the same for the same seed."""
    source = np.random.default_rng(seed)
    return tuple(source.normal(0, 1, (n_out, n_in)) for n_in, n_out in pairwise(sizes))


def connected_mask(weights: tuple[NDArray[np.float64], ...], share: float, seed: int) -> tuple[NDArray[np.bool_], ...]:
    """A mask that keeps about ``share`` of the edges and at least one of each neuron, so that it draws as a circuit."""
    source = np.random.default_rng(seed)
    masks = tuple(source.random(w.shape) < share for w in weights)
    for mask in masks:
        mask[np.arange(mask.shape[0]), np.arange(mask.shape[0]) % mask.shape[1]] = True
        mask[np.arange(mask.shape[1]) % mask.shape[0], np.arange(mask.shape[1])] = True
    return masks


def _plan_example() -> SimpleNamespace:
    """A plan whose first way is barred."""
    return SimpleNamespace(
        possible=7_271_931_361,
        method="counted",
        words="count the valid circuits exactly, without listing them",
        takes="seconds",
        reason="Listing is out of reach, but every circuit can be judged without listing.",
        refusals=[],
        n_draws=1_000,
        n_samples=200_000,
        confidence=0.99,
    )


def _funnel_example(kind: str) -> SimpleNamespace:
    """What is left of some explanations of a kind after four criteria, one of which has no verdicts yet."""

    def row(place: int, label: str, before: int, outcomes: tuple[int, int, int, int] | None, **more: Any) -> Any:
        values: dict[str, Any] = {
            "position": place,
            "label": label,
            "settings": "",
            "state": "stored" if outcomes else "not_computed",
            "before": before,
            "outcomes": None,
            "left": before,
            "left_least": before,
            "open": 0,
            "whole": True,
            "interpretations": None,
            "observed": None,
            "scaled": None,
            "left_url": "#",
            "failed_url": "#",
        }
        if outcomes:
            names = ("passed", "failed", "undecided", "not_applicable")
            values |= {"outcomes": SimpleNamespace(**dict(zip(names, outcomes, strict=True)))}
            values |= {"left": outcomes[0], "left_least": outcomes[0], "open": outcomes[2]}
        return SimpleNamespace(**(values | more))

    scaled = SimpleNamespace(guess=45_862_248, low=32_000_000, high=63_500_000, confidence=0.99)
    rows = [
        row(0, "Mean ablation", 1_000, (700, 300, 0, 0), interpretations=12_400_000, observed=9_121),
        row(1, "Robust on inputs", 700, (100, 420, 80, 100), settings="radius 0.1", scaled=scaled),
        row(2, "Robust to patching", 100, None, whole=False),
        row(3, "Cardinally minimal", 100, (1, 99, 0, 0), whole=False),
    ]
    return SimpleNamespace(
        kind=kind,
        noun=kind,
        begin=1_000,
        begin_words=f"{kind}s, as an example",
        begin_url="#",
        rows=rows if kind == "circuit" else rows[1:],
        left=1,
        open=80,
        whole=False,
        interpretations=None,
        observed=None,
        algorithms=None,
        scaled=None,
        left_url="#",
        last_url=None,
        verdict=f"Some verdicts are not computed yet; at most 1 {kind} can be left.",
        none_left=False,
    )


def _verdict_examples() -> list[dict[str, Any]]:
    """A fraction with an intervention, a number with a rival."""
    intervention = {"words": "01 ← 00 on n1.0: predicts 0, the network puts out 1.225", "rival": None}
    rival = {"words": "", "rival": {"label": "circuit 081ff", "url": "#circuit"}}
    return [
        {
            "label": "Predicts single interchanges",
            "about": "",
            "score": 29 / 48,
            "numerator": 29,
            "denominator": 48,
            "reason": "29 of 48 interchanges of its active neurons are predicted right.",
            "witness": intervention,
        },
        {
            "label": "Cardinally minimal",
            "about": "circuit",
            "score": 11.0,
            "numerator": None,
            "denominator": None,
            "reason": "It has 11 edges; the fewest of any valid circuit are 10.",
            "witness": rival,
        },
    ]


def _share_example() -> SimpleNamespace:
    """What the panel for passing a page on shows; its links lead nowhere."""
    texts = ("notebook", "bibtex", "citation", "paper_bibtex", "paper_citation", "embed_code")
    links = (
        "embed_url",
        "card_url",
        "verify_url",
        "drawing_svg",
        "drawing_png",
        "drawing_pdf",
        "oembed_json",
        "oembed_xml",
    )
    return SimpleNamespace(
        title="An example",
        description="A circuit of 10 edges, as an example",
        path="/patterns",
        url="https://explain.example.org/patterns",
        network_digest="2b0cf8e1a7d34c55aa01bb02cc03dd04",
        engine_version="0",
        analysed_on="1 January 2026",
        **{name: f"{name.replace('_', ' ')}, as an example" for name in texts},
        **dict.fromkeys(links, "#share"),
    )


def _counts_examples() -> list[SimpleNamespace]:
    """What is known of counts: all of it, a lower bound, an estimate."""

    def example(bound: Bound, circuits: int, possible: int) -> SimpleNamespace:
        numbers = {"circuits_valid": circuits, "algorithms_aligned": 2}
        return SimpleNamespace(
            circuits_possible=possible,
            algorithms_candidates=250,
            bounds=dict.fromkeys(numbers, bound),
            shown=lambda name: bounded(numbers[name], bound),
            **numbers,
        )

    return [
        example("exact", 197, 9_625),
        example("at_least", 50_000, 4_346_385),
        example("about", 559_000_000_000_000_000, 2**63),
    ]


def pattern_context() -> dict[str, Any]:
    """Everything ``patterns.html`` shows."""
    wide = random_weights((4, 5, 5, 2), 4)
    deep = random_weights((3, 4, 4, 4, 1), 9)
    huge = random_weights((6, 20, 64, 1), 2)
    outputs = np.array(
        [[0.0, 1.15, 0.99, 2.28], [0.0, 1.04, 0.88, 2.17], [0.0, 0.9, 1.05, 2.2], [-0.02, 0.8, 0.96, 0.0]]
    )
    agreed = np.array([[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1]], dtype=bool)
    return {
        "plan_example": _plan_example(),
        "scope_example": Scope(1, "paper"),
        "share_example": _share_example(),
        "counts_examples": _counts_examples(),
        "verdict_examples": _verdict_examples(),
        "sections_example": [
            SimpleNamespace(url="#", label=label, current=current)
            for label, current in (("Overview", ""), ("Circuits", "page"), ("Algorithms", ""))
        ],
        "circuit_funnel": _funnel_example("circuit"),
        "alignment_funnel": _funnel_example("alignment"),
        "weights": WEIGHTS,
        "sizes": (2, 3, 3, 1),
        "backbone_neurons": ((197, 197, 90), (197, 150, 0)),
        "mask": MASK,
        "tiles": TILES,
        "alignment_marks": (Tile(1, 0, (0, 0, 0, 1), "A ∧ B"), Tile(1, 1, (0, 1, 1, 1), "A ∨ B")),
        "directions": DIRECTIONS,
        "direction_rows": (
            Direction(1, (-1.05, -0.34, 2.12), (0, 0, 1, 0), "A ∧ ¬B"),
            Direction(1, (-190.0, 108.0, -76.6), (0, 0, 1, 0), "A ∧ ¬B", "moves"),
        ),
        "carried_example": {
            "known": True,
            "of": 2,
            "n_carried": 1,
            "carried": [{"formula": "(¬A + ¬B) · (A + B)", "url": "#"}],
            "others": [{"formula": "A·¬B + ¬A·B", "url": "#"}],
            "words": "1 of 2 irredundant algorithms has a valid alignment:",
        },
        "lens_example": {
            "label": "Shapley values",
            "outcome": "found",
            "notes": ["At a kink: neuron 1.0 on 00. The derivative given there is the one from below, 0."],
            "says": "By how much each input moves the output, in the mean over the rows: A 0.25, B 0.25.",
            "can_know": "They are made of the outputs on the Boolean inputs and of nothing else.",
            "population": "Of 376 networks like it, regression on its numbers tells which in 60% (55–65).",
            "population_url": "#",
            "scores": [[-0.25, -0.25], [0.25, 0.25], [0.25, 0.25], [-0.25, -0.25]],
            "bars": [],
            "counted": "",
            "latents": [],
            "bands": None,
            "fields": [],
        },
        "lens_table_example": {
            "label": "Sparse autoencoder",
            "scores": None,
            "bands": None,
            "fields": [],
            "bars": [{"label": "layer 1", "n": 2, "of": 3}],
            "counted": "live latents of a layer that fire on a single input",
            "latents": [{"label": "1·0", "truth_table": (0, 0, 0, 1)}, {"label": "1·1", "truth_table": (0, 1, 1, 0)}],
        },
        "located_example": _LOCATED,
        "method_example": {
            "key": "acdc",
            "label": "ACDC",
            "definition": "Every edge is removed in turn, and stays out if the loss rises by less than tau.",
            "source": "Conmy et al., NeurIPS 2023",
            "n_valid": 1,
            "n_answers": 1,
            "default": {
                "text": "acdc",
                "default": True,
                "outcome": "found",
                "fragile": False,
                "url": "#answer",
                "path_url": "#steps",
                "planted": "contains",
                "place": _LOCATED,
            },
            "answers": [],
        },
        "planted_example": {
            "formula": "(A ∧ ¬B) ∨ (¬A ∧ B)",
            "algorithm_url": "#algorithm",
            "methods_url": "#methods",
            "circuit": "080cf",
            "edges": 7,
            "circuit_url": "#circuit",
            "places": [{"variable": "¬A ∧ B", "site": "n1.0"}, {"variable": "A ∧ ¬B", "site": "n1.1"}],
            "made": ["compile (activation relu)", "idle (count 0, seed 4)"],
            "found": {
                "valid": True,
                "words": "recovered, and nothing valid is smaller",
                "alignment_valid": True,
                "alignment_minimal": True,
                "algorithms": 3,
                "tested": [
                    {"name": "Resample ablation", "passed": False, "share": None},
                    {"name": "Joint interchange", "passed": True, "share": {"agreed": 64, "of": 64}},
                ],
                "margin": 0.5,
                "reasons": ["Resample ablation: of 16 pairs of a base and a source 15 are decided right."],
            },
        },
        "ladder_example": ladder_figure(
            [
                LadderLine("neuron sets", (1, 2), (2, 20), "3 alignments"),
                LadderLine("read-out, orthogonal swap", (2, 2), (0, 20), "2 alignments"),
                LadderLine("learned subspaces", None, None),
            ],
            title="An example of a ladder of map classes",
        ),
        "null_model_example": {
            "arms": ["trained", "normal 1"],
            "rows": [
                {
                    "measure": "circuits",
                    "label": "Circuits: Mean ablation",
                    "what": what,
                    "here": 5,
                    "shares": [
                        {"hits": hits, "of": 20, "low": low, "high": high},
                        {"hits": 0, "of": 0, "low": None, "high": None},
                    ],
                }
                for what, hits, low, high in (("any", 18, 0.7, 0.97), ("exactly one", 2, 0.03, 0.3))
            ],
            "note": "Of 20 seeds each, 20 networks converged where they are trained.",
            "url": "#found",
        },
        "graph_example": MODEL_GRAPH,
        "model_rules": [
            SimpleNamespace(text=text, label=label, url="#")
            for text, label in (("", "edges, zero"), ("mean", "edges, mean"))
        ],
        "model_tables": [
            SimpleNamespace(
                title="What each head looks at",
                meaning="Attention to the token before, and to what followed the same token earlier",
                columns=["Head", "Previous", "Induction", "Rows right without it"],
                rows=[["head 1.0", 0.91, 0.04, 12], ["head 2.0", 0.08, 0.87, 9], ["head 2.1", None, None, None]],
                spreads=[],
            ),
            SimpleNamespace(
                title="Direct effect on the answer",
                meaning="By how much each source raises the answer",
                columns=["Source", "Mean"],
                rows=[["embedding", -0.4], ["head 1.0", None], ["head 2.0", 3.1]],
                spreads=[
                    SimpleNamespace(label="embedding", least=-1.2, mean=-0.4, most=0.3, here=-0.9),
                    SimpleNamespace(label="head 1.0", least=None, mean=None, most=None, here=None),
                    SimpleNamespace(label="head 2.0", least=1.7, mean=3.1, most=4.0, here=3.6),
                ],
            ),
        ],
        "model_roles": [
            SimpleNamespace(
                label=label,
                meaning="Heads that give more than half of their attention to a place.",
                nodes=[
                    SimpleNamespace(label=f"head {layer}.0", n=n, url="#" if n else "")
                    for layer, n in enumerate(counts, start=1)
                ],
                without=12 - max(counts),
                asked=12,
            )
            for label, counts in (("Previous-token heads", (10, 0)), ("Induction heads", (0, 12)))
        ],
        "model_look": SimpleNamespace(
            row=1,
            positions=["A", "B", "A"],
            answer="B",
            given="B",
            gap=2.41,
            patterns=[
                SimpleNamespace(
                    label="head 1.0",
                    shares=[[1.0, None, None], [0.97, 0.03, None], [0.02, 0.95, 0.03]],
                    given="A",
                    gap=-0.31,
                    moved=-2.72,
                ),
                SimpleNamespace(label="head 1.1", shares=None, given="B", gap=2.41, moved=0.0),
            ],
            n_rows=3,
            choices=["A A B", "A B A", "B A B"],
            before_url="#",
            after_url="#",
        ),
        "model_rows": [
            SimpleNamespace(row="0 1 =", answer="1", given="1", gap=2.41, url="#"),
            SimpleNamespace(row="1 1 =", answer="0", given="1", gap=-0.13, url="#"),
        ],
        "model_items": [
            SimpleNamespace(
                model=SimpleNamespace(name="Sample model", url="#", noun="sample", task="parity", n_rows=4),
                usual=SimpleNamespace(valid=12, possible=17, too_large="", url="#"),
            )
        ],
        "class_counts": [
            {"label": label, "url": "#", "n_aligned": n, "n_searched": 2, "n_valid": m, "n_joint": j, "exact": exact}
            for label, n, m, j, exact in (
                ("Small integers, any", 1, 12, 7, True),
                ("Learned subspaces", 1, 14, 14, False),
            )
        ],
        "thresholds": THRESHOLDS,
        "algorithm": ALGORITHM,
        "deep_algorithm": DEEP_ALGORITHM,
        "paper_algorithm": PAPER_ALGORITHM,
        "alignment": ALIGNMENT,
        "deep_alignment": DEEP_ALIGNMENT,
        "wide": wide,
        "wide_mask": connected_mask(wide, 0.5, 3),
        "deep": deep,
        "deep_mask": connected_mask(deep, 0.4, 5),
        "deep_tiles": (
            Tile(1, 0, (0, 0, 0, 1, 0, 1, 1, 1)),
            Tile(1, 2, (0, 1, 1, 0, 1, 0, 0, 1)),
            Tile(2, 1, (0, 0, 0, 0, 0, 0, 0, 1)),
            Tile(3, 3, (0, 1, 1, 1, 1, 1, 1, 1)),
        ),
        "deep_tables": ["00010111"] * 3 + ["01101001"] * 2 + ["00000001", "01111111", "00001111"],
        "huge": huge,
        "interchange": {"outputs": outputs, "agreed": agreed, "tested": ~np.eye(4, dtype=bool)},
        "edge_counts": [197, 197, 197, 197, 140, 134, 162, 197, 126, 139, 81, 105, 129, 149, 102, 197, 183, 185],
        "behaviour_rows": [
            {
                "bits": "00",
                "row": [0.0, 0.0],
                "output": -0.0014,
                "decision": 0,
                "target": 0,
                "margin": 0.499,
                "right": True,
            },
            {
                "bits": "01",
                "row": [0.0, 1.0],
                "output": 1.0392,
                "decision": 1,
                "target": 1,
                "margin": 0.461,
                "right": True,
            },
            {
                "bits": "10",
                "row": [1.0, 0.0],
                "output": 0.4514,
                "decision": 0,
                "target": 1,
                "margin": 0.049,
                "right": False,
            },
            {
                "bits": "11",
                "row": [1.0, 1.0],
                "output": 2.6037,
                "decision": -1,
                "target": 0,
                "margin": 1.104,
                "right": False,
            },
        ],
        "by_edges": {10: 5, 11: 22, 12: 46, 13: 54, 14: 40, 15: 21, 16: 7, 17: 1, 18: 1},
    }
