"""Whether a network has one explanation, in one sentence, by what is known so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
from markupsafe import Markup

from pluriscope.analysis.discovery.part_names import names_of
from pluriscope.analysis.numerics.large_numbers import in_words, interval
from pluriscope.analysis.results.unlearned import NO_DOUBT, Doubt
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion, part
from pluriscope.arguments import checked
from pluriscope.figures.numbers import noun
from pluriscope.objects.counts import NOT_OFFERED, Count, counts_of

State = Literal["unique", "not_unique", "none_valid", "not_known"]
_CONTRADICT: Final = (
    "Some explanations contradict each other: each predicts correctly an intervention that the other gets wrong."
)


@checked
@dataclass(frozen=True, repr=False)
class Verdict:
    """Whether a network has one explanation: one valid circuit, and one class of its interpretations.

    Args:
        valid: valid circuits, as far as their number is known; None where nothing is.
        possible: circuits that there are.
        doubt: what speaks against the network having learned anything.
        readings: interpretations of the listed circuits.
        classes: classes of these that inputs can distinguish.
        placements: valid placements of algorithms.
        empty: how many of these have no variable to place, so that nothing of them was tested.
        only_circuits: whether nothing but circuits is asked about such a network.
        kept: names of the edges, or other parts, that every valid circuit keeps; None where that is not known.
        part: what one of them is.
        zeros: whether valid circuits differ in nothing but edges of weight 0.
        contradict: whether two explanations are known each of which is right where the other is wrong.
        why: why nothing more is known, in a sentence.
        decided: by what rule rows are decided, as part of a sentence; "" where that is not said.
    """

    valid: Count | None
    possible: int
    doubt: Doubt = NO_DOUBT
    readings: Count = NOT_OFFERED
    classes: Count = NOT_OFFERED
    placements: Count = NOT_OFFERED
    empty: int = 0
    only_circuits: bool = False
    kept: Sequence[str] | None = None
    part: str = "edge"
    zeros: bool = False
    contradict: bool = False
    why: str = ""
    decided: str = ""

    @property
    def state(self) -> State:
        """Verdict in one word."""
        return self._in_words[0]

    @property
    def sentence(self) -> str:
        return str(self)

    @property
    def learned(self) -> bool:
        """Whether nothing speaks against the network having learned its task."""
        return not self.doubt.word

    @property
    def in_short(self) -> str:
        """Verdict in a few words."""
        return ", ".join(filter(None, (self.doubt.word, self.state.replace("_", " "))))

    @property
    def words(self) -> str:
        """The first words of the sentence."""
        return self._in_words[1]

    @property
    def more(self) -> str:
        """Sentences after the first."""
        return self._in_words[2] + (f" Rows are decided {self.decided}." if self.decided else "")

    def __str__(self) -> str:
        return f"{self.doubt.sentence} {self.words}{self.more}".strip()

    __repr__ = __str__

    def __html__(self) -> Markup:
        first = Markup("<b>{}</b> ").format(self.doubt.sentence) if self.doubt.sentence else Markup("")
        return first + Markup("<b>{}</b>{}").format(self.words, self.more)

    def _repr_html_(self) -> str:
        return str(self.__html__())

    @cached_property
    def _in_words(self) -> tuple[State, str, str]:
        valid, classes, possible = self.valid, self.classes, in_words(self.possible)
        if valid is None or valid.bound == "unknown":
            return "not_known", "Not known yet.", f" {self.why or f'{possible} circuits are possible.'}"
        apart = f" {_CONTRADICT}" if self.contradict else ""
        if not valid.is_exact:
            shared = f" {self._shared[0].upper()}{self._shared[1:]}." if self._shared else ""
            between, more = self._between(valid), f", of {possible} possible.{shared}{apart} {self.why}".rstrip()
            if (valid.value if valid.low is None else valid.low) > 1:
                return "not_unique", f"Not the only one: {between}", more
            return "not_known", "Not known yet:", f" {between}{more}"
        among = f" {in_words(valid.value)} of {possible} circuits"
        if not valid.value:
            placed, but = self.placements.value - self.empty, ""
            if placed:
                but = "1 placement passes its" if placed == 1 else f"{in_words(placed)} placements pass their"
                but = f", but {but} interchanges"
            return "none_valid", "No circuit is valid:", f"{among} decide right{but}."
        if valid.value > 1:
            shared = f"; {self._shared}" if self._shared else ""
            shared += "; they differ only in edges of weight 0, so all are one function" if self.zeros else ""
            return "not_unique", "Not unique.", f"{among} are valid{shared}.{apart}"
        if self.only_circuits:
            return "unique", "Unique.", f"{among} is valid."
        if classes.value > 1:
            n = in_words(classes.value) if classes.is_exact else f"at least {in_words(classes.value)}"
            answer = f"{among} is valid, and inputs tell {n} classes of its interpretations apart.{apart}"
            return "not_unique", "Not unique.", answer
        if not classes.is_exact:
            return "not_known", "Not known yet.", f"{among} is valid; its interpretations are not counted."
        read = (
            "it has one interpretation" if self.readings == Count(1) else "inputs cannot tell its interpretations apart"
        )
        return "unique", "Unique.", f"{among} is valid, and {read}."

    def _between(self, valid: Count) -> str:
        """Clause on the bounds of the number of valid circuits."""
        low, high = valid.value if valid.low is None else valid.low, valid.high
        if not low and valid.bound == "at_least":
            return "no valid circuit was found so far"
        # where few were tried, the upper end is hardly below all
        if high is None or (valid.bound == "at_least" and 10 * high > 9 * self.possible):
            return f"at least {in_words(low)} valid circuit{'' if low == 1 else 's'}"
        ends = interval(low, high, self.possible).replace("–", " and ")
        sure = "" if valid.confidence is None else f" ({valid.confidence * 100:g}%)"
        return f"between {ends} valid circuits{sure}"

    @property
    def _shared(self) -> str:
        """Clause on the parts that all valid circuits keep; "" where these are not known."""
        if self.kept is None:
            return ""
        if len(self.kept) == 1:
            return f"all keep {self.kept[0].replace('-', '→')}"
        return f"all keep the same {noun(len(self.kept), self.part)}" if self.kept else f"no {self.part} is in all"


def kept_by_all(
    graph: Graph, valid: Count, spread: Mapping[str, Any], proved: Mapping[str, Any] | None
) -> list[str] | None:
    """Names of the edges, or other parts, that every valid circuit keeps; None where that is not known.

    Args:
        graph: of the network.
        valid: how many are valid.
        spread: ``edge_use`` of the circuits that were looked at, which are all where their number is exact.
        proved: ``keep``, where it was proved.
    """
    if not valid.value or (proved is None and not valid.is_exact):
        return None
    bits = proved["keep"] if proved else [bit for bit, n in enumerate(spread["edge_use"]) if int(n) == valid.value]
    names = names_of(graph).drawn
    return [names[bit] for bit in bits]


def differ_in_zeros(question: SubjectQuestion, valid: Count, spread: Mapping[str, Any]) -> bool:
    """Whether valid circuits differ in nothing but edges of weight 0, so that they are one function."""
    if valid.value < 2 or not valid.is_exact or not isinstance(question, Question) or "edge_use" not in spread:
        return False
    weights = np.concatenate([matrix.ravel() for matrix in question.network.weights])
    return not any(weight and 0 < int(n) < valid.value for weight, n in zip(weights, spread["edge_use"], strict=True))


def empty_placements(question: SubjectQuestion, valid: Count) -> int:
    """Number of valid placements that have no variable to place: that of the formula whose only gate is its root, if
    any.
    """
    return int(valid.value > 0 and isinstance(question, Question) and question.task.n_gates is not None)


def verdict_of(question: SubjectQuestion, found: Mapping[str, Any]) -> Verdict:
    """The verdict of a result file's output.

    Args:
        question: that it answers.
        found: the output.
    """
    counts, circuits = counts_of(found), found["circuits"]
    valid, searched = counts.valid_circuits, circuits["method"] != "none"
    return Verdict(
        valid,
        counts.possible_circuits.value,
        question.kind.explaining.doubt(question),
        counts.interpretations,
        counts.observed_classes,
        counts.valid_alignments,
        empty_placements(question, counts.valid_alignments),
        only_circuits="interpretations" not in found,
        kept=kept_by_all(question.graph, valid, circuits["distribution"], circuits.get("backbone"))
        if searched
        else None,
        part=part(question),
        zeros=differ_in_zeros(question, valid, circuits["distribution"]) if searched else False,
        why="" if searched else f"Circuits are not searched: {question.obstacle}.",
        decided=question.decided,
    )
