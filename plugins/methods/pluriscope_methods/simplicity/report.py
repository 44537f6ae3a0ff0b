"""Report of the explanations with the shortest description under two codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log2
from typing import Any, Final, Literal

from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.criteria.placements import valid_alignments
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.methods.report import Analysed, Exact, Part, Report, Settings
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_methods.simplicity.codes import CODES, Code
from pluriscope_methods.simplicity.interpretations import (
    STAGE,
    ShortestInterpretations,
    shortest_by_formulas,
    shortest_by_tables,
)

Kind = Literal["circuit", "interpretation", "alignment"]
WORDS: Final[dict[Kind, tuple[str, str]]] = {
    "circuit": ("circuit", "circuits"),
    "interpretation": ("circuit with an interpretation", "circuits with interpretations"),
    "alignment": ("algorithm with a placement", "algorithms with placements"),
}
_SHOWN: Final = 6


class SizeLength(Part):
    """The circuits of one size: under either code they are equally long."""

    size: int
    n: int
    bits: list[float] = Field(description="Of each of them, for each code.")


class Shortest(Part):
    """Explanations of a kind than which none has a shorter description under a code."""

    code: str
    words: Exact = Field(description="Of equal length that the code has; the description takes log2 of it.")
    bits: float
    n: Exact = Field(description="How many are as short.")
    first: list[list[str]] = Field(description="A few: mask; mask and index; ids of algorithm and placement.")


class KindLength(Part):
    """Shortest explanations of one kind."""

    kind: Kind
    of: int | None = Field(None, description="Explanations that were looked at; null: not counted.")
    shortest: list[Shortest] = Field(description="For each code for which it is known.")
    both: Exact | None = Field(description="How many are shortest under both codes; null: not known.")
    why: str = Field("", description="Why something is not known, a sentence.")

    @property
    def single(self) -> bool:
        """Whether both codes single out the same explanation."""
        return [one.n for one in self.shortest] == ["1"] * len(CODES) and self.both == "1"


class SimplicityReport(Report):
    """The shortest descriptions of a network's explanations."""

    complete: bool = Field(description="Whether every valid circuit is listed.")
    sizes: list[SizeLength]
    kinds: list[KindLength]
    whole: list[float] = Field([], description="Bits of the circuit that keeps everything, for each code.")
    numbers: int = Field(0, description="Weights and biases of a perceptron; 0: another kind, or of an earlier report.")

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        found = [] if self.complete else ["Not every valid circuit is listed, so a shorter one may have been missed."]
        found += [sentence for one in self.kinds for sentence in _findings(one)]
        if self.numbers and self.kinds[0].shortest:
            least = min(one.bits for one in self.kinds[0].shortest)
            whole = f"the network’s {self.numbers:,} weights and biases {64 * self.numbers:,}, 64 bits each"
            found.append(f"The shortest description of a circuit takes {least:.4g} bits, {whole}.")
        return found


def _findings(found: KindLength) -> Iterator[str]:
    one, several = WORDS[found.kind]
    several = several if found.of is None else f"{found.of:,} {one if found.of == 1 else several}"
    n = {code.label: int(least.n) for code in CODES for least in found.shortest if least.code == code.key}
    if 0 in n.values():
        yield f"There is no {one}."
    elif found.both is not None:
        many = " and ".join(f"the {label} finds {number:,} shortest" for label, number in n.items())
        agreed = "they agree on none" if found.both == "0" else f"they agree on {int(found.both):,}"
        yield f"Of {several} {many}; {'both single out the same one' if found.single else agreed}."
    elif n:
        yield (
            f"Of {several} " + ", ".join(f"the {label} finds {number:,} shortest" for label, number in n.items()) + "."
        )
    if found.why:
        yield found.why


def find(of: Analysed[Question], _: Settings, work: Work = DEFAULT_WORK) -> SimplicityReport:
    """The shortest descriptions among the listed circuits, their interpretations, and the kept placements."""
    question, graph = of.question, of.question.graph
    masks = [int(mask) for mask in of.circuits.masks]
    by_size = Counter(mask.bit_count() for mask in masks)
    words = {size: [code.subset(size, graph.n_bits) for code in CODES] for size in sorted(by_size)}
    sizes = [SizeLength(size=size, n=by_size[size], bits=[*map(log2, each)]) for size, each in words.items()]
    kinds = [_shortest_of("circuit", {(graph.to_hex(mask),): words[mask.bit_count()] for mask in masks})]
    if not question.kind.refuses("formulas"):
        kinds.append(_interpretations(question, of.circuits.masks, work))
    if of.formulas is not None:
        kinds.append(_shortest_of("alignment", dict(_placements(question, of.formulas))))
    whole = [log2(code.subset(graph.n_bits, graph.n_bits)) for code in CODES]
    layers = (*question.network.weights, *question.network.biases) if isinstance(question, Question) else ()
    numbers = sum(one.size for one in layers)
    return SimplicityReport(complete=of.circuits.complete, sizes=sizes, kinds=kinds, whole=whole, numbers=numbers)


def _shortest_of(kind: Kind, words: Mapping[tuple[str, ...], Sequence[int]]) -> KindLength:
    """Find the shortest of explanations that are all at hand, by the words of each under each code."""
    shortest, found = [], []
    for at, code in enumerate(CODES):
        least = min((each[at] for each in words.values()), default=1)
        those = [name for name, each in words.items() if each[at] == least]
        shortest.append(_shortest(code, least, len(those), those[:_SHOWN]))
        found.append({*those})
    return KindLength(kind=kind, of=len(words), shortest=shortest, both=str(len(found[0] & found[1])))


def _shortest(code: Code, words: int, n: int, first: Iterable[Sequence[str]]) -> Shortest:
    return Shortest(code=code.key, words=str(words), bits=log2(words), n=str(n), first=[[*one] for one in first])


def _interpretations(question: Question, masks: NDArray[Any], work: Work) -> KindLength:
    found: list[ShortestInterpretations] = []
    shortest, why = [], []
    for code, search in zip(CODES, (shortest_by_tables, shortest_by_formulas), strict=True):
        cause = "the time was too short"
        try:
            with work.ending(STAGE):
                least = search(question, masks, work)
                found.append(least)
                first = [(question.graph.to_hex(min(least.by_circuit)), str(least.rank))] if least.by_circuit else []
                shortest.append(_shortest(code, least.words, sum(least.by_circuit.values()), first))
        except BeyondLimits as refusal:
            cause = refusal.cause
        if code.key not in {one.code for one in shortest}:
            why.append(f"Of interpretations the shortest in the {code.label} are not known: {cause}.")
    both = None
    if len(found) == len(CODES):
        # under the first code all interpretations of a circuit are equally long
        both = str(sum(n for mask, n in found[1].by_circuit.items() if mask in found[0].by_circuit))
    return KindLength(kind="interpretation", shortest=shortest, both=both, why=" ".join(why))


def _placements(question: Question, formulas: AlgorithmSearch) -> Iterator[tuple[tuple[str, str], list[int]]]:
    """Ids of each algorithm and valid placement, and its words under each code; of variables there is one at least."""
    hidden, depth = question.network.hidden_sizes, question.protocol.depth_for(len(question.network.hidden_sizes))
    for algorithm, scored in valid_alignments(formulas):
        if places := scored.alignment.places:
            words = [code.placement(algorithm, [site for _, site in places], hidden, depth) for code in CODES]
            yield (algorithm.id, scored.alignment.id), words
