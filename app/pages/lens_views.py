"""What lenses say as comparisons and other pages show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.errors import InvalidMethod
from analysis.explanations.explanation import Claim
from analysis.lenses.lens import Lens, LensAnswer, Table, view_json
from analysis.lenses.registry import LENS_BY_KEY
from analysis.lenses.report import (
    BandsFound,
    BarFound,
    FieldFound,
    LatentFound,
    LensesReport,
    NeuronsFound,
    ViewFound,
    view_found,
)
from analysis.method_settings import Settings, settings_text, written
from app.addressing import Addresses
from app.db.reports import report_of, report_row
from app.options import PageModel
from app.pages.lens_population import population_words
from app.pages.place import Place
from app.pages.shared import neuron_name
from pluriscope.analyses.registry import LENSES

MAX_MILLISECONDS: Final = 2_000.0
"""What an answer may be expected to take to be computed at its own address."""
POPULATION_STUDY: Final = "who-can-tell"
"""The chapter of the findings about lenses."""
MAX_LABELS: Final = 2_000
"""Characters of typed labels."""
MAX_SHOWN: Final = 400
"""Rows of a table on a page and in its twin; the download has all."""


class LensView(PageModel):
    """One lens and what it says."""

    key: str
    label: str
    kind: Literal["attribution", "table"]
    definition: str
    source: str
    text: str = Field(description="The lens with the settings that differ from its defaults, as commands take it.")
    settings: dict[str, Any]
    outcome: str = Field(description="found, undefined (it does not apply), degenerate or diverged.")
    notes: list[str] = Field(description="To be read first: why it is degenerate, kinks, units without a gradient.")
    says: str = Field(description="What it says; empty where there is no answer.")
    can_know: str = Field(description="What such an answer can show, and what it cannot.")
    population: str = Field(
        description="How well it tells, over many networks, which algorithm one carries; empty where that is not known."
    )
    population_url: str = Field(description="The study that found it.")
    scores: list[list[float]] | None = Field(description="A number for each input, row by row; null of tables.")
    bars: list[BarFound]
    counted: str = Field(description="What the bars count.")
    latents: list[LatentFound]
    bands: BandsFound | None = Field(description="Of tables with a number for each row of inputs.")
    fields: list[FieldFound] = Field([], description="Of tables with numbers over the square of two inputs.")
    url: str


def lens_view(one: ViewFound, place: Place, addresses: Addresses) -> LensView:
    """One answer as pages show it."""
    lens = LENS_BY_KEY[one.lens]
    shown = "" if lens.shown is None else lens.shown(place.question)
    text, url = _named(lens, one.settings, place, addresses)
    return LensView.showing(
        lens,
        text=text,
        settings=one.settings,
        outcome=one.outcome,
        notes=one.notes,
        says=one.says,
        can_know=f"{lens.can_know} {shown}".strip(),
        population=population_words(lens.key, place.question),
        population_url=addresses.findings(POPULATION_STUDY),
        scores=None if one.view is None else one.view.get("scores"),
        bars=one.bars,
        latents=one.latents,
        bands=one.bands,
        fields=one.fields,
        url=url,
    )


def _changed(lens: Lens, settings: Settings, place: Place) -> Settings:
    """The settings that differ from the defaults for this network."""
    usual, _ = lens.fit(place.question, lens.defaults)
    return {name: value for name, value in settings.items() if usual.get(name) != value}


def neurons_words(stored: NeuronsFound, sizes: Sequence[int]) -> str:
    """The neuron that is given most functions, and how many neurons are given a single one."""
    given = [one for one in stored.neurons if one.n]
    if not given:
        return "No interpretation gives a hidden neuron a function."
    most = max(given, key=lambda one: one.n)
    single = sum(one.n == 1 for one in given)
    bound = "" if stored.exact else "at least "
    times = "function" if most.n == 1 else "different functions"
    rest = f" {single} of {len(given)} neurons {'is' if single == 1 else 'are'} given a single one." if single else ""
    name = neuron_name(sizes, most.layer, most.neuron)
    told = f"Valid interpretations give neuron {name} {bound}{most.n} {times} of the inputs, the most of any neuron."
    return f"{told}{rest}"


def answer_of(
    session: Session, place: Place, lens: Lens, settings: Settings
) -> tuple[LensAnswer | None, ViewFound | None]:
    """What a lens answers, computed here, or taken from what is stored where that takes long; None where it is not."""
    known, fit = lens.fit(place.question, settings)
    if fit.answered and (lens.learns or _expected(lens, place, known) > MAX_MILLISECONDS):
        report = _report(session, place)
        return None, None if report is None else _stored(report, lens, known)
    answer = lens.answer(place.question, settings)
    return answer, view_found(place.question, lens, answer)


def claiming_answer(
    session: Session, place: Place, lens: Lens, settings: Settings
) -> tuple[ViewFound, tuple[Claim, ...]]:
    """The answer of a lens that says something of neurons or directions, and what it says of them.

    Raises:
        InvalidMethod: it says nothing of them, does not answer here, or learns and is not stored.
    """
    item = f"lens {lens.key}"
    if lens.claims is None:
        known = ", ".join(key for key, one in LENS_BY_KEY.items() if one.claims is not None)
        raise InvalidMethod(item, "says nothing of single neurons or directions", f"use {known}")
    answer, stored = answer_of(session, place, lens, settings)
    if stored is None:
        cure = "run the lenses that learn on this network's page of lenses, and choose among what they answered"
        raise InvalidMethod(item, "learns, and no answer under these settings is stored", cure)
    if stored.outcome != "found":
        raise InvalidMethod(item, " ".join(stored.notes).rstrip("."), "leave it out")
    return stored, lens.claims(place.question, Table(tuple(_whole(answer, stored)["table"])))


def offered(session: Session, place: Place, addresses: Addresses, lens: Lens) -> tuple[str, str] | None:
    """Text and address of a lens that comparisons can take; None where it claims nothing or has no answer here."""
    settings: Settings = lens.defaults
    if lens.claims is not None and lens.learns:
        report = _report(session, place)
        stored = () if report is None else report.lenses
        found = next((one for one in stored if one.lens == lens.key and one.outcome == "found"), None)
        if found is None:
            return None
        settings = found.settings
    elif lens.claims is None or not lens.fit(place.question, settings)[1].answered:
        return None
    return _named(lens, settings, place, addresses)


def _named(lens: Lens, settings: Settings, place: Place, addresses: Addresses) -> tuple[str, str]:
    """A lens under some settings as commands take it, and its address."""
    changed = _changed(lens, settings, place)
    texts = {name: written(value) for name, value in changed.items()}
    return settings_text(lens.key, changed), addresses.analysis(
        place.row.slug, "lenses", place.scope, lens.key, **texts
    )


def _expected(lens: Lens, place: Place, settings: Settings) -> float:
    return 0.0 if lens.milliseconds is None else lens.milliseconds(place.question, settings)


def _report(session: Session, place: Place) -> LensesReport | None:
    """What is stored of lenses about an analysis."""
    row = report_row(session, place.analysis, LENSES.key)
    return None if row is None else report_of(row, LensesReport)


def _stored(report: LensesReport, lens: Lens, settings: Settings) -> ViewFound | None:
    """The stored answer under these settings, where they are the defaults and it was asked."""
    return next((one for one in report.lenses if one.lens == lens.key and one.settings == dict(settings)), None)


def _whole(answer: LensAnswer | None, stored: ViewFound) -> Mapping[str, Any]:
    """Everything that was answered; a table that is not stored whole is in the answer alone."""
    if answer is not None and isinstance(answer.view, Table):
        return view_json(answer.view)
    return stored.view or {}


def polysemanticity_sentence(session: Session, place: Place) -> str:
    """What interpretations take neurons for, in a sentence; "" where that is not stored."""
    report = _report(session, place)
    return "" if report is None or report.neurons is None else neurons_words(report.neurons, place.question.cut.sizes)
