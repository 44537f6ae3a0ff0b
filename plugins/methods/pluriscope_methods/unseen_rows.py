"""Rows on which circuits are not judged: what each valid circuit predicts of them, and which inputs it uses.

A network may have learned a wrong lesson: an input that agrees with the right answer on all rows that anybody looked
at. Circuits that are valid there are run on all Boolean inputs. One *uses* an input if its answer changes on some row
when that input alone is flipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analyses.analysis import Analysis
from pluriscope.analysis.circuits.distribution import minimal_masks
from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.methods.report import Analysed, Part, Report, Settings
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.questions.tasks import INPUT_NAMES, input_table
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.mlp import batch_activations, forward, keep_matrices
from pluriscope.analysis.subjects.perceptron.question import Question

Bits = NDArray[np.bool_]
_ALL_SEEN: Final = (
    "Circuits are judged on every Boolean input here; a data record that leaves some out has unseen rows."
)
_STEP: Final = 4_096


class UnseenRow(Part):
    """A Boolean input."""

    row: str
    seen: bool = Field(description="Whether circuits are judged on it.")
    right: int = Field(description="What the task asks.")
    network: int = Field(description="What the network answers.")
    ones: int = Field(description="Valid circuits that answer 1.")
    minimal_ones: int = Field(description="Minimal ones that do.")


class InputUse(Part):
    """An input, and the circuits that use it."""

    name: str
    agreement: float = Field(description="Seen rows on which it equals the right answer, less the others, as a share.")
    network: bool = Field(description="Whether the network uses it.")
    used: int = Field(description="Valid circuits that use it.")
    minimal_used: int = Field(description="Minimal ones that do.")
    kept_used: int = Field(description="Of those that predict every unseen row as the network answers.")

    @property
    def shortcut(self) -> bool:
        """Whether it agrees with the right answer, or its negation, on all seen rows."""
        return abs(self.agreement) > 1 - 1e-9


class CleanNeuron(Part):
    """An input that the activation of a hidden neuron tells on the seen rows, by a threshold."""

    neuron: str
    input: str
    right: int = Field(description="Boolean inputs that the best threshold tells right.")


class UnseenReport(Report):
    """What circuits that are valid on some rows say of the others."""

    circuits: int
    minimal: int = Field(description="Valid circuits that contain no other.")
    kept: int = Field(description="Valid circuits that predict every unseen row as the network answers.")
    minimal_kept: int
    by_right: list[int] = Field(description="Valid circuits by unseen rows that they answer as the task asks.")
    minimal_by_right: list[int]
    rows: list[UnseenRow]
    inputs: list[InputUse]
    clean: list[CleanNeuron]

    @property
    def unseen(self) -> list[UnseenRow]:
        """Rows that circuits are not judged on."""
        return [one for one in self.rows if not one.seen]

    @property
    def right(self) -> int:
        """Unseen rows that the network answers as the task asks."""
        return sum(one.network == one.right for one in self.unseen)

    def findings(self, question: Any = None) -> list[str]:
        n = len(self.unseen)
        found = [f"Of {n} unseen rows the network answers {n - self.right} wrong."]
        found += [
            f"Input {one.name} agrees with the right answer on all seen rows; "
            f"{one.used:,} of {self.circuits:,} valid circuits use it."
            for one in self.inputs
            if one.shortcut
        ]
        return [*found, f"{self.kept:,} valid circuits predict every unseen row."]


def seen_rows(question: Question) -> Bits:
    """Which Boolean inputs are nearest to a row that circuits are judged on, ``[2^n]``."""
    rows = question.data.representatives
    nearest = ((question.judged[0][:, None] - rows[None]) ** 2).sum(axis=2).argmin(axis=1)
    return np.isin(np.arange(len(rows)), nearest)


def answers_of(question: Question, masks: NDArray[Any]) -> NDArray[np.int8]:
    """What circuits answer on each Boolean input, ``[circuits, 2^n]``."""
    rows, found = question.data.representatives, [np.empty((0, len(question.data.representatives)), dtype=np.int8)]
    for start in range(0, len(masks), _STEP):
        keep = keep_matrices(masks[start : start + _STEP], question.layout)
        found.append(answers(batch_activations(question.network, keep, rows, question.absent)[-1][:, 0]))
    return np.concatenate(found)


def uses(given: NDArray[np.int8]) -> Bits:
    """Whether answers ``[…, 2^n]`` change on some row where one input alone is flipped, ``[…, n]``."""
    n = given.shape[-1].bit_length() - 1
    flipped = (np.arange(1 << n) ^ (1 << (n - 1 - at)) for at in range(n))
    return np.stack([(given != given[..., rows]).any(axis=-1) for rows in flipped], axis=-1)


def _clean(question: Question, seen: Bits) -> list[CleanNeuron]:
    """Inputs that single neurons of the network tell on the seen rows, and how many of all rows they tell then."""
    table, found = input_table(question.network.n_inputs) > 0.5, list[CleanNeuron]()
    for layer, values in enumerate(question.clean_activations[1:-1], start=1):
        marks = [np.append((one[1:] + one[:-1]) / 2, np.inf) for one in np.sort(values, axis=0).T]
        for neuron, (given, some) in enumerate(zip(values.T, marks, strict=True)):
            on = given[None] > some[:, None]
            for name, bits in zip(INPUT_NAMES, table.T, strict=False):
                agree = np.concatenate([on == bits, on != bits])
                clean = agree[:, seen].all(axis=1)
                if clean.any() and 0 < bits[seen].sum() < seen.sum():
                    most = int(agree[clean].sum(axis=1).max())
                    found.append(CleanNeuron(neuron=f"n{layer}.{neuron}", input=name, right=most))
    return found


def find(of: Analysed[Question], _: Settings, work: Work = DEFAULT_WORK) -> UnseenReport:
    """Run every listed circuit on all Boolean inputs."""
    question, masks = of.question, of.circuits.masks
    seen = seen_rows(question)
    if seen.all():
        raise NotOffered("this analysis", "has no unseen rows", "choose rows of which some Boolean inputs are left out")
    least = minimal_masks(masks, work, "unseen")
    network = answers(forward(question.network, question.data.representatives)[:, 0])
    right = np.array(question.task.truth_table)
    given, fewer = answers_of(question, masks), answers_of(question, least)
    kept, fewer_kept = (np.array((one == network)[:, ~seen].all(axis=1)) for one in (given, fewer))
    used, fewer_used = uses(given), uses(fewer)
    n = int((~seen).sum())
    equal = input_table(question.network.n_inputs)[seen] == right[seen, None]
    agreements: list[float] = (2 * equal.mean(axis=0) - 1).tolist()
    counts = [np.bincount((one == right)[:, ~seen].sum(axis=1), minlength=n + 1).tolist() for one in (given, fewer)]
    names = [f"{row:0{question.network.n_inputs}b}" for row in range(len(right))]
    columns = zip(names, seen, right, network, given.sum(axis=0), fewer.sum(axis=0), strict=True)
    keys = "row", "seen", "right", "network", "ones", "minimal_ones"
    return UnseenReport(
        circuits=len(masks),
        minimal=len(least),
        kept=int(kept.sum()),
        minimal_kept=int(fewer_kept.sum()),
        by_right=counts[0],
        minimal_by_right=counts[1],
        rows=[UnseenRow(**dict(zip(keys, one, strict=True))) for one in columns],
        inputs=[
            InputUse(
                name=INPUT_NAMES[at],
                agreement=agreement,
                network=bool(uses(network)[at]),
                used=int(used[:, at].sum()),
                minimal_used=int(fewer_used[:, at].sum()),
                kept_used=int(used[kept, at].sum()),
            )
            for at, agreement in enumerate(agreements)
        ],
        clean=_clean(question, seen),
    )


@dataclass(frozen=True)
class _OnSomeRows(Analysis):
    """An analysis that is refused where no Boolean input is unseen."""

    def refuses(self, question: Any, planted: object = None) -> str:
        found = super().refuses(question, planted)
        if found or (question.record.validation_inputs is not None and not seen_rows(question).all()):
            return found
        return _ALL_SEEN


UNSEEN: Final = _OnSomeRows(
    "unseen",
    "How many hold up",
    "Unseen rows",
    "What do circuits that are valid on some rows predict of the others, and do they use an input that agrees there?",
    "Under a second for most networks; every listed circuit is run on all Boolean inputs.",
    "pluriscope_methods.unseen_rows:find",
    (("unseen", "Unseen rows", "every listed circuit on all Boolean inputs"),),
    lambda _: 1_000.0,
    needs=("formulas",),
    shows="pluriscope_methods.pages.unseen_rows",
)
