"""The page of one explanation of a kind that is stored as columns, such as a linear probe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup

from pluriscope.analysis.explanations.explanation import Claim, RecordedKind, predict_nothing
from pluriscope.analysis.explanations.registry import BY_KEY
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.db.recorded import StoredSearch, stored_searches
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.candidates import input_texts
from pluriscope.app.pages.explanations import Explanation
from pluriscope.app.pages.page import about, column, figure, head_actions, listed, page
from pluriscope.app.pages.placed import site_of
from pluriscope.figures.numbers import exact
from pluriscope.figures.svg.combs import claimed, weight_text
from pluriscope.figures.svg.networks import network_diagram
from pluriscope.figures.svg.tiles import bits_of, hues_among
from pluriscope.page_kit.blocks import Block, Fact, Facts, Head, Section, Side
from pluriscope.tables.table import Row
from pluriscope.views.records import ClaimRecord, RecordedRecord


def _words(value: Any) -> str:
    """A figure for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def recorded_record(one: Explanation[Question]) -> RecordedRecord:
    """Record of an explanation of a kind stored as columns, for JSON."""
    place, kind = one.place, _kind(one)
    sizes = place.question.network.sizes
    return RecordedRecord(
        kind=kind.key,
        **one.fields,
        name=kind.name(one.item),
        figures=_figures(one),
        claims=[claim_record(claim, sizes) for claim in kind.claims(one.item)],
        says=list(kind.outputs(place.question, one.item)),
    )


@page(recorded_record)
def recorded(one: Explanation[Question], _options: ScopeOptions) -> Iterator[Block]:
    """Page of such an explanation: its figures, its claims about sites, and the rest folded."""
    kind, sizes = _kind(one), one.place.question.network.sizes
    name, claims = kind.name(one.item), [claim_record(claim, sizes) for claim in kind.claims(one.item)]
    yield Head(name, Markup("{} {}").format(kind.definition, _found_words(one)), (), head_actions(one))
    values = _figures(one)
    figures = [Fact(known.label, _words(values[known.name]), known.meaning) for known in kind.columns]
    hues = hues_among(bits_of(claim.function, sizes[0]) for claim in kind.claims(one.item))
    drawn = network_diagram(
        one.place.question.network.weights, None, *claimed(kind.claims(one.item), sizes[0]), hues=hues, title=name
    )
    caption = "The network, with what this explanation says of it."
    yield Side([figure(one, drawn, caption), Facts(figures)])
    if claims:
        which = (
            "every intervention" if kind.predict is predict_nothing and kind.by_hand is None else "some interventions"
        )
        yield Section("What it says of each site", f"silent on {which}: {kind.silence}.")
        yield _table(one, claims)
    yield from about(one)


def _kind(one: Explanation[Question]) -> RecordedKind[Any]:
    return BY_KEY[one.ref.kind]


def _figures(one: Explanation[Question]) -> dict[str, Any]:
    """The figures by column; None where one is NaN."""
    values = {known.name: known.value(one.item) for known in _kind(one).columns}
    return {name: None if value != value else value for name, value in values.items()}


def claim_record(claim: Claim, sizes: Sequence[int]) -> ClaimRecord:
    """Record of a claim about one site.

    Args:
        claim: a function on a site.
        sizes: of the network's layers.
    """
    return ClaimRecord.showing(
        claim,
        site=site_of(claim, sizes),
        neurons=list(claim.neurons),
        weights=list(claim.directions[0]) if claim.directions else [],
        truth_table=list(bits_of(claim.function, sizes[0])),
    )


def _search(one: Explanation[Question]) -> StoredSearch | None:
    analysis = one.place.analysis
    return None if analysis is None else stored_searches(one.session, analysis.id).get(one.ref.kind)


def _found_words(one: Explanation[Question]) -> Markup:
    """Whether the search of the analysis found it."""
    search, place = _search(one), one.place
    if search is None:
        return Markup("No search found such explanations here so far; this one was computed from its address.")
    url = one.links.explanations(place.slug, place.scope, kind=[one.ref.kind])
    found = Markup('<a href="{}">{} that the search found</a>').format(url, exact(search.n))
    if not one.stored:
        return Markup("Not among the {}; it was computed from its address. {}").format(found, search.note)
    return Markup("One of {}{}. {}").format(found, ", which are all there are" if search.complete else "", search.note)


def _table(one: Explanation[Question], claims: list[ClaimRecord]) -> Block:
    bits = input_texts(one.place.question.network.n_inputs)
    columns = [
        column("site", "Site", "Neurons, or a direction of a layer.", first=True),
        column("label", "Function", "What the site is taken for."),
        *(column(f"on{text}", text, f"Its value on input {text}.") for text in bits),
    ]
    if any(claim.weights for claim in claims):
        columns.append(column("weights", "Weights", "Of the direction, one for each neuron of the layer."))
    rows = [
        Row(
            {
                "site": claim.site or "no site",
                "label": claim.label,
                **{f"on{text}": str(bit) for text, bit in zip(bits, claim.truth_table, strict=True)},
                "weights": ", ".join(map(weight_text, claim.weights)),
            }
        )
        for claim in claims
    ]
    return listed("claim", columns, rows)
