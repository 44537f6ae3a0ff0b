"""The interpretations of one circuit by gate: which neurons are what, how many match, and some, without a listing."""

from __future__ import annotations

from secrets import randbelow
from typing import Any, Final, Literal

from pydantic import Field, field_validator
from sqlalchemy.orm import Session

from analysis.errors import BeyondLimits, InvalidGate
from analysis.interpretations.gates import gate_words
from analysis.interpretations.matching import OTHER, GateCount, GateWish, MatchingSpace
from app.addressing import Addresses
from app.errors import BadQuery, NotFound
from app.options import BigInt, Link, PageModel, ScopeOptions
from app.pages.circuit_facts import (
    MAX_CARDS,
    MAX_INDEX_DIGITS,
    N_CARDS,
    CircuitView,
    circuit_view,
    read_circuit,
    readings_of,
    verdict_on,
)
from app.pages.interpretation_spaces import matches_of
from app.pages.place import Place, locate_boolean
from app.pages.previews import InterpretationCard, interpretation_card
from app.pages.shared import LinkedPage, linked, neuron_name, scope_view

MAX_WISHES: Final = 32
FIRST_SHOWN: Final = 8  # gates of a neuron; the others are folded


class InterpretationsOptions(ScopeOptions):
    """Options of the list of a circuit's interpretations."""

    gate: list[str] = Field(
        [], max_length=MAX_WISHES, description="Gates that neurons must be, LAYER-NEURON:GATE each, e.g. 2-1:NAND."
    )
    classes: Literal["all", "observed"] = Field(
        "all", description="Every match, or the first match of each observed class that has any."
    )
    start: str = Field(
        "0", pattern=f"^[0-9]{{1,{MAX_INDEX_DIGITS}}}$", description="Where the list begins: a rank among what matches."
    )
    index: str = Field(
        "", pattern=f"^[0-9]{{1,{MAX_INDEX_DIGITS}}}$", description="Leads to the interpretation of that index."
    )
    draw: bool = Field(False, description="Leads to a match drawn uniformly at random.")
    limit: int = Field(N_CARDS, ge=1, le=MAX_CARDS, description="Interpretations on a page.")

    @field_validator("gate", mode="after")
    @classmethod
    def _chosen(cls, gates: list[str]) -> list[str]:
        return [gate for gate in gates if gate]  # what a form sends where any gate will do


class GateOption(PageModel):
    """A gate that a neuron may be asked to be."""

    name: str
    label: str
    count: BigInt = Field(description="Interpretations that give the neuron this gate and match all other wishes.")
    chosen: bool
    url: str = Field(description="The list with this wish, or without it if it is chosen.")


class SiteView(PageModel):
    """A neuron and the gates that interpretations give it."""

    name: str = Field(description="As pages call it: n2.1.")
    site: str = Field(description="As the option writes it: 2-1.")
    gates: list[GateOption] = Field(description="Most frequent first; none that no interpretation gives it.")

    @property
    def first(self) -> list[GateOption]:
        """Those shown at once, the chosen one among them."""
        return [gate for place, gate in enumerate(self.gates) if place < FIRST_SHOWN or gate.chosen]

    @property
    def rest(self) -> list[GateOption]:
        return [gate for gate in self.gates if gate not in self.first]


class InterpretationsPage(LinkedPage):
    """The interpretations of one circuit that match wishes about gates."""

    circuit: CircuitView
    why_not: str = Field(description="Why there is nothing to list, empty if there is.")
    total: BigInt = Field(description="Interpretations of the circuit.")
    observed: BigInt = Field(description="Their observed classes.")
    matching: BigInt = Field(description="Those that match; exact, counted without listing.")
    matching_classes: BigInt = Field(description="Observed classes with at least one match; exact.")
    wishes: list[Link]
    sites: list[SiteView]
    classes: Literal["all", "observed"]
    start: BigInt
    of: BigInt = Field(description="Entries of the list: matches, or classes that have one.")
    items: list[InterpretationCard]
    next_url: str | None
    first_url: str | None
    all_url: str = Field(description="The list of every match.")
    observed_url: str = Field(description="The list of the first match of each class.")
    draw_url: str = Field(description="Leads to a match drawn uniformly at random.")
    bare_url: str
    circuits_url: str


def build_interpretations(
    session: Session, addresses: Addresses, network: str, mask: str, options: InterpretationsOptions
) -> InterpretationsPage:
    """The list that an address names.

    Raises:
        NotFound: no such network, output, protocol, data record or circuit.
        BadQuery: a gate that no neuron has, or a rank beyond the last match.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    circuit = read_circuit(place, mask, addresses)
    readings = readings_of(place, circuit, verdict_on(place, circuit))
    slug, scope = place.row.slug, place.scope
    space, why_not = None, readings.why_not
    if readings.space is not None:
        space = _space(place, circuit, options)

    def url(**changes: Any) -> str:
        values: dict[str, Any] = {"gate": options.gate, "classes": options.classes, "limit": options.limit} | changes
        defaults = {"classes": "all", "limit": N_CARDS, "start": 0}
        kept = {name: value for name, value in values.items() if value != defaults.get(name)}
        return addresses.interpretations(slug, circuit.hex, scope, **kept)

    start, of = int(options.start), 0
    items: list[InterpretationCard] = []
    if space is not None:
        of = space.count if options.classes == "all" else space.n_observed
        if start and start >= of:
            raise BadQuery(
                f"start {options.start[:40]}", f"only {of:,} are listed", f"use 0 to {max(of - 1, 0)}", "start"
            )
        stop = min(start + options.limit, of)
        for rank in range(start, stop):
            match = rank if options.classes == "all" else space.index_of_observed(rank)
            items.append(_card(space, match, place, addresses))
    return InterpretationsPage(
        **linked(place, addresses, scope_view(place, None, addresses)),
        circuit=circuit_view(session, place, circuit, addresses),
        why_not=why_not,
        total=readings.total or 0,
        observed=readings.observed or 0,
        matching=0 if space is None else space.count,
        matching_classes=0 if space is None else space.n_observed,
        wishes=[] if space is None else [_wish(wish, space, url, options) for wish in space.wishes],
        sites=[] if space is None else _sites(space, place, url),
        classes=options.classes,
        start=start,
        of=of,
        items=items,
        next_url=url(start=start + options.limit) if start + options.limit < of else None,
        first_url=url() if start else None,
        all_url=url(classes="all"),
        observed_url=url(classes="observed"),
        draw_url=url(draw=1),
        bare_url=addresses.interpretations(slug, circuit.hex, scope),
        circuits_url=addresses.circuits(slug, scope),
        url=url(start=start),
    )


def address_of_draw(
    session: Session, addresses: Addresses, network: str, mask: str, options: InterpretationsOptions
) -> str:
    """The address of a match drawn uniformly at random.

    Raises:
        NotFound: nothing matches, or no such circuit.
        BadQuery: a gate that no neuron has.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    circuit = read_circuit(place, mask, addresses)
    readings = readings_of(place, circuit, verdict_on(place, circuit))
    space = None if readings.space is None else _space(place, circuit, options)
    parent = addresses.interpretations(place.row.slug, circuit.hex, place.scope)
    if space is None or not space.count:
        cause = readings.why_not or "no interpretation matches"
        label = f"interpretations of circuit {circuit.hex}"
        raise NotFound("a random interpretation", cause, "ask for other gates", "gate", parent, label)
    found = space.interpretation(randbelow(space.count))
    return addresses.interpretation(place.row.slug, circuit.hex, found.index, place.scope)


def _space(place: Place, circuit: Any, options: InterpretationsOptions) -> MatchingSpace:
    try:
        wishes = [GateWish.parse(text) for text in options.gate]
        return matches_of(place.question, circuit, wishes)
    except (InvalidGate, BeyondLimits) as error:
        raise BadQuery(error.item, error.cause, error.cure, "gate") from None


def _card(space: MatchingSpace, rank: int, place: Place, addresses: Addresses) -> InterpretationCard:
    return interpretation_card(space.whole, space.interpretation(rank).index, place, addresses)


def _sites(space: MatchingSpace, place: Place, url: Any) -> list[SiteView]:
    wished = {(wish.layer, wish.neuron): wish for wish in space.wishes}
    sites = []
    for (layer, neuron), counts in space.gate_counts().items():
        here = wished.get((layer, neuron))
        others = [str(wish) for wish in space.wishes if wish is not here]
        if here is not None and all(one.name != here.name for one in counts):
            counts = (*counts, GateCount(here.name, 0))
        gates = []
        for one in counts:
            chosen = here is not None and here.name == one.name
            wish = str(GateWish(layer, neuron, one.name))
            label = _words(GateWish(layer, neuron, one.name), space)
            new = url(gate=others if chosen else [*others, wish])
            gates.append(GateOption(name=one.name, label=label, count=one.count, chosen=chosen, url=new))
        sites.append(
            SiteView(name=neuron_name(place.question.cut.sizes, layer, neuron), site=f"{layer}-{neuron}", gates=gates)
        )
    return sites


def _wish(wish: GateWish, space: MatchingSpace, url: Any, options: InterpretationsOptions) -> Link:
    name = neuron_name(space.question.cut.sizes, wish.layer, wish.neuron)
    rest = [text for text in options.gate if GateWish.parse(text) != wish]
    return Link(label=f"{name} is {_words(wish, space)}", url=url(gate=rest))


def _words(wish: GateWish, space: MatchingSpace) -> str:
    """The gate of a wish, as a formula where it has a short one."""
    if wish.name == OTHER:
        return "another gate"
    return gate_words(wish.name, space.parent_names(wish.layer, wish.neuron))
