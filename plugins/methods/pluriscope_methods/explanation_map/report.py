"""The map of a network's explanations as it is made, stored and sent.

Dots are observed classes of interpretations, by what each one's representative predicts under every intervention;
classes that predict the same share a dot. Where there are no interpretations, dots are circuits, by what they keep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.circuit_sets.overlap import words_of
from pluriscope.analysis.common_ground.survey import distinct
from pluriscope.analysis.interventions.experiments import NeuronSite, run_interventions
from pluriscope.analysis.methods.report import Analysed, Exact, Mask, Report, Settings
from pluriscope.analysis.pair.readings import Counted, Readings, packed, read_classes, unpacked
from pluriscope.analysis.pair.report import MAX_BITS, MAX_CLASSES, N_DRAWN, SEED
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion, part
from pluriscope_methods.explanation_map.layout import DRAWN_TO, laid_out
from pluriscope_methods.explanation_map.neighbours import Words, mean_alike, mean_alike_of_all, nearest, nearest_on_map

MAX_DOTS: Final = 3_000
NEAREST: Final = 15
"""Neighbours of a dot by which the map is judged."""
LISTED: Final = 6
"""Of these, how many are kept."""


class MapReport(Report):
    """Where the explanations of one analysis stand on the map; columns of dots, then columns of what is on them."""

    about: Literal["predictions", "parts"] = Field(
        description="What is alike of near dots: what observed classes of interpretations predict under interventions, "
        "or the edges or nodes that circuits keep."
    )
    of: int = Field(description="Interventions, or edges or nodes.")
    total: Exact = Field(description="Observed classes of the listed circuits, or listed circuits.")
    drawn: bool = Field(description="Whether those on the map were drawn, uniformly without repetition.")
    seed: int = Field(description="Of the draw.")
    n_unread: int = Field(description="Classes left out: their circuits have too many states.")
    complete: bool = Field(description="Whether every valid circuit is listed.")
    x: list[int] = Field(description="Of each dot, from 0; the largest x or y is 9999.")
    y: list[int]
    with_network: list[int] = Field(description="On how many each dot agrees with the whole network.")
    interpretations: list[Exact] = Field(description="In the classes of each dot; none of circuits.")
    nearest: list[list[int]] = Field(description="Of each dot the six that agree with it on most.")
    alike: list[list[int]] = Field(description="On how many each of these agrees with it.")
    network: tuple[int, int] = Field(description="Where the network itself stands.")
    kept: Exact = Field(description="Share of the fifteen nearest that are among the fifteen nearest on the map.")
    near: Exact = Field(description="On how many a dot agrees with the fifteen nearest on the map, on average.")
    nearest_agree: Exact = Field(description="With the fifteen nearest there are.")
    any_agree: Exact = Field(description="Any two dots.")
    masks: list[Mask] = Field(description="Of circuits on the map.")
    circuit: list[int] = Field(description="Of each class or circuit, its place among the masks.")
    dot: list[int] = Field(description="And its dot.")
    index: list[Exact] = Field(description="And the index of its representative; none of circuits.")
    neurons: list[NeuronSite] = Field(description="Hidden neurons from which anything is read.")
    functions: list[Exact] = Field(description="What is read: bit i is its value on the input of number i.")
    reads: list[list[int]] = Field(description="For each neuron, of each class its place among these, −1 for nothing.")
    tells: int = Field(description="Which neuron's reading explains most of how predictions differ.")

    @property
    def n_dots(self) -> int:
        """How many dots there are."""
        return len(self.x)

    @property
    def kind(self) -> str:
        """Of the explanations on it."""
        return "interpretation" if self.index else "circuit"

    @property
    def judged(self) -> bool:
        """Whether there are so many dots that nearness on the map can be wrong."""
        return self.n_dots > NEAREST + 1

    @property
    def all_there_is(self) -> bool:
        return not self.drawn and self.complete

    def unit(self, question: SubjectQuestion) -> str:
        """What bits are, in the plural."""
        return "interventions" if self.about == "predictions" else f"{part(question)}s"

    def findings(self, question: SubjectQuestion) -> list[str]:
        many, classes = len(self.dot), self.about == "predictions"
        noun = ("observed class" if many == 1 else "observed classes") if classes else "circuit" + "s" * (many != 1)
        if not many:
            return ["There is no explanation to show."]
        answer = [f"{many:,} {noun} of interpretations make {self.n_dots:,} different predictions."] if classes else []
        if self.drawn:
            answer.append(f"{many:,} of {int(self.total):,} {noun}, drawn uniformly without repetition.")
        if self.n_unread:
            answer.append(f"{self.n_unread:,} more could not be found: their circuits have too many states.")
        if self.judged:
            share, unit = round(100 * Fraction(self.kept)), self.unit(question)
            agree = f"dots that agree on most {unit}"
            answer.append(f"{share}% of the {NEAREST} {agree} with a dot are among the {NEAREST} nearest on the map.")
        return answer


def find(of: Analysed[SubjectQuestion], _: Settings, work: Work = DEFAULT_WORK) -> MapReport:
    """The map of the explanations of a network."""
    return explanation_map(of, work)


def explanation_map(
    of: Analysed[SubjectQuestion], work: Work = DEFAULT_WORK, *, max_dots: int = MAX_DOTS, n_drawn: int = N_DRAWN
) -> MapReport:
    """The map of the interpretations of a network, or of its circuits where these say nothing of interventions.

    Args:
        of: the listed circuits, and how many observed classes each has.
        work: reports classes and rounds; may raise Cancelled.
        max_dots: of more, some are drawn.
    """
    question = of.question
    if not isinstance(question, Question) or not sum(of.observed):
        return _of_circuits(of, work, max_dots, n_drawn)
    found, drawn = _readings(question, of, work, max_dots, n_drawn)
    if not len(found):
        return _of_circuits(of, work, max_dots, n_drawn)
    n_bits = int(run_interventions(question)[1].n_interventions)
    everywhere = packed(np.ones((1, n_bits), dtype=np.bool_))  # the network is right on all
    dots, dot = np.unique(found.right, axis=0, return_inverse=True)
    dot = dot.reshape(-1)
    sizes = Counter[int]()
    for number, size in zip(dot.tolist(), found.sizes, strict=True):
        sizes[number] += size
    used, circuit = np.unique(found.circuit, return_inverse=True)
    neurons, functions, reads = _reads(question.network.hidden_sizes, found)
    return _drawn_map(
        dots,
        everywhere,
        n_bits,
        work,
        about="predictions",
        total=str(sum(of.observed)),
        drawn=drawn,
        n_unread=found.n_unread,
        complete=of.circuits.complete,
        interpretations=[str(sizes[number]) for number in range(len(dots))],
        masks=[question.graph.to_hex(int(of.circuits.masks[one])) for one in used],
        circuit=circuit.tolist(),
        dot=dot.tolist(),
        index=list(map(str, found.index)),
        neurons=neurons,
        functions=list(map(str, functions)),
        reads=reads.tolist(),
        tells=_most_explaining(reads, unpacked(found.right)),
    )


def _readings(
    question: Question, of: Analysed[SubjectQuestion], work: Work, max_dots: int, n_drawn: int
) -> tuple[Readings, bool]:
    """The classes on the map, and whether they are drawn: there are too many to read, or they predict too much."""
    asked = run_interventions(question)
    most = MAX_BITS // max(1, asked[0].n_interventions)

    def read(some: int | None) -> Readings:
        counted = Counted(settled=False, clear=False)
        return read_classes(question, of.circuits.masks, of.observed, asked, counted, work, n_drawn=some, seed=SEED)

    if sum(of.observed) <= min(most, MAX_CLASSES):
        found = read(None)
        if len(np.unique(found.right, axis=0)) <= max_dots:
            return found, False
    return read(min(most, n_drawn)), True


def _of_circuits(of: Analysed[SubjectQuestion], work: Work, max_dots: int, n_drawn: int) -> MapReport:
    """The map of circuits, by the edges or nodes that they keep."""
    graph, masks = of.question.graph, of.circuits.masks
    total, drawn = len(masks), len(masks) > max_dots
    if drawn:
        masks = masks[sorted(distinct(total, n_drawn, SEED))]
    layout = EdgeLayout((graph.n_bits, 1))  # any with as many edges as masks have bits
    words = words_of(masks, layout)
    order = np.lexsort(words.T)
    return _drawn_map(
        words[order],
        packed(np.ones((1, graph.n_bits), dtype=np.bool_)),
        graph.n_bits,
        work,
        about="parts",
        total=str(total),
        drawn=drawn,
        n_unread=0,
        complete=of.circuits.complete,
        interpretations=[],
        masks=[graph.to_hex(int(mask)) for mask in masks[order]],
        circuit=list(range(len(masks))),
        dot=list(range(len(masks))),
        index=[],
        neurons=[],
        functions=[],
        reads=[],
        tells=0,
    )


def _drawn_map(dots: Words, whole: Words, n_bits: int, work: Work, **more: Any) -> MapReport:
    """The map of some dots and the network.

    Args:
        dots: ``[dots, words]`` different ones, in an order that depends on nothing but them.
        whole: ``[1, words]`` what the network is among them.
    """
    n = len(dots)
    k = max(0, min(NEAREST, n - 1))
    with_network = n_bits - np.bitwise_count(dots ^ whole).sum(axis=1, dtype=np.int64)
    same = np.flatnonzero(with_network == n_bits)
    rows = dots if len(same) else np.concatenate([dots, whole])
    near, differ = nearest(rows, n, k)
    x, y = laid_out(rows, near[:, :DRAWN_TO], work) if k else (np.zeros(len(rows), dtype=np.int64),) * 2
    network = int(same[0]) if len(same) else n
    on_map = nearest_on_map(x[:n], y[:n], k)
    kept = sum(len({*here} & {*there}) for here, there in zip(near[:n].tolist(), on_map.tolist(), strict=True))
    return MapReport(
        of=n_bits,
        seed=SEED,
        x=x[:n].tolist(),
        y=y[:n].tolist(),
        with_network=with_network.tolist(),
        nearest=near[:n, :LISTED].tolist(),
        alike=(n_bits - differ[:n, :LISTED]).tolist(),
        network=(int(x[network]), int(y[network])) if n else (0, 0),
        kept=str(Fraction(kept, on_map.size) if k else 1),
        near=str(mean_alike(dots, on_map, n_bits)),
        nearest_agree=str(mean_alike(dots, near[:n], n_bits)),
        any_agree=str(mean_alike_of_all(dots, n_bits)),
        **more,
    )


def _reads(hidden_sizes: Sequence[int], found: Readings) -> tuple[list[NeuronSite], list[int], NDArray[np.int64]]:
    """Hidden neurons from which anything is read, the functions that are, and ``[neurons, classes]`` which, else −1."""
    sites = [(layer, neuron) for layer, size in enumerate(hidden_sizes, start=1) for neuron in range(size)]
    numbers = found.gates[:, : len(sites)].T
    used = np.unique(numbers).tolist()
    functions = sorted({one for number in used if (one := found.functions[number]) is not None})
    place = {function: number for number, function in enumerate(functions)}
    places = np.array([-1 if one is None else place.get(one, -1) for one in found.functions], dtype=np.int64)
    reads = places[numbers]
    read = np.flatnonzero((reads >= 0).any(axis=1)).tolist()
    return [sites[number] for number in read], functions, reads[read]


def _most_explaining(reads: NDArray[np.int64], right: NDArray[np.bool_]) -> int:
    """The neuron within whose readings predictions differ least, by the variances of all bits; of equals the first."""
    within = []
    for column in reads:
        spread = Fraction(0)
        for function in np.unique(column):
            some = right[column == function]
            ones = some.sum(axis=0, dtype=np.int64)
            spread += Fraction(int((ones * (len(some) - ones)).sum()), len(some))
        within.append(spread)
    return within.index(min(within)) if within else 0
