"""Functions that a network of a file computes, as it was read; shown before any question is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from pluriscope.analysis.network_files.formats.format import CALLING
from pluriscope.analysis.network_files.intake import Intake
from pluriscope.analysis.questions.answers import answers, counted_otherwise
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN, margin_to_edge
from pluriscope.analysis.questions.tasks import INPUT_NAMES, Task, input_table
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.figures.numbers import decimal, noun
from pluriscope.figures.svg.networks import network_diagram
from pluriscope.page_kit.blocks import Block, Fact, Facts, Figure, Prose, Table

_WIDEST: Final = 40
_DEEPEST: Final = 8
"""A network that is drawn."""


def computed(intake: Intake, tasks: Sequence[Task], *, own: bool = False) -> tuple[list[Block], list[Block]]:
    """Show what a network computes.

    Args:
        own: whether the tasks are no more than what it answers.

    Returns:
        What each output computes, with the layers in the order read; and the network, with a table of its answers.
    """
    outputs = [Output(intake, task, k, own) for k, task in enumerate(tasks)] if intake.encoding else []
    facts = [one.fact(f"Output {one.number} computes" if outputs[1:] else "It computes") for one in outputs]
    beside = [one for one in intake.draft.remarks if not one.startswith(CALLING)]
    read = Prose(" ".join([intake.read, *beside]), glossary=False)
    return [*[Facts(facts)] * bool(facts), read], [*drawn(intake.network, intake.name), *(one.table for one in outputs)]


def drawn(network: Network, title: str, caption: str = "") -> list[Figure]:
    """A network that is small enough to be drawn; of a larger one nothing."""
    if max(network.sizes) > _WIDEST or len(network.sizes) > _DEEPEST:
        return []
    words = f"{caption} Width grows with |weight|; dashed with a bar = negative.".strip()
    return [Figure(network_diagram(network.weights, title=title), words)]


class Output:
    """Output of a network with the function that it computes.

    Args:
        intake: the network, whose encoding could be read.
        task: of the output; without a table where none could be read.
        number: which output.
        own: whether the task is no more than what it answers.
    """

    def __init__(self, intake: Intake, task: Task, number: int, own: bool) -> None:
        outputs = forward(intake.network, intake.data.clean_rows)[:, number]
        margins = margin_to_edge(outputs, "rounding")
        self.intake = intake
        self.task = task
        self.number = number
        self.own = own
        self.outputs: list[float] = outputs.tolist()
        sums = forward(intake.draft.network, intake.data.clean_rows)  # where a sigmoid stands behind them, also shown
        own_sums = sums if intake.draft.network.n_outputs > intake.network.n_outputs else sums[:, number : number + 1]
        self.sums: list[list[float]] = own_sums.tolist() if intake.network is not intake.draft.network else []
        self.answers: list[int] = answers(outputs).tolist()
        self.notes = [counted_otherwise(output, "rounding") for output in self.outputs]
        self.margin = float(margins.min()) if np.isfinite(margins).all() else None

    def fact(self, label: str) -> Fact:
        """Fact of what the output computes, and on how many inputs that is right."""
        encoding, n = self.intake.encoding, len(self.outputs)
        words = "" if encoding is None else encoding.words
        if not self.task.truth_table:
            return Fact(label, "not known", words, "its task cannot be read")
        n_right = sum(one == wanted for one, wanted in zip(self.answers, self.task.truth_table, strict=True))
        right = f"on {noun(n, 'input')}" if self.own else f"right on {n_right} of {noun(n, 'input')}"
        right += "; few circuits or none will be valid" if n_right < n or any(self.notes) else ""
        if self.margin is not None:
            right += f"; smallest margin {decimal(self.margin, 3)}"
            right += ", fragile: below 10⁻⁶" if self.margin < FRAGILE_MARGIN else ""
        return Fact(label, self.task.label, words, right)

    @property
    def table(self) -> Table:
        """Table of what the output gives on every input."""
        n_inputs, known = self.intake.network.n_inputs, bool(self.task.truth_table) and not self.own
        rows = []
        for row, bits in enumerate(input_table(n_inputs).astype(int).tolist()):
            cells = ["".join(map(str, bits)), decimal(self.outputs[row], 4), str(self.answers[row])]
            if self.sums:
                cells.insert(1, ", ".join(decimal(one, 4) for one in self.sums[row]))
            if known:
                wanted = self.task.truth_table[row]
                cells += [str(wanted), "yes" if self.answers[row] == wanted else "no"]
            rows.append(cells + [self.notes[row]] * any(self.notes))
        output = ("Output", "With sigmoid") if self.sums else ("Output",)
        labels = (INPUT_NAMES[:n_inputs], *output, "Answers", *("Should be", "Right") * known)
        return Table.plain(labels + ("Note",) * any(self.notes), rows)
