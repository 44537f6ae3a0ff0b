"""The story of one circuit at its own address."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.networks.circuit import Circuit
from analysis.stories.of_circuit import story_of
from analysis.stories.relation import Relation
from analysis.stories.search import Unasked
from app.addressing import Addresses
from app.options import BigInt, PageModel
from app.pages.formulas import AlgorithmLink, PlacedView, placed_views
from app.pages.place import Place
from pluriscope.analyses.stories import RELATION_WORDS

N_PLACEMENTS: Final = 3


class CarriedView(PageModel):
    """An irredundant algorithm that a circuit carries."""

    algorithm: AlgorithmLink
    n_minimal: BigInt = Field(description="Minimal alignments on the ablated network.")
    placements: list[list[PlacedView]] = Field(description=f"The first {N_PLACEMENTS} of them.")


class CircuitStory(PageModel):
    """What one circuit carries; without a relation the reason says why that is not known."""

    relation: Relation | None
    meaning: str
    reason: str
    carried: list[CarriedView]
    whole: list[AlgorithmLink] = Field(description="What the whole network carries.")
    stories_url: str


def circuit_story(place: Place, circuit: Circuit, addresses: Addresses) -> CircuitStory:
    """What one circuit carries, found out from the weights."""
    slug, scope = place.row.slug, place.scope
    url = addresses.analysis(slug, "stories", scope)
    found = story_of(place.question, circuit)
    if isinstance(found, Unasked):
        return CircuitStory(relation=None, meaning="", reason=found.reason, carried=[], whole=[], stories_url=url)

    def link(algorithm: HighLevelModel) -> AlgorithmLink:
        return AlgorithmLink(
            id=algorithm.id, formula=algorithm.formula, url=addresses.algorithm(slug, algorithm.id, scope)
        )

    return CircuitStory(
        relation=found.relation,
        meaning=RELATION_WORDS[found.relation],
        reason="",
        carried=[
            CarriedView(
                algorithm=link(result.algorithm),
                n_minimal=result.n_minimal,
                placements=[
                    placed_views(result.algorithm, scored.alignment) for scored in result.alignments if scored.minimal
                ][:N_PLACEMENTS],
            )
            for result in found.carried
        ],
        whole=[link(one) for one in found.whole],
        stories_url=url,
    )
