"""What discovery methods answer, as pages show it: each answer among all valid circuits, and how one came to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from markupsafe import Markup

from analysis.discovery.audit import answered
from analysis.discovery.method import Method, Step
from analysis.discovery.part_names import names_of
from analysis.discovery.path import Stage, stages_of, steps_of
from analysis.discovery.registry import METHOD_BY_KEY, MODEL_METHOD_BY_KEY, read_called
from analysis.discovery.report import AnswerFound, MethodsReport
from analysis.errors import InvalidMethod
from analysis.method_settings import Settings, settings_text
from app.figures.numbers import noun
from app.figures.svg.summaries import columns
from pluriscope.analyses.shown import Item, Shown, Subject, whole_option
from pluriscope.blocks import (
    Action,
    Block,
    Choice,
    Fact,
    Facts,
    Figure,
    Head,
    More,
    Notice,
    Prose,
    Section,
    Side,
    Table,
)
from pluriscope.naming import ExplanationRef
from pluriscope.tables import Column, Row

_MEASURES: Final = {
    "mse": "squared difference",
    "kl": "divergence",
    "cross-entropy": "cross-entropy",
    "decision": "rows decided wrong",
}
_ANSWERS: Final = (
    Column("method", "Method", "With the settings that differ from its own.", "name", first=True),
    Column("edges", "Size", "Of the circuit: edges, or nodes where masks name nodes.", "int"),
    Column("valid", "Valid", "Whether it is one of the valid circuits.", "bool"),
    Column("excess", "More than needed", "Than the smallest valid circuit has.", "int"),
    Column("chance", "Valid of its size", "Of all possible circuits of its size.", "text"),
    Column("backbone", "Backbone held", "Edges of the backbone that it holds.", "text"),
    Column("fails", "Fails", "Criteria that it fails.", "text"),
    Column("story", "Story", "How its story relates to the whole network's.", "text"),
    Column("planted", "Planted", "What it is beside the planted circuit.", "text"),
)
_READING: Final = """
A method chooses a raw mask under its own ablation. Edges that lead nowhere or come from nowhere are dropped, and what
is left is judged under the rules. Valid alone says little: a random order is valid too once it has enough {part}s. A
method that optimises under one ablation is judged here under another, and its thresholds are ours: this says what it
returned on this network with this setting, not how good a method is.
"""


def _methods(of: Subject) -> Mapping[str, Method]:
    return METHOD_BY_KEY if of.ask is not None else MODEL_METHOD_BY_KEY


def _thumb(report: MethodsReport, of: Subject) -> Markup:
    sizes = {size: (many, 0) for size, many in of.sizes().items()}
    sentence = f"The default answers of {noun(len(report.defaults), 'method')} among the valid circuits, by {of.part}s"
    return columns(sizes, dots=[place["edges"] for place in report.defaults.values()], sentence=sentence, faint=True)


def _page(report: MethodsReport, of: Subject) -> Iterator[Block]:
    if not report.complete:
        yield Notice("Not all valid circuits are listed", "So the nearest one and minimality are not certain.")
    caption = f"Dots: the answers under default settings, by {of.part}s. Columns: valid circuits."
    yield Figure(_thumb(report, of), caption)
    rows = []
    for key, method in _methods(of).items():
        answer = next((one for one in report.answers if one.method == key and one.default), None)
        if answer is not None:
            rows.append(_row(answer, method.label, of))
        elif method.label in report.refused:
            rows.append(Row({"method": method.label, "fails": report.refused[method.label]}))
        elif not method.learns:  # it came after this report
            url = of.links.analysis(of.slug, "methods", of.scope, key)
            rows.append(Row({"method": method.label, "fails": "not asked yet"}, url=url))
    action = Action("Locate your own", of.links.claim(of.slug, of.scope))
    yield Section("Under default settings", "Each leads to its steps", action)
    yield _table(rows)
    others = [one for one in report.answers if not one.default]
    many = noun(len(others), "answer")
    yield More("Under other settings", lambda: [_table([_row(one, "", of) for one in others])], sentence=many)
    reading = Prose(_READING.format(part=of.part))
    yield More("How to read it", lambda: [reading, *map(_definition, _methods(of).values())])


def _definition(method: Method) -> Prose:
    return Prose(f"**{method.label}.** {method.definition} {method.source}.")


def _table(rows: Sequence[Row]) -> Table:
    """Answers; columns that say nothing of any are left out."""
    said = tuple(one for one in _ANSWERS if one.first or any(one.has(row) for row in rows))
    return Table.short("answer", said, rows)


def _row(one: AnswerFound, label: str, of: Subject) -> Row:
    method = _methods(of)[one.method]
    text = _text(method, one.settings)
    url = "" if method.learns else of.links.analysis(of.slug, "methods", of.scope, text)
    place = one.place
    if place is None:
        return Row({"method": label or text, "fails": f"{one.outcome}: no circuit"}, url=url)
    chance, backbone, criteria = place["chance"], place["backbone"], place["criteria"]
    failed = [key for key, passed in (criteria or {}).items() if passed is False and key != "margin"]
    planted = None if of.planted is None else of.planted.circuit.mask
    values = {
        "method": label or text,
        "edges": place["edges"],
        "valid": place["valid"],
        "excess": place["excess"],
        "chance": None if chance["valid"] is None else f"{int(chance['valid']):,} of {int(chance['possible']):,}",
        "backbone": None if backbone is None else "{} of {}".format(*backbone["recall"]),
        "fails": ", ".join(failed) or None,
        "story": place["story"] and place["story"]["relation"],
        "planted": None if planted is None else answered(int(place["mask"], 16), planted, valid=place["valid"]),
    }
    return Row(values, url=url)


def _text(method: Method, settings: Settings) -> str:
    """A method with the settings that differ from its own."""
    defaults = method.defaults
    return settings_text(method.key, {name: one for name, one in settings.items() if defaults.get(name) != one})


# --- one method, step by step

_STEPS: Final = (
    Column("step", "Step", "It shows the circuit left behind it; the method begins with 0.", "name", first=True),
    Column("about", "About", "Edges or nodes that it is about.", "text"),
    Column("kept", "Kept", "Whether they are in the mask behind it.", "bool"),
    Column("before", "Before", "The measure before it.", "float"),
    Column("after", "After", "The same with them removed, or taken.", "float"),
    Column("left", "Left", "Size of the circuit that is left.", "int"),
    Column("valid", "Valid", "Whether that is a valid circuit.", "bool"),
    Column("chance", "Valid of its size", "Of all possible circuits of its size.", "text"),
)


@dataclass(frozen=True)
class _Path:
    """The steps of one method under some settings.

    Args:
        stages: the beginning first.
        names: of the bits of a mask.
        answer: the stage whose raw mask is the answer; None where it came to none.
    """

    of: Subject
    method: Method
    settings: Settings
    stages: Sequence[Stage]
    names: Sequence[str]
    answer: int | None

    @property
    def text(self) -> str:
        return _text(self.method, self.settings)

    def url(self, step: int) -> str:
        return self.of.links.analysis(self.of.slug, "methods", self.of.scope, self.text, step=step)

    def row(self, number: int) -> Row:
        one = self.stages[number]
        step, chance = one.step, one.chance
        values = {
            "step": f"{number}",
            "about": " ".join(self.names[edge] for edge in step.edges),
            "kept": step.kept if step.edges else None,
            "before": step.before,
            "after": step.after,
            "left": one.closed.mask.bit_count(),
            "valid": one.valid,
            "chance": f"{chance.low:,} of {chance.possible:,}" if chance is not None and chance.exact else None,
        }
        return Row(values, url=self.url(number))

    def blocks(self, at: int) -> Iterator[Block]:
        method, of, last = self.method, self.of, len(self.stages) - 1
        what = "faithfulness" if method.score is not None else _MEASURES.get(str(self.settings.get("loss")), "")
        measured = f" Measured: {what}." if what else ""
        yield Head(
            f"{method.label}, step by step",
            f"{method.definition} Here: {self.text}.{measured}",
            actions=(Action("All methods", of.links.analysis(of.slug, "methods", of.scope)),),
        )
        if last:
            ends = {"first": 0, "before": max(0, at - 1), "next": min(last, at + 1), "last": last}
            yield Choice("Step", {name: self.url(one) for name, one in ends.items()}, "")
        stage, rows = self.stages[at], [self.row(number) for number in range(last + 1)]
        about = f"Step {at} of {last}: {rows[at]['about'] or 'the beginning'}"
        here = ". It is the answer." if at == self.answer else ""
        left, valid = noun(stage.closed.mask.bit_count(), of.part), "valid" if stage.valid else "not valid"
        facts = Facts([Fact("Left", left, valid, f"Of its size: {rows[at]['chance'] or 'not known'}")])
        yield Side((Figure(of.thumb(of.hex(stage.step.mask)), f"{about}{here}"), facts))
        yield Table.short("step", _STEPS, rows)


def _item(_: MethodsReport | None, of: Subject, text: str, options: Mapping[str, str]) -> Item:
    """The steps of the method that a text names.

    Raises:
        InvalidMethod: no such method or setting, or it does not fit; or it learns.
        BeyondLimits: it is too large to be followed.
    """
    method, settings = read_called(text, _methods(of))
    landscape = of.landscape(judges=False)
    names = names_of(landscape.graph)
    begin = 0 if method.score is not None else (1 << names.n_bits) - 1
    if method.learns:
        cause = "learns all gates at once, so there are no steps to follow"
        raise InvalidMethod(f"method {method.key}", cause, "look at the steps of another one")
    steps = steps_of(method, settings, landscape.cut(settings.get("ablation", "")))
    stages = stages_of([Step((), False, None, None, begin), *steps], landscape)
    path = _Path(of, method, settings, stages, list(names.numbers), _answer(method, settings, stages))
    at = whole_option(options, "step", len(stages) - 1, path.answer or 0)
    rows = [
        {**path.row(number).values, "raw_mask": of.hex(one.step.mask), "mask": of.hex(one.closed.mask)}
        for number, one in enumerate(stages)
    ]
    record = {"method": path.text, "settings": dict(settings), "answer": path.answer, "steps": rows}
    return Item(f"{method.label}, step by step", partial(path.blocks, at), record)


def _answer(method: Method, settings: Settings, stages: Sequence[Stage]) -> int | None:
    """The step whose raw mask is the method's answer; None where it came to none."""
    if method.score is None:
        return len(stages) - 1
    if len(stages) == 1:
        return None
    if "k" in settings:
        return int(settings["k"])
    shares, threshold = [one.step.after for one in stages[1:]], float(settings["threshold"])
    if None in shares:
        return None
    reached = (number for number, one in enumerate(shares, 1) if one is not None and one >= threshold)
    return next(reached, len(stages) - 1)


def _about(report: MethodsReport | None, of: Subject, ref: ExplanationRef) -> Iterator[Block]:
    """Which methods answered with a circuit."""
    if report is None or ref.kind != "circuit":
        return
    same = [one for one in report.answers if one.place is not None and one.place["mask"] == ref.first]
    if same:
        many = Counter(one.method for one in same)
        times = {_methods(of)[key].label: f" under {n} settings" if n > 1 else "" for key, n in many.items()}
        labels = ", ".join(f"{label}{more}" for label, more in times.items())
        action = Action("All methods", of.links.analysis(of.slug, "methods", of.scope))
        yield Notice("Discovery methods answer with it", f"{labels}.", actions=[action])


def _brief(report: MethodsReport) -> str:
    answers = {place["mask"] for place in report.defaults.values()}
    return f"{len(report.defaults)} asked, {noun(len(answers), 'answer')}"


SHOWN: Final = Shown(_thumb, _page, _brief, item=_item, about=_about)
