"""The network of the opening story and of lessons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import ExplanationRef, Scope
from pluriscope.analysis.interventions.experiments import InterventionSpace, NetworkAnswers, run_interventions
from pluriscope.analysis.sandbox.intervention import Change, Intervention
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.errors import Moved, NotFound
from pluriscope.app.pages.candidates import input_texts
from pluriscope.app.pages.explanations import Explanation, find_explanation
from pluriscope.app.pages.place import Place, locate_boolean
from pluriscope.figures.svg.layout import Site
from pluriscope.figures.svg.vessels import full_at

NETWORK: Final = "xor-pretrained"
PAIR: Final = ("i-2b1ef.224", "i-2b1ef.352")
"""Its fair pair as :mod:`pluriscope.analysis.pair` finds it, two interpretations of one circuit: the story calls them P
and Q.
"""


@dataclass(frozen=True, eq=False)
class ExampleNetwork:
    """The network as it is stored.

    Args:
        place: the network under the usual rules.
    """

    session: Session
    links: Addresses
    place: Place

    @classmethod
    def stored(cls, session: Session, links: Addresses) -> Self:
        """Read the example from the store.

        Raises:
            NotFound: it is not.
        """
        try:
            return cls(session, links, locate_boolean(session, links, NETWORK, Scope()))
        except Moved as moved:
            return cls(session, links, locate_boolean(session, links, moved.now, Scope()))
        except NotFound as error:
            cause, cure = "is not stored here, as no bundled one is", "start the server without --no-bundled"
            raise NotFound(f"network {NETWORK}", cause, cure, "network", error.parent, error.parent_label) from None

    @property
    def question(self) -> Question:
        """The network, its task and the rules."""
        return self.place.question

    @cached_property
    def rows(self) -> list[str]:
        """The inputs as texts."""
        return input_texts(self.question.network.n_inputs)

    @cached_property
    def pair(self) -> tuple[Explanation[Question], Explanation[Question]]:
        """The two interpretations of the story."""
        p, q = (find_explanation(self.session, self.links, self.place, ExplanationRef.parse(ref)) for ref in PAIR)
        return p, q

    @cached_property
    def differ(self) -> list[Site]:
        """The neurons that the two read differently."""
        gates = zip(*(one.item.gates for one in self.pair), strict=True)
        return [(one.layer, one.neuron) for one, other in gates if one.function != other.function]

    @cached_property
    def asked(self) -> tuple[InterventionSpace, NetworkAnswers]:
        """Every intervention, and what the network does."""
        return run_interventions(self.question)

    @cached_property
    def _bench(self) -> Bench:
        return Bench(self.question.network, self.question.clean_rows)

    @cached_property
    def full(self) -> float:
        """The value at which a neuron is drawn full."""
        return full_at(self.question.clean_activations)

    def run(self, row: int, changes: Iterable[Change] = ()) -> list[list[float]]:
        """The values of all layers on an input while something is changed."""
        return [layer.tolist() for layer in self._bench.run(Intervention(row, tuple(changes)))]
