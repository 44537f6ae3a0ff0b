"""Lottery tickets: what pruning leaves of a trained network, rewound to its first weights and trained again.

Frankle and Carbin, ICLR 2019. A ticket is a mask, so it can be asked, too, whether it is a valid circuit of the trained
network whose weights chose it. Random masks with as many edges in each layer stand beside it as a null.
"""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_methods.lenses.lens import APPLIES, Bands, Fit, Lens, Table, not_applicable

SHARES: Final = (0.2, 0.4, 0.6, 0.8)
RANDOM: Final = 8
"""Random masks beside each ticket."""
MAX_EDGES: Final = 64


def _fit(question: Question, _settings: Settings) -> Fit:
    if question.layout.n_edges > MAX_EDGES:
        return not_applicable(f"It has {question.layout.n_edges} edges; networks of up to {MAX_EDGES} are trained.")
    if len({*question.task.truth_table}) == 1:
        return not_applicable("The task is the same on every row, so that biases alone learn it.")
    return APPLIES


def _says(_question: Question, seen: Table) -> str:
    return " ".join(
        f"With {row['pruned']:.0%} of the weights pruned {row['learn']} of {row['networks']} tickets learn again "
        f"({row['random_learn']:.0%} of random masks) and {row['valid']} are valid circuits of the trained network "
        f"({row['random_valid']:.0%})."
        for row in seen.rows
    )


def _bands(seen: Table) -> Bands:
    """Shares by what is pruned."""
    names = "tickets learn", "random masks learn", "tickets are valid", "random masks are valid"
    values = tuple(
        (row["learn"] / row["networks"], row["random_learn"], row["valid"] / row["networks"], row["random_valid"])
        for row in seen.rows
    )
    return Bands(names, values, tuple(f"{row['pruned']:.0%} pruned" for row in seen.rows))


LOTTERY_TICKET: Final = Lens(
    key="lottery-ticket",
    label="Lottery ticket",
    definition="Networks of this shape are trained on this task; the smallest weights are pruned, the others are "
    "rewound to where they began and trained again. Is what is left a valid circuit of the trained network?",
    source="Frankle and Carbin, The Lottery Ticket Hypothesis, ICLR 2019 (arXiv:1803.03635); pruned once",
    own=(Setting("seeds", 16, "networks that are trained", low=1, high=64),),
    needs=("formulas",),
    applies=_fit,
    look="pluriscope_methods.lenses.lottery_training:look",
    says=_says,
    can_know="What networks of this shape do, trained anew from seeds 0 on: the weights of this network take no part. "
    "Random masks have as many edges in each layer and begin with the same weights. A ticket is judged as it is, with "
    "edges that nothing reads.",
    columns={
        "pruned": "share of the weights, the smallest of all layers together",
        "edges": "that are left",
        "networks": "that learned the task",
        "learn": "tickets that learn it again from where they began",
        "valid": "tickets that are valid circuits of the trained network",
        "both": "tickets that are and do",
        "random_learn": "share of random masks that learn",
        "random_valid": "share of random masks that are valid circuits of the trained network",
    },
    bands=_bands,
    milliseconds=lambda question, settings: 2_000.0 + 8.0 * question.layout.n_edges * int(settings["seeds"]),
)
