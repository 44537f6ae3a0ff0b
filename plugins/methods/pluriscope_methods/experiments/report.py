"""Report of the experiments that tell the valid circuits of a network apart, and of those that none does."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.methods.report import Analysed, Mask, Part, Report, Settings
from pluriscope.analysis.questions.tasks import INPUT_NAMES
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_methods.experiments.outcomes import (
    KINDS,
    Experiment,
    Outcomes,
    experiments_of,
    largest_set,
    outcomes_of,
)
from pluriscope_methods.experiments.test_sets import classes_of, least, pairs_together, splits_of

MOST: Final = 1 << 29  # predictions of one network
WIDEST: Final = 60  # neurons of a layer
SECONDS: Final = 60.0  # of the search for each list
ANSWERS: Final = ("0", "1", "neither")


class Leaves(Part):
    """What an outcome of an experiment leaves."""

    outcome: str
    classes: int
    circuits: int


class Step(Part):
    """An experiment of a list."""

    experiment: str = Field(description="Kind of the experiment.")
    row: str = Field(description="The input that runs.")
    source: str = Field(description='The input whose values neurons are given; "" where something is ablated.')
    parts: list[str] = Field(description="The edge, or the neurons.")
    answer: str = Field(description="Outcome on the network: 0, 1 or neither.")
    leaves: list[Leaves] = Field(description="Of what the network's answers to those before it leave.")

    @property
    def words(self) -> str:
        """What is done."""
        *first, last = self.parts
        what = f"{', '.join(first)} and {last}" if first else last
        done = f"give {what} {'its value' if len(self.parts) == 1 else 'their values'} on {self.source}"
        return f"On {self.row} {done if self.source else f'ablate {what}'}"


class ListOfExperiments(Part):
    """Fewest experiments that do something.

    Args:
        at_least: how many any such list has; as many as there are steps where that is proved.
    """

    at_least: int
    steps: list[Step]

    @property
    def count(self) -> str:
        """How many, in words."""
        n = len(self.steps)
        return f"{n:,}" if n == self.at_least else f"between {self.at_least:,} and {n:,}"


_NONE: Final = ListOfExperiments(at_least=0, steps=[])


class Residue(Part):
    """What experiments of a kind leave together."""

    experiments: str = Field(description='Kind of experiment, or "all".')
    tried: int
    classes: int = Field(description="Of circuits that no such experiment separates.")
    together: int = Field(description="Pairs of circuits in one class.")
    pairs: int = Field(description="Of circuits.")
    left: int = Field(description="Circuits that predict every such outcome of the network.")


class ExperimentsReport(Report):
    """The fewest experiments that decide among the valid circuits, and what none decides."""

    complete: bool = Field(description="Whether every valid circuit is listed.")
    circuits: int
    largest: int = Field(0, description="Most neurons that are interchanged at once.")
    residues: list[Residue] = Field([])
    deciding: ListOfExperiments = Field(_NONE, description="Refutes all classes but the network's own.")
    separating: ListOfExperiments = Field(_NONE, description="Tells all classes apart, whatever is answered.")
    smallest_left: list[Mask] = Field([], description="Of the circuits that the network's answers leave, the smallest.")
    why: str = Field("", description="Why nothing was tried, a sentence.")

    @property
    def every(self) -> Residue:
        """What all experiments leave together; there are some unless :attr:`why` says why not."""
        return self.residues[-1]

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        """The numbers of experiments, and what stays, in sentences."""
        found = [] if self.complete else ["Not every valid circuit is listed; this is of those that are."]
        if self.why or self.circuits == 1:
            return [*found, self.why or "There is one valid circuit, so there is nothing to decide."]
        every, n = self.every, f"{self.circuits:,}"
        if every.classes == 1:
            return [*found, f"None of {every.tried:,} experiments separates any two of {n} valid circuits."]
        found.append(
            f"By {every.tried:,} experiments {n} circuits are in {every.classes:,} classes; "
            f"{every.together / every.pairs:.1%} of pairs nothing separates."
        )
        found.append(f"To tell all classes apart takes {self.separating.count} experiments.")
        left, asked = f"{every.left:,} circuit{'s' * (every.left != 1)}", self.deciding.count
        return [*found, f"The answers of the network to {asked} of them leave {left}, as do those to all."]


def find(of: Analysed[Question], _: Settings, work: Work = DEFAULT_WORK) -> ExperimentsReport:
    """Make every experiment in every listed circuit and in the network, and look for the shortest lists."""
    question, masks = of.question, of.circuits.masks
    about = {"complete": of.circuits.complete, "circuits": len(masks)}
    if not len(masks):
        return ExperimentsReport(**about, why="No circuit is valid, so there is nothing to decide.")
    if max(question.network.sizes) > WIDEST:
        return ExperimentsReport(**about, why=f"A layer has more than {WIDEST} neurons, so nothing was tried.")
    some = experiments_of(question)
    if len(masks) * len(some) > MOST:
        words = f"{len(masks):,} circuits under {len(some):,} experiments are more than {MOST:,} predictions"
        return ExperimentsReport(**about, why=f"{words}, so nothing was tried.")
    whole = np.array([(1 << question.layout.n_edges) - 1], dtype=masks.dtype)
    found = outcomes_of(question, np.concatenate([masks, whole]), some, work)
    own, kinds, present = int(found.labels[-1]), np.array([one.kind for one in some]), np.unique(found.labels[:-1])
    left = masks[found.labels[:-1] == own]
    least_left = min((int(mask).bit_count() for mask in left), default=0)
    parts = [*((kind, kinds == kind) for kind in KINDS), ("all", kinds != "")]
    columns = splits_of(found.table)
    deciding = least(found.table[:, columns], own, SECONDS)
    separating = least(found.table[np.ix_(present, columns)], None, SECONDS)
    lists = [
        ListOfExperiments(
            at_least=one.at_least, steps=[*_steps(question, found, some, columns[[*one.columns]].tolist())]
        )
        for one in (deciding, separating)
    ]
    return ExperimentsReport(
        **about,
        largest=largest_set(question),
        residues=[_residue(kind, found, part) for kind, part in parts if part.any()],
        deciding=lists[0],
        separating=lists[1],
        smallest_left=[question.graph.to_hex(int(mask)) for mask in left if int(mask).bit_count() == least_left],
    )


def _residue(kind: str, found: Outcomes, part: NDArray[np.bool_]) -> Residue:
    labels = classes_of(found.table[:, part])[found.labels]
    sizes = np.bincount(labels[:-1])
    together, pairs = pairs_together(sizes)
    left = int((labels[:-1] == labels[-1]).sum())
    tried, classes = int(part.sum()), int(np.count_nonzero(sizes))
    return Residue(experiments=kind, tried=tried, classes=classes, together=together, pairs=pairs, left=left)


def _steps(question: Question, found: Outcomes, some: Sequence[Experiment], columns: Sequence[int]) -> Iterator[Step]:
    """The experiments of some columns in words, and what the network's answers to those before leave."""
    n_inputs = question.network.n_inputs
    labels, own = found.labels[:-1], found.table[found.labels[-1]]
    for column in columns:
        one, outcomes = some[column], found.table[labels, column]
        parts = [f"n{layer}.{neuron}" for layer, neuron in one.neurons]
        yield Step(
            experiment=one.kind,
            row=f"{one.row:0{n_inputs}b}",
            source="" if one.source is None else f"{one.source:0{n_inputs}b}",
            parts=parts if one.edge is None else [_edge_name(question, one.edge)],
            answer=ANSWERS[own[column]],
            leaves=[
                Leaves(
                    outcome=ANSWERS[at],
                    classes=len(np.unique(labels[outcomes == at])),
                    circuits=int((outcomes == at).sum()),
                )
                for at in np.unique(outcomes).tolist()
            ],
        )
        labels = labels[outcomes == own[column]]


def _edge_name(question: Question, edge: int) -> str:
    layout = question.layout
    layer = bisect_right(layout.offsets, edge)
    neuron, source = divmod(edge - layout.offsets[layer - 1], layout.sizes[layer - 1])
    before = INPUT_NAMES[source] if layer == 1 else f"n{layer - 1}.{source}"
    return f"{before} → {'y' if layer == len(layout.sizes) - 1 else f'n{layer}.{neuron}'}"
