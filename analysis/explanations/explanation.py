"""The record of one kind of explanation.

Every kind has a record in its own file; :mod:`pluriscope.analysis.explanations.registry` lists them. The record says
what an explanation of the kind claims of the network's sites and what it predicts about interventions, so that
comparing and Play know no kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.interventions.experiments import SILENT, InterventionSpace, NeuronSite
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


def predict_nothing(_question: Question, items: Sequence[Any], space: InterventionSpace) -> NDArray[np.int8]:
    """Silence about every intervention: ``[items, set, source, base]``."""
    return np.full((len(items), *space.shape), SILENT, dtype=np.int8)


def claim_nothing(_item: Any) -> tuple[Claim, ...]:
    """Claim nothing about any site."""
    return ()


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
