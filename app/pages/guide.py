"""The guide: one network in seven steps, each a real page with a few words above it.

A step's page is whatever its own address shows; ``?tour=3`` only adds the words of step 3. Which circuit,
interpretation and alignment are shown is read from the store when somebody goes on, so that no step leads nowhere:
where an analysis is not finished, the step leads to the list that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.reads.networks import best_alignments
from app.errors import NotFound
from app.listing.circuits import smallest_circuits
from app.naming import Scope
from app.options import PageModel
from app.pages.place import Place, locate
from app.pages.previews import alignment_card, circuit_card, first_interpretations
from app.pages.showcase import featured_network, find_featured


@dataclass(frozen=True)
class Step:
    """One step.

    Args:
        title: what it is about.
        text: two or three sentences, without numbers: those are on the page.
        address: where it leads, from the network's slug, what is known of its explanations, and the addresses.
    """

    title: str
    text: str
    address: Callable[[str, _Found, Addresses], str]


@dataclass(frozen=True)
class _Found:
    """Explanations that the steps show; "" where there is none yet."""

    circuit: str = ""
    interpretation: str = ""
    alignment: str = ""
    refs: tuple[str, ...] = ()


STEPS: Final = (
    Step(
        "One network, one task",
        "This small network was trained to compute XOR, and it does: see its outputs beside the inputs. How does it do "
        "it? Below stands how many explanations pass the usual tests. Each number names the rules it was found under.",
        lambda slug, _found, addresses: addresses.network(slug, tour=1),
    ),
    Step(
        "Where: many circuits do the job",
        "A circuit is a part of the network that still classifies every input correctly when everything else is "
        "switched off. These are all that there are. Sort or filter them; the address of this page keeps what you "
        "chose.",
        lambda slug, _found, addresses: addresses.circuits(slug, view="grid", tour=2),
    ),
    Step(
        "One circuit",
        "Full lines are kept, pale ones are cut. The table shows that it still classifies every input correctly, and "
        "by how much. Further down, stricter criteria are asked of it, and not all of them are passed.",
        lambda slug, found, addresses: found.circuit or addresses.circuits(slug, tour=3),
    ),
    Step(
        "Then what: neurons read as gates",
        "Each neuron of a circuit is cut into 0 and 1 and read as a Boolean gate; squares show its truth table. This "
        "is one reading of one circuit. The page says how many others agree with the same activations.",
        lambda slug, found, addresses: found.interpretation or addresses.circuits(slug, tour=4),
    ),
    Step(
        "What, then where: an algorithm on the network",
        "The other way round: begin with a formula for XOR, place its variables on neurons, and swap those neurons' "
        "values between inputs. If the network then decides as the formula says, every time, the alignment is valid.",
        lambda slug, found, addresses: found.alignment or addresses.algorithms(slug, tour=5),
    ),
    Step(
        "Side by side",
        "What these explanations agree on is said once; where they differ comes first. A crucial experiment is an "
        "intervention on which they predict different things, with what the network does then.",
        lambda slug, found, addresses: (
            addresses.compare(slug, found.refs, tour=6) if len(found.refs) > 1 else addresses.compare(slug, (), tour=6)
        ),
    ),
    Step(
        "Which of your criteria leaves what",
        "Choose criteria and their order, and see how many explanations of each kind are left after each. That none is "
        "left is a finding. This is where the guide ends: see two explanations of one network contradict each other, "
        "choose another network, or import your own.",
        lambda slug, _found, addresses: addresses.funnel(slug, tour=7),
    ),
)


class GuideStop(PageModel):
    """One step as pages show it."""

    number: int
    of: int
    title: str
    text: str
    url: str = Field(description="Leads on to the step's page.")
    page_url: str | None = Field(None, description="That page, where a single step is asked for.")
    previous_url: str | None
    next_url: str | None


class GuidePage(PageModel):
    """The guide and whether it can be followed here."""

    network: str = Field(description="Slug of the network it goes round, empty if it is not stored here.")
    network_url: str
    analysed: bool = Field(description="Whether its explanations have been found; else some steps lead to lists alone.")
    steps: list[GuideStop]
    url: str


def guide_stop(number: int, addresses: Addresses) -> GuideStop:
    """One step with the links to those beside it.

    Args:
        number: from 1.
    """
    step = STEPS[number - 1]
    return GuideStop(
        number=number,
        of=len(STEPS),
        title=step.title,
        text=step.text,
        url=addresses.guide(number),
        previous_url=addresses.guide(number - 1) if number > 1 else None,
        next_url=addresses.guide(number + 1) if number < len(STEPS) else None,
    )


def build_guide(session: Session, addresses: Addresses) -> GuidePage:
    """The steps, and whether there is something to see."""
    row = find_featured(session)
    place = None if row is None else locate(session, addresses, row.slug, Scope())
    return GuidePage(
        network="" if row is None else row.slug,
        network_url=addresses.gallery() if row is None else addresses.network(row.slug),
        analysed=place is not None and place.analysis is not None,
        steps=[guide_stop(number, addresses) for number in range(1, len(STEPS) + 1)],
        url=addresses.guide(),
    )


def address_of_step(session: Session, addresses: Addresses, number: int) -> str:
    """The page that a step is about.

    Raises:
        NotFound: no such step, or the network of the tour is not stored.
    """
    if not 1 <= number <= len(STEPS):
        raise NotFound(
            f"step {number} of the guide",
            f"there are {len(STEPS)}",
            f"use 1 to {len(STEPS)}",
            "step",
            addresses.guide(),
            "the guide",
        )
    row = featured_network(session, addresses)
    place = locate(session, addresses, row.slug, Scope())
    return STEPS[number - 1].address(row.slug, _found(session, place, addresses, number), addresses)


def build_step(session: Session, addresses: Addresses, number: int) -> GuideStop:
    """One step with the page that it leads to now.

    Raises:
        NotFound: no such step, or the network of the tour is not stored.
    """
    page_url = address_of_step(session, addresses, number)
    return guide_stop(number, addresses).model_copy(update={"page_url": page_url})


def _found(session: Session, place: Place, addresses: Addresses, number: int) -> _Found:
    if place.analysis is None:
        return _Found()
    rows = smallest_circuits(session, place.analysis, place.question.layout, 5)
    circuits = [circuit_card(row, place.row.slug, place.scope, addresses) for row in rows]
    readings = first_interpretations(place, rows, addresses)
    aligned = [alignment_card(*pair, place, addresses) for pair in best_alignments(session, place.analysis.id, 1)]
    return _Found(
        circuit=_with_tour(circuits[0].url, number) if circuits else "",
        interpretation=_with_tour(readings[0].url, number) if readings else "",
        alignment=_with_tour(aligned[0].url, number) if aligned else "",
        refs=(*(card.ref for card in readings[:2]), *(card.ref for card in aligned)),
    )


def _with_tour(url: str, number: int) -> str:
    return f"{url}{'&' if '?' in url else '?'}tour={number}"
