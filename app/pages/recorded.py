"""One explanation of a kind stored as columns, computed from the weights at its own address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.errors import AnalysisError
from analysis.explanations.explanation import Claim, Record, RecordedKind
from analysis.explanations.registry import BY_KEY
from analysis.tasks import INPUT_NAMES
from app.addressing import Addresses
from app.db.recorded import StoredSearch, stored_refs, stored_searches
from app.errors import NotFound
from app.figures.svg import Direction
from app.options import PageModel, ScopeOptions
from app.pages.candidates import HuedPage, frequent_tables, input_text, locate_with_scope
from app.pages.place import Place
from app.pages.placements import site_of
from app.pages.shared import network_view, truth_rows
from pluriscope.naming import ExplanationRef


class FigureView(PageModel):
    """One figure of an explanation of a kind stored as columns."""

    name: str = Field(description="Of the column.")
    label: str
    value: bool | int | float | str | None = Field(description="None where there is none.")

    @property
    def words(self) -> str:
        """The value for people."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return "" if self.value is None else f"{self.value:.4g}" if isinstance(self.value, float) else str(self.value)


def figures_of(kind: Record[Any], values: Mapping[str, Any]) -> list[FigureView]:
    """The figures of an explanation by column; one that is NaN is told as None."""
    told = {name: None if value != value else value for name, value in values.items()}
    return [FigureView(name=one.name, label=one.label, value=told[one.name]) for one in kind.columns]


class SiteClaimView(PageModel):
    """What the explanation says of one site."""

    site: str = Field(description="Neurons, or a direction of a layer.")
    layer: int = Field(description="From 1, the first hidden one.")
    neurons: list[int] = Field(description="That carry the function together; empty where a direction does.")
    weights: list[float] = Field(description="Of the direction, one for each neuron of the layer; empty for neurons.")
    label: str = Field(description="The function.")
    truth_table: list[int]


class RecordedCount(PageModel):
    """What the stored search for one kind found, in short."""

    kind: str
    noun: str
    plural: str
    definition: str
    n: int
    complete: bool = Field(description="Whether these are all there are.")
    url: str


def recorded_counts(session: Session, addresses: Addresses, place: Place) -> list[RecordedCount]:
    """Every kind stored as columns and was searched for an analysis."""
    searches = {} if place.analysis is None else stored_searches(session, place.analysis.id)
    return [
        RecordedCount.showing(
            BY_KEY[key],
            kind=key,
            n=search.n,
            complete=search.complete,
            url=addresses.explanations(place.row.slug, place.scope, kind=[key]),
        )
        for key, search in searches.items()
    ]


class RecordedPage(HuedPage):
    """One explanation of a kind stored as columns."""

    kind: str
    noun: str
    definition: str
    source: str
    silence: str = Field(description="Why it says nothing of some interventions.")
    name: str
    ref: str
    figures: list[FigureView]
    meanings: list[str] = Field(description="What each figure is, in their order.")
    claims: list[SiteClaimView]
    inputs: list[str]
    input_names: str
    says: list[int] = Field(description="What it says of the output on each input; empty if it says nothing.")
    stored: bool = Field(description="Whether the search of the analysis found it; the page computes it either way.")
    n_stored: int | None = Field(
        description="Explanations of the kind that are stored; None where it was not searched."
    )
    complete: bool = Field(description="Whether those are all there are.")
    note: str = Field(description="Where and why the search stopped.")
    list_url: str
    criteria_url: str

    @property
    def combs(self) -> list[Direction]:
        """The directions, as drawings take them."""
        return [
            Direction(one.layer, tuple(one.weights), tuple(one.truth_table), one.label)
            for one in self.claims
            if one.weights
        ]


def build_recorded(
    session: Session, addresses: Addresses, network: str, ref: str, options: ScopeOptions
) -> RecordedPage:
    """The explanation that a reference names.

    Raises:
        NotFound: no such network, output, protocol or data record, or the reference names none of a kind that is
            stored as columns.
        BeyondLimits: it is too large to be computed on the spot.
    """
    place, scope = locate_with_scope(session, addresses, network, options)
    slug = place.row.slug
    parent = addresses.explanations(slug, place.scope), f"explanations of {slug}"
    named = _named(ref)
    if named is None:
        known = ", ".join(f"{kind.letter}-… for a {kind.noun}" for kind in BY_KEY.values())
        raise NotFound(
            f"explanation {ref[:60]!r}",
            "is no reference to a kind that has such a page",
            f"write {known}",
            "ref",
            *parent,
        )
    kind = BY_KEY[named.kind]
    try:
        item = read_recorded(place, kind, named.first)
    except AnalysisError as error:
        raise NotFound(error.item, error.cause, error.cure, "ref", *parent) from None
    search = _search_of(session, place, kind)
    canonical = ExplanationRef(kind.key, kind.write(item))
    n_inputs = place.question.cut.n_inputs
    analysis = place.analysis
    return RecordedPage.showing(
        kind,
        hue_tables=frequent_tables(session, place),
        network=network_view(place.row, addresses),
        scope=scope,
        kind=kind.key,
        name=kind.name(item),
        ref=str(canonical),
        figures=figures_of(kind, {column.name: column.value(item) for column in kind.columns}),
        meanings=[column.meaning for column in kind.columns],
        claims=[_claim_view(claim, place.question.cut.sizes) for claim in kind.claims(item)],
        inputs=[input_text(row, n_inputs) for row in range(1 << n_inputs)],
        input_names=INPUT_NAMES[:n_inputs],
        says=list(kind.outputs(place.question, item)),
        stored=analysis is not None and canonical.first in stored_refs(session, analysis, kind),
        n_stored=None if search is None else search.n,
        complete=search is not None and search.complete,
        note="" if search is None else search.note,
        list_url=addresses.explanations(slug, place.scope, kind=[kind.key]),
        criteria_url=addresses.verdicts(slug, [canonical], place.scope),
        url=addresses.explanation(slug, canonical, place.scope),
    )


def read_recorded(place: Place, kind: RecordedKind[Any], text: str) -> Any:
    """The explanation of a kind that an address text names.

    Raises:
        AnalysisError: there is none.
        NotFound: the kind says nothing of such networks or rows.
    """
    refusal = kind.refuses(place.question)
    if refusal:
        raise NotFound(f"{kind.noun} {text[:40]!r}", f"{place.row.slug} {refusal}", "choose another kind", "ref")
    return kind.read(place.question, text)


def _claim_view(claim: Claim, sizes: Sequence[int]) -> SiteClaimView:
    return SiteClaimView.showing(
        claim,
        site=site_of(claim, sizes),
        weights=list(claim.directions[0]) if claim.directions else [],
        truth_table=truth_rows(claim.function, 1 << sizes[0]),
    )


def _named(text: str) -> ExplanationRef | None:
    try:
        ref = ExplanationRef.parse(text)
    except ValueError:
        return None
    return ref if ref.kind in BY_KEY and not ref.protocol else None


def _search_of(session: Session, place: Place, kind: RecordedKind[Any]) -> StoredSearch | None:
    return None if place.analysis is None else stored_searches(session, place.analysis.id).get(kind.key)
