"""The funnel as pages show it: what is left of each kind of explanation after each criterion of a sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from pluriscope.addresses.naming import Scope
from pluriscope.analyses.shown import AnalysisContext, Item, Shown, settings_form
from pluriscope.analysis.algorithms.redundancy import IRREDUNDANT
from pluriscope.analysis.criteria.funnel import (
    PRESETS,
    FunnelReport,
    KindFound,
    StepFound,
    brief,
    default_preset,
    funnel_of,
)
from pluriscope.analysis.criteria.margins import MARGIN
from pluriscope.analysis.criteria.on_sites import AS_JUDGED
from pluriscope.analysis.criteria.registry import EVERY
from pluriscope.analysis.criteria.steps import CriterionStep, parse_steps
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.numerics.large_numbers import estimate, interval
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.errors import InvalidOption
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    ChartFigure,
    Choice,
    Columns,
    Form,
    Head,
    Menu,
    More,
    Notice,
    Prose,
    Section,
    Table,
)
from pluriscope.tables.table import Column, Row

CHOSEN: Final = "chosen"
"""The page of a sequence that its address says."""
MAX_STEPS: Final = 32
NONE: Final = "none"
"""What an address says of the empty sequence."""
_BY_PRESET: Final = {preset.key: preset for preset in PRESETS}
_COLUMNS: Final = (
    Column("criterion", "Criterion", "Added to those above it.", "name", first=True),
    Column("before", "Before", "Left before it.", "big"),
    Column("left", "Left", "Left after it; leads to the list.", "text"),
    Column(
        *("alone", "Pass, alone"),
        "By itself: of all interpretations of these circuits; from “One per observed class” on, of all their classes.",
        "big",
    ),
    Column("failed", "Failed", "Of those before.", "big"),
    Column("undecided", "Undecided", "Of those before.", "big"),
    Column("beside", "Not applicable", "Of those before.", "big"),
    Column("all", "Of all, interval", "Where the listed ones are draws.", "text"),
    Column("read", "Interpretations", "Of the circuits left, with their observed classes.", "text"),
)
_READING: Final = """
- Left after a step are those that pass it and every step before it; failed, undecided and not applicable do not. The
  order changes what each step is seen to remove, never who is left at the end.
- Counts are exact over what is stored. Of interpretations only numbers for each circuit are known, so what passes
  several criteria at once lies between two ends, equal where one criterion implies the others.
- Interpretations that no input tells apart are one [observed class](glossary.md#observed-class). From “One per observed
  class” on classes are counted, and a class is left where any one of its interpretations passes every step.
- Bars are logarithmic. A step without verdicts removes nobody; from there on numbers are upper bounds.
- Null model: none, a funnel compares with nothing. Which share of networks with permuted weights carries an algorithm
  stands in the [classes of maps](glossary.md#class-of-maps).
"""


def steps_of(text: str, kind: SubjectKind) -> tuple[CriterionStep, ...]:
    """The sequence that an address says, with blanks between criteria; for nothing what a kind of network begins with.

    Raises:
        InvalidCriterion: one cannot be read.
        InvalidOption: they are too many.
    """
    texts = text.split()
    steps = parse_steps(one for one in texts if one != NONE) if texts else default_preset(kind).steps
    if len(steps) > MAX_STEPS:
        raise InvalidOption.of(f"{len(steps)} criteria", f"are more than {MAX_STEPS}", "leave some out", "criteria")
    return steps


def funnel_url(of: AnalysisContext[SubjectQuestion], steps: Sequence[CriterionStep]) -> str:
    """The address of a sequence."""
    for preset in PRESETS:
        if preset.steps == tuple(steps):
            return of.links.analysis(
                of.slug, "funnel", of.scope, "" if preset == default_preset(of.kind) else preset.key
            )
    text = " ".join(map(str, steps)) or NONE
    return of.links.analysis(of.slug, "funnel", of.scope, CHOSEN, criteria=text)


def _chart(
    kind: KindFound, numbers: Sequence[int], report: FunnelReport, of: AnalysisContext[SubjectQuestion]
) -> Chart:
    """Chart of the explanations left after each of some steps, over those before it."""
    rows, plural = [kind.rows[number] for number in numbers], KIND_OF[kind.kind].plural
    positions = range(1, len(rows) + 1)
    lists = [_list_url(kind.kind, kind.rows[: at + 1], report, of) if int(kind.rows[at].left) else "" for at in numbers]
    left = Series("left", [int(kind.begin), *(int(row.left) for row in rows)], [0, *positions], urls=["", *lists])
    undecided = Series("undecided", [int(row.left) + int(row.open) for row in rows], positions, look="pale")
    before = Series("before", [int(row.before) for row in rows], positions, look="open")
    names = [kind.begin_words, *(_words(row.step) for row in rows)]
    series = [before, *([undecided] if any(int(row.open) for row in rows) else []), left]
    x = Axis(f"{plural} left, logarithmic", log=True, low=0.8)
    return Chart("bars", f"{plural.capitalize()} left after each criterion", x, Axis(names=names), series)


def _page(report: FunnelReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    steps = [CriterionStep.parse(text) for text in report.criteria]
    on_sites = bool(of.kind.refuses("formulas"))
    offered = [preset for preset in PRESETS if on_sites or not preset.on_sites]
    presets = {preset.label: funnel_url(of, preset.steps) for preset in offered}
    here = next((preset for preset in offered if preset.steps == tuple(steps)), None)
    options = presets if here else {**presets, "Your own": funnel_url(of, steps)}
    yield Choice("Criteria", options, here.label if here else "Your own", here.reason if here else "")
    yield from _notices(report, of)
    charted = [kind for kind in report.kinds if kind.rows and int(kind.begin)]
    for start in range(0, len(charted), 2):
        yield Columns([list(_kind(kind, report, of)) for kind in charted[start : start + 2]])
    for kind in report.kinds:
        if kind not in charted:
            answer = f"{brief(int(kind.begin))} {kind.begin_words}. {kind.verdict()}"
            yield Section(KIND_OF[kind.kind].plural.capitalize(), answer, id=KIND_OF[kind.kind].plural)
    if charted:
        yield More("The numbers", lambda: _numbers(charted, report, of), "each row leads to its list", id="numbers")
    action = Action("What they ask", of.links.criteria())
    yield Section("Change the sequence", "Criteria in order, with blanks between", action, id="change")
    values = {"criteria": " ".join(report.criteria) or NONE, **of.scope.query()}
    url = of.links.analysis(of.slug, "funnel", Scope(), CHOSEN)
    yield Form(_form(of), url, "Show", values, changes=False, primary=not report.missing)
    yield More("How to read it", lambda: [Prose(_READING)])


def _notices(report: FunnelReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    def compute(words: str, criteria: Sequence[str]) -> Action:
        sent = {"criteria": " ".join(criteria), "sequence": " ".join(report.criteria)}
        return Action(words, of.links.analysis(of.slug, "funnel"), True, True, {**dict(of.scope.fields), **sent})

    if not report.kinds:
        fields = dict(of.scope.fields)
        ask = Action("Place algorithms", of.links.analysis(of.slug, "funnel"), True, True, fields)
        yield Notice("Not computed yet", report.note, actions=[ask])
        return
    if report.missing:
        cure = "What is shown below is known without them."
        missing = ", ".join(report.missing)
        yield Notice("Not computed yet", f"No verdicts on some of: {missing}.", cure, "computing",
                     [compute("Compute them", report.missing)])  # fmt: skip
    ended = {row.criterion: row.note for kind in report.kinds for row in kind.rows if row.note}
    if ended:
        yield Notice("Some are undecided", " ".join(dict.fromkeys(ended.values())), actions=[
            compute("Go on", list(ended))])  # fmt: skip
    if report.note:
        yield Notice("Not every valid circuit is listed", report.note)


def _kind(kind: KindFound, report: FunnelReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    plural = KIND_OF[kind.kind].plural
    stood = None
    if kind.last and (url := _list_url(kind.kind, kind.rows[: kind.last], report, of)):
        stood = Action(f"The last {brief(int(kind.rows[kind.last].before))}", url)
    yield Section(plural.capitalize(), f"{brief(int(kind.begin))} {kind.begin_words}", stood, id=plural)
    answer = kind.verdict()
    if kind.carriers is not None and kind.left:
        answer += f" {kind.carriers:,} of them {'has' if kind.carriers == 1 else 'have'} a placement left."
    chart = _chart(kind, [number for number, row in enumerate(kind.rows) if row.known], report, of)
    yield ChartFigure(chart=chart, caption=answer, id=f"left-{kind.kind}")


def _numbers(kinds: Sequence[KindFound], report: FunnelReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    for kind in kinds:
        rows = [_row(kind, number, report, of) for number in range(len(kind.rows))]
        shown = tuple(one for one in _COLUMNS if any(row[one.name] not in (None, 0, "") for row in rows))
        yield Section(KIND_OF[kind.kind].plural.capitalize())
        yield Table.short("criterion", shown, rows, id=f"numbers-{kind.kind}")


def _row(kind: KindFound, number: int, report: FunnelReport, of: AnalysisContext[SubjectQuestion]) -> Row:
    row = kind.rows[number]
    step = row.step
    values: dict[str, Any] = {"criterion": _words(step), "before": int(row.before)}
    if not row.known:
        return Row({**values, "left": "no verdicts yet"})
    left = brief(int(row.left))
    if not row.whole and int(row.left):
        left = f"≤ {left}"
    elif row.left_least != row.left:
        left = f"{brief(int(row.left_least))} to {left}"
    if row.alone is None:
        tally = [int(one or 0) for one in (row.failed, row.undecided, row.not_applicable)]
        values |= dict(zip(("failed", "undecided", "beside"), tally, strict=True))
    else:
        values["alone"] = int(row.alone)
    values["left"] = left
    if row.scaled is not None:
        low, high = int(row.scaled.low), int(row.scaled.high)
        about = estimate(int(row.scaled.guess), low, high)
        values["all"] = f"≈ {about}, {row.scaled.confidence:.0%}: {interval(low, high)}"
    if row.interpretations is not None and row.observed is not None:
        values["read"] = f"{brief(int(row.interpretations))} in {brief(int(row.observed))} classes"
    return Row(values, url=_list_url(kind.kind, kind.rows[: number + 1], report, of) if int(row.left) else "")


def _words(step: CriterionStep) -> str:
    """A criterion, with the settings that differ from their default."""
    changed = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in step.changed.items())
    return f"{step.criterion.label} ({changed})" if changed else step.criterion.label


def _list_url(kind: str, rows: Sequence[StepFound], report: FunnelReport, of: AnalysisContext[SubjectQuestion]) -> str:
    """Address of the list of the explanations that are left; "" where no list has exactly these."""
    passes = [row.criterion for row in rows if row.known]
    more: dict[str, Any] = {}
    if kind == "interpretation":
        return ""  # only their number is known
    on_sites = bool(of.kind.refuses("formulas"))
    if on_sites and kind != "circuit":
        more["refines"] = "any"
    if on_sites and kind == "circuit" and MARGIN.key in passes:  # which the search itself knows
        passes.remove(MARGIN.key)
        more["fragile"] = "no"
    elif on_sites and kind == "circuit" and any(row.step.criterion == MARGIN for row in rows):
        return ""
    if kind == "algorithm":  # criteria judge valid alignments, but algorithms whether they have one or not
        more["valid"] = "any"
    if kind == "alignment":
        narrowing = [row.step.key for row in report.of("algorithm").rows if row.known and row.before != row.left]
        if "refines" in more:  # placements are listed by the criteria of their algorithms, too
            return of.links.explanations(of.slug, of.scope, kind=kind, passes=[*narrowing, *passes], **more)
        if not set(narrowing) <= set(IRREDUNDANT):
            return ""
        more["irredundant"] = narrowing
    return of.links.explanations(of.slug, of.scope, kind=kind, passes=passes, **more)


def _form(of: AnalysisContext[SubjectQuestion]) -> type[BaseModel]:
    """The sequence as a field, and one criterion to add."""
    words: dict[str, Any] = {"": "none"}
    for one in EVERY.values():
        kinds = [*one.kinds]
        if of.kind.refuses("formulas"):
            kinds = [kind for kind, judged_as in AS_JUDGED.items() if judged_as in one.judges]
        if kinds:
            words[one.key] = f"{one.label} ({', '.join(KIND_OF[kind].noun for kind in kinds)})"
    answer = (
        "Each as key or key(name=value,name=value), such as output-faithfulness(tolerance=0.05); none for no criterion."
    )
    fields: dict[str, Any] = {
        "criteria": (str, Field("", description=answer, json_schema_extra={"control": "textarea"})),
        "add": (Literal[*words], Field("", title="Add at the end", json_schema_extra={"words": words})),
    }
    return settings_form((), of.scope, fields)


def _item(_: FunnelReport | None, of: AnalysisContext[SubjectQuestion], key: str, options: Mapping[str, str]) -> Item:
    """Page of the funnel under another sequence of criteria."""
    if key != CHOSEN and key not in _BY_PRESET:
        known = ", ".join((CHOSEN, *_BY_PRESET))
        raise InvalidOption.of(f"sequence {key[:60]!r}", "is unknown", f"use {known}", "item")
    for name in options:
        if name not in ("criteria", "add") or key != CHOSEN:
            raise InvalidOption.of(f"option {name[:60]!r}", "is unknown", f"use {CHOSEN} with criteria", name)
    added = options.get("add", "")
    text = options.get("criteria", "") or (" ".join(default_preset(of.kind).criteria) if added else "")
    steps = _BY_PRESET[key].steps if key in _BY_PRESET else steps_of(f"{text} {added}", of.kind)
    report = funnel_of(of.analysed, steps)
    return Item("Funnel", partial(_sequence, report, of), report.model_dump)


def _sequence(report: FunnelReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    recommended = Action("As recommended", of.links.analysis(of.slug, "funnel", of.scope))
    table = Action("CSV", of.links.analysis(of.slug, "funnel.csv", of.scope, criteria=report.criteria or [NONE]))
    share = Menu("Share", [table], funnel_url(of, [CriterionStep.parse(text) for text in report.criteria]))
    yield Head("Funnel", " ".join(report.findings()), actions=[recommended, share])
    yield from _page(report, of)


SHOWN: Final = Shown(_page, item=_item)
