"""The record of one kind of explanation.

Every kind has a record in its own file; :mod:`pluriscope.analysis.explanations.registry` lists them. The record says
what an explanation of the kind claims of the network's sites and what it predicts about interventions, so that
comparing and Play know no kind.

A :class:`RecordedKind` says besides how its explanations are found, named and stored as columns. They are found by a
background job, listed, filtered, sorted, judged by the criteria that their traits admit and exported by code that knows
no kind either. The others are found by the analysis itself and stored in tables of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interventions.experiments import SILENT, InterventionSpace, NeuronSite
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.sandbox.intervention import Intervention, Prediction
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.subjects.perceptron.question import Question

E = TypeVar("E")
Trait = Literal["masked", "interpreted", "symbolic", "placed", "attributing", "cut"]
"""What criteria may rely on: edges that are kept or cut; a gate for every kept neuron; an algorithm with variables;
functions at sites of the network; a number for the importance of each edge or neuron; a model of any kind that can be
run with some of its graph cut.
"""


@dataclass(frozen=True)
class Strategy:
    """A way to an explanation: what is sought first, and what is then sought for it.

    Args:
        name: for headings.
        says: what its two steps find, a sentence.
    """

    name: str
    says: str


WHERE_THEN_WHAT: Final = Strategy("Where, then what", "A part that is enough, then gates.")
WHAT_THEN_WHERE: Final = Strategy("What, then where", "A formula, then neurons for it.")
STRATEGIES: Final = (WHERE_THEN_WHAT, WHAT_THEN_WHERE)
Value = bool | int | float | str
Frame = Mapping[str, NDArray[Any]]
"""Columns of equal length by name; "ref" holds each explanation's address text, "name" its name for people."""
REF: Final = "ref"
NAME: Final = "name"
VALID: Final = "valid"
_OWN: Final = frozenset((REF, NAME, VALID, "kind"))


@dataclass(frozen=True)
class Claim:
    """A claim of an explanation about a site.

    Args:
        layer: from 1, the first hidden one; 0 for a function that has no site.
        neurons: that the claim is about together; () where it is about directions.
        directions: each as one weight for each neuron of the layer; () where neurons carry the function.
        says: that the site carries a function, or, of a neuron, that it is used or cut, with no function given.
        function: truth table as an integer, bit i = input row i.
        label: the function for people.
    """

    layer: int
    neurons: tuple[int, ...] = ()
    directions: tuple[tuple[float, ...], ...] = ()
    says: Literal["function", "used", "cut"] = "function"
    function: int = 0
    label: str = ""


@dataclass(frozen=True)
class Column(Generic[E]):
    """A figure that every explanation of a kind has.

    Args:
        name: stable, lower case with underscores; "margin" is filtered and sorted together with every other kind's.
        label: for people.
        dtype: bool, int, float or str.
        value: explanation → figure; an int or float may be NaN where there is none.
        meaning: one sentence for people.
        facet: whether lists offer its values as a filter, which suits a few different ones.
    """

    name: str
    label: str
    dtype: type
    value: Callable[[E], Value]
    meaning: str
    facet: bool = False


@dataclass(frozen=True)
class Found(Generic[E]):
    """The explanations of a kind that were found.

    Args:
        explanations: each once, in the order found.
        complete: whether these are all there are.
        note: where and why a search stopped, as a sentence; "" if it did not.
    """

    explanations: Sequence[E]
    complete: bool = True
    note: str = ""


def predict_nothing(_question: Question, items: Sequence[Any], space: InterventionSpace) -> NDArray[np.int8]:
    """Silence about every intervention: ``[items, set, source, base]``."""
    return np.full((len(items), *space.shape), SILENT, dtype=np.int8)


def claim_nothing(_item: Any) -> tuple[Claim, ...]:
    """Claim nothing about any site."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Record(Generic[E]):
    """A kind of explanation: how such explanations are named, stored, listed and sorted, whatever they explain.

    Args:
        key: stable name, lower case; part of addresses and of stored rows.
        noun: for one of them, in lower case.
        plural: for several.
        definition: what such an explanation says, one or two sentences.
        source: where the kind comes from.
        columns: their figures, in the order of lists.
        name: explanation → a short name for people.
        write: explanation → its address text: ASCII letters, digits, "." and "_".
    """

    key: str
    noun: str
    plural: str
    definition: str
    source: str
    columns: tuple[Column[E], ...]
    name: Callable[[E], str]
    write: Callable[[E], str]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names) or _OWN & set(names):
            raise ValueError(f"kind {self.key}: every column once, and none called {sorted(_OWN)}")

    def frame(self, items: Sequence[E]) -> Frame:
        """The columns of some explanations, with their address texts and names."""
        columns: dict[str, NDArray[Any]] = {
            column.name: np.array([column.value(item) for item in items], column.dtype) for column in self.columns
        }
        texts = {REF: np.array([self.write(item) for item in items], str)}
        return {**texts, NAME: np.array([self.name(item) for item in items], str), **columns}

    def column(self, name: str) -> Column[E] | None:
        """The column of this name, None if there is none."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[E]):
    """A kind of explanation of one output of a network.

    Args:
        key: stable name, lower case; part of addresses and of stored rows.
        letter: before the dash of a reference; no other kind has it.
        noun: for one of them, in lower case.
        plural: for several.
        silence: why it says nothing of some interventions, as a clause.
        traits: what criteria may rely on.
        title: "" for the noun with a capital letter; what a heading calls one of them.
        outputs: question and explanation → what it says of the output on each Boolean input; () if it says nothing.
        predict: question, explanations and interventions → ``[items, set, source, base]`` 0, 1 or −1 for silence.
        claims: explanation → what it says of sites, in an order of its own.
        values: explanation and interventions → the bit that it gives each neuron of which it says something,
            ``[set, source, base]`` or of a shape that spreads to that.
        settled: explanation and interventions → ``[set, source, base]`` likewise, whether what it predicts follows from
            what it does on inputs; elsewhere another completion of it would predict otherwise.
        by_hand: question, explanation, an intervention made by hand and the bench that it is made on → what the
            explanation predicts; None for what ``predict`` says of it.
    """

    key: str
    letter: str
    noun: str
    plural: str
    silence: str
    traits: frozenset[Trait]
    title: str = ""
    outputs: Callable[[Question, E], tuple[int, ...]] = lambda _, __: ()
    predict: Callable[[Question, Sequence[E], InterventionSpace], NDArray[np.int8]] = predict_nothing
    claims: Callable[[E], tuple[Claim, ...]] = claim_nothing
    values: Callable[[E, InterventionSpace], Mapping[NeuronSite, NDArray[np.int8]]] = lambda _, __: {}
    settled: Callable[[E, InterventionSpace], NDArray[np.bool_]] = lambda _, space: np.ones(space.shape, dtype=bool)
    by_hand: Callable[[Question, E, Intervention, Bench], Prediction] | None = None

    @property
    def heading(self) -> str:
        """The noun of the kind as a heading has it."""
        return self.title or self.noun.capitalize()

    @property
    def strategy(self) -> Strategy:
        """The strategy that finds the kind: by where it lies, if its traits are about edges, else by
        what is computed.
        """
        return WHERE_THEN_WHAT if self.traits & {"masked", "attributing", "cut"} else WHAT_THEN_WHERE

    @property
    def step(self) -> int:
        """The step of its strategy that finds the kind: 1 where it is only where or only what, else 2."""
        return 2 if self.traits & {"interpreted", "placed"} else 1

    def ask(self, question: Question, item: E, intervention: Intervention, bench: Bench) -> Prediction:
        """Predict by an explanation what the network answers under an intervention made by hand.

        Where the kind has no rule of its own, it predicts where nothing is changed, and where neurons take their values
        from one source and nothing else is changed; of what is beyond the common ground its record says nothing.
        """
        if self.by_hand is not None:
            return self.by_hand(question, item, intervention, bench)
        if not intervention.is_changed:
            said = self.outputs(question, item)
            return Prediction(said[intervention.base]) if said else Prediction(SILENT, self.silence)
        sources = {change.source for change in intervention.changes}
        by_source = all(change.written == "source" and not change.is_edge for change in intervention.changes)
        source = next(iter(sources))
        if not by_source or len(sources) > 1 or source is None:
            return Prediction(SILENT, f"a {self.noun} speaks of neurons that take their values from one source alone")
        patched = tuple(sorted(intervention.neurons))
        space = InterventionSpace(question.network.hidden_sizes, question.network.n_inputs, (patched,))
        bit = int(self.predict(question, [item], space)[0, 0, source, intervention.base])
        return Prediction(bit) if bit != SILENT else Prediction(SILENT, self.silence)


@dataclass(frozen=True, kw_only=True)
class RecordedKind(Record[E], Kind[E]):
    """A kind of explanation that a background job finds and stores as columns.

    Args:
        find: question and work → the explanations, each once; may raise Cancelled.
        work: question → about how many milliseconds that takes.
        read: question and address text → the explanation, computed from the weights; raises AnalysisError if there is
            none.
        refuses: question → why there can be no such explanation, as a clause after the network's name; "" if it
            can.
    """

    find: Callable[[Question, Work], Found[E]]
    work: Callable[[Question], float]
    read: Callable[[Question, str], E]
    refuses: Callable[[Question], str] = lambda _: ""
