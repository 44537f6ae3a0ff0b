"""A study of models of another kind: its answer, its figures, what was expected and found, its design and data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from markupsafe import Markup
from pydantic import Field

from analysis.studies.statistics import Share, share_of, spread_of
from app.addressing import Addresses
from app.bundled.model_studies import SLUGS, ModelFound, ModelStudy, SpaceFound, model_study
from app.errors import NotFound
from app.figures.numbers import exact
from app.figures.studies import Dot, Strip
from app.figures.study_rows import LadderRow, LadderStep
from app.figures.svg.study_rows import ladder_drawing
from app.listing.csv import csv_lines
from app.options import PageModel
from app.pages.findings import FINDINGS_FILE, answers_naming
from app.pages.prose import Block, block_of, chapters
from app.pages.studies.figures import mean_text, median_text, spread_view, told_title
from app.pages.studies.views import ModelStudyItem, ShareRow, SpreadView
from pluriscope.markdown import MODEL_DESIGNS

GRANULARITIES: Final = {
    "nodes": "Parts are whole heads",
    "heads": "Parts are edges between heads",
    "": "Parts are edges by query, key and value",
}
"""Rules as addresses write them, and what counts as a part under them."""
ALL_TASKS: Final = "all tasks"


@dataclass(frozen=True)
class _Measure:
    """Something that is drawn of every model.

    Args:
        unit: of a value, for people.
        value: of what a search found.
        share: whether values are 0 and 1, of which the share is drawn.
        exact: whether a value is exact, and not a lower bound.
    """

    title: str
    definition: str
    unit: str
    value: Callable[[SpaceFound], int]
    share: bool = False
    exact: Callable[[SpaceFound], bool] = lambda _: True


MEASURES: Final[dict[str, _Measure]] = {
    "one-minimal": _Measure(
        "Models with exactly one minimal circuit",
        "Whether a model has one minimal valid circuit and no other.",
        "models",
        lambda space: int(space.has_one),
        share=True,
    ),
    "minimal": _Measure(
        "Minimal circuits of each model",
        "Valid circuits of which no smaller part is valid.",
        "minimal circuits",
        lambda space: space.minimal,
        exact=lambda space: space.complete,
    ),
    "valid": _Measure(
        "Valid circuits of each model",
        "Circuits that are right on more than 99% of the rows while all else is cut.",
        "valid circuits",
        lambda space: space.valid,
    ),
}


class RowFigures(PageModel):
    """One row of a figure: the models of a task at one granularity."""

    granularity: str
    task: str
    models: int
    share: ShareRow | None = Field(description="Of what a model has or has not, with Wilson's interval.")
    spread: SpreadView | None = Field(description="Of numbers.")
    bounded: int = Field(description="Values that are lower bounds.")


class ModelFigureView(PageModel):
    """One figure with its numbers."""

    name: str
    title: str
    caption: str
    rows: list[RowFigures]
    svg_url: str
    png_url: str
    pdf_url: str


class ModelStudyPage(ModelStudyItem):
    """A study of models."""

    figures: list[ModelFigureView]
    found: list[Block] = Field(description="What was found, beside what was expected, with tables.")
    expected: list[str] = Field(description="As it was written before any of the models was trained.")
    note: str
    facts: list[tuple[str, str]] = Field(description="The design as (what, value).")
    design_url: str
    data_urls: dict[str, str]
    findings_url: str


def model_study_items(addresses: Addresses) -> list[ModelStudyItem]:
    """The studies of models that come with Pluriscope."""
    return [ModelStudyItem(**_item(model_study(slug), addresses)) for slug in SLUGS]


def build_model_study(addresses: Addresses, study: str) -> ModelStudyPage:
    """The page that an address names.

    Raises:
        NotFound: no such study of models.
    """
    found = named_study(study, addresses)
    design = found.design
    [blocks] = [blocks for title, blocks in chapters(FINDINGS_FILE) if title == design.name]
    return ModelStudyPage(
        **_item(found, addresses),
        figures=[_figure_view(found, name, addresses) for name in MEASURES],
        found=[block_of(block, addresses) for block in blocks],
        expected=list(design.expected),
        note=design.note,
        facts=[
            ("Tasks", ", ".join(design.tasks)),
            ("Seeds", f"{design.seeds[0]} to {design.seeds[-1]} of each task"),
            ("Models", f"{design.layers} layers of {design.heads} heads, {design.d_model} dimensions"),
            ("Dimensions of a head", str(design.d_head)),
            ("Granularities", ", ".join(words.removeprefix("Parts are ") for words in GRANULARITIES.values())),
            ("Circuits listed", f"at most {exact(design.listed)} of a model; all are counted"),
        ],
        design_url=addresses.finding_design(study),
        data_urls={form: addresses.finding_data(study, form) for form in ("csv", "json")},
        findings_url=addresses.findings(),
    )


def named_study(slug: str, addresses: Addresses) -> ModelStudy:
    """The study of a slug.

    Raises:
        NotFound: there is none.
    """
    try:
        return model_study(slug)
    except KeyError:
        cure = f"there is {', '.join(SLUGS)}"
        raise NotFound(
            f"study of models {slug[:60]!r}", "is not one of ours", cure, "study", addresses.studies()
        ) from None


def _item(found: ModelStudy, addresses: Addresses) -> dict[str, Any]:
    return {
        "slug": found.slug,
        "name": found.design.name,
        "question": found.design.question,
        "answers": answers_naming(f"{MODEL_DESIGNS}{found.slug}.design.json", addresses),
        "models": len(found.models),
        "converged": sum(one.converged for one in found.models),
        "url": addresses.finding(found.slug),
    }


def _rows(found: ModelStudy, name: str) -> Iterator[tuple[str, str, list[tuple[ModelFound, SpaceFound]]]]:
    """Each granularity with each task and its models; of shares first all tasks together."""
    for rules in found.design.rules:
        each = {task: found.spaces(task, rules) for task in found.design.tasks}
        together = {ALL_TASKS: [one for some in each.values() for one in some]} if MEASURES[name].share else {}
        for task, models in (together | each).items():
            yield rules, task, models


def _figure_view(found: ModelStudy, name: str, addresses: Addresses) -> ModelFigureView:
    measure, rows = MEASURES[name], list[RowFigures]()
    for rules, task, models in _rows(found, name):
        values = [measure.value(space) for _, space in models]
        share = share_of(sum(values), len(values)) if measure.share else None
        rows.append(
            RowFigures(
                granularity=rules or "qkv",
                task=task,
                models=len(models),
                share=None if share is None else ShareRow.showing(share, label=measure.title),
                spread=None if measure.share else spread_view(spread_of(values)),
                bounded=sum(not measure.exact(space) for _, space in models),
            )
        )
    svg, png, pdf = (addresses.finding_figure(found.slug, name, form) for form in ("svg", "png", "pdf"))
    caption = _caption(found, name, rows)
    return ModelFigureView(
        name=name, title=measure.title, caption=caption, rows=rows, svg_url=svg, png_url=png, pdf_url=pdf
    )


def _caption(found: ModelStudy, name: str, rows: list[RowFigures]) -> str:
    measure, n = MEASURES[name], sum(one.converged for one in found.models)
    text = (
        f"{measure.definition} The same {exact(n)} models at each granularity, {len(found.design.seeds)} of each task."
    )
    if measure.share:
        return f"{text} Bars: shares; lines: 95% intervals (Wilson)."
    text += " Bars end at the mean, the thick line is the median, dots are models."
    bounded = sum(row.bounded for row in rows)
    if bounded:
        text += f" Hollow: {exact(bounded)} lower bounds, where only the {exact(found.design.listed)} circuits with "
        text += "the fewest edges were listed."
    return text


def model_figure(found: ModelStudy, name: str, *, alone: bool) -> Markup:
    """A figure of a study.

    Args:
        found: the study.
        name: of the figure.
        alone: whether it stands in a file, and needs words below it.

    Raises:
        NotFound: it has no such figure.
    """
    if name not in MEASURES:
        raise NotFound(f"figure {name[:60]!r}", "is not one of this study’s", f"use one of {', '.join(MEASURES)}")
    measure, steps = MEASURES[name], dict[str, list[LadderRow]]()
    for rules, task, models in _rows(found, name):
        row = _share_row if measure.share else _number_row
        steps.setdefault(rules, []).append(row(measure, GRANULARITIES[rules], task, models))
    title = f"{measure.title}, by granularity and task"
    return ladder_drawing(
        [LadderStep(GRANULARITIES[rules], tuple(rows)) for rules, rows in steps.items()],
        x_title="share of models" if measure.share else f"{measure.unit} of each model",
        told_title=told_title(measure.share),
        log=True,
        share=measure.share,
        sentence=f"{title}. {'; '.join(row.words for rows in steps.values() for row in rows)}.",
        notes=[found.design.name, title] if alone else (),
    )


def model_drawings(page: ModelStudyPage) -> dict[str, Markup]:
    """The figures of a page by their names."""
    return {one.name: model_figure(model_study(page.slug), one.name, alone=False) for one in page.figures}


def _share_row(measure: _Measure, parts: str, task: str, models: list[tuple[ModelFound, SpaceFound]]) -> LadderRow:
    share: Share = share_of(sum(measure.value(space) for _, space in models), len(models))
    words = f"{parts}, {task}: {share.hits} of {share.of}"
    empty = Strip(task, (), None, None, None)
    return LadderRow(task, share.value, empty, share.low, share.high, f"{share.hits} of {share.of}", words)


def _number_row(measure: _Measure, parts: str, task: str, models: list[tuple[ModelFound, SpaceFound]]) -> LadderRow:
    dots = tuple(Dot(measure.value(space), not measure.exact(space)) for _, space in models)
    spread = spread_of([dot.value for dot in dots])

    strip = Strip(task, dots, spread.lower, spread.median, spread.upper)
    if spread.median is None or spread.mean is None:
        return LadderRow(task, None, strip, None, None, "–", f"{parts}, {task}: no model")
    least = "" if all(measure.exact(space) for _, space in models) else "≥ "
    told = f"{least}{median_text(spread.median)} · {mean_text(spread.mean)}"
    words = f"{parts}, {task}: median {least}{median_text(spread.median)}, mean {mean_text(spread.mean)}"
    return LadderRow(task, spread.mean, strip, None, None, told, words)


COLUMNS: Final = ("task", "seed", "converged", "digest", *SpaceFound.model_fields)


def data_of_models(found: ModelStudy) -> Iterator[dict[str, Any]]:
    """A row for each model under each set of rules; one for a model that did not converge."""
    for one in found.models:
        own = {"task": one.task, "seed": one.seed, "converged": one.converged, "digest": one.digest}
        for space in one.spaces:
            yield own | space.model_dump() | {"rules": space.rules or "qkv"}
        if not one.spaces:
            yield own


def data_text(found: ModelStudy, form: Literal["csv", "json"]) -> str:
    """The same as a file."""
    if form == "json":
        return json.dumps(list(data_of_models(found)))
    rows = ([_cell(row.get(name)) for name in COLUMNS] for row in data_of_models(found))
    return "".join(csv_lines((), COLUMNS, rows, ending="\r\n"))


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value
