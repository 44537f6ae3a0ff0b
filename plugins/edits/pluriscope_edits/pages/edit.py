"""Editing a network: a rule, its settings, and what would come of it, before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analyses.shown import settings_form
from pluriscope.analysis.edits.edit import Edit, Edited, EditedRecord, Named
from pluriscope.analysis.edits.registry import EDIT_BY_KEY, EDITS
from pluriscope.analysis.errors import AnalysisError, BeyondLimits, one_of
from pluriscope.analysis.methods.settings import Setting, written
from pluriscope.analysis.questions.tasks import Task
from pluriscope.app import computing
from pluriscope.app.db.codecs import edited_file_of, subject_of
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.db.writes import network_row, save_network
from pluriscope.app.errors import BadQuery, PageError
from pluriscope.app.jobs import queue
from pluriscope.app.limits import limits_in
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.page import read_options
from pluriscope.app.pages.place import AnyPlace, find_network, locate
from pluriscope.app.pages.plan import planned_table
from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.layout import node_name
from pluriscope.page_kit.blocks import Block, Choice, Columns, Fact, Facts, Form, Head, Notice, Prose, Section, Table
from pluriscope_edits.addresses import edit_url
from pluriscope_edits.making import editable
from pluriscope_edits.rules.manual import MANUAL
from pluriscope_edits.rules.noise import NOISE

PREVIEW: Final = "preview"
MOST_SLIDERS: Final = 80
"""Weights and biases up to which each has a slider."""
_MOST_NAMED: Final = 16
_MOST_ROWS: Final = 64
_REACH: Final = 3.0
_AS_SENT: Final = 1e-9  # a browser's slider keeps fewer digits than a weight has
_OWN: Final = ("rule", "name", "output", "protocol", "data")


@dataclass(frozen=True)
class Editing:
    """Edit that an address or a form asks for.

    Args:
        rule: by which it is edited.
        sent: its settings, and the name of the edited network, as texts.
    """

    session: Session
    links: Addresses
    place: AnyPlace
    rule: Edit
    sent: Mapping[str, str]

    @classmethod
    def read(cls, session: Session, links: Addresses, network: str, sent: Mapping[str, Sequence[str]]) -> Editing:
        """Read an edit from the fields sent, the last value of each.

        Raises:
            NotFound: no such network or output.
            BadQuery: no such rule.
            NotOffered: networks of its kind do not have it.
        """
        given = {name: values[-1].strip() for name, values in sent.items() if values}
        scope = read_options(ScopeOptions, [("output", given.get("output", ""))]).scope
        place, key = (
            locate(session, links, network, scope),
            given.get("rule") or NOISE.key,
        )  # which there is something to see of on any network
        if key not in EDIT_BY_KEY:
            cure, page = one_of(key, list(EDIT_BY_KEY)), edit_url(links, place.slug, place.scope)
            raise BadQuery(f"rule {key[:40]!r}", "is unknown", cure, "rule", page, "the first rule")
        place.question.kind.require(EDIT_BY_KEY[key].needs, f"rule {key}")
        given = {name: value for name, value in given.items() if name not in _OWN[2:]}
        return cls(session, links, place, EDIT_BY_KEY[key], given)

    @property
    def settings(self) -> dict[str, str]:
        """Settings that are filled in; of changes by hand those that differ from the network."""
        given = {name: text for name, text in self.sent.items() if name not in _OWN and text}
        sliders = {name: given.pop(name) for name in self._parameters if name in given}
        if self.rule is MANUAL and sliders:
            given["file"] = json.dumps(list(self._changes(sliders)))
        return given

    @property
    def as_offered(self) -> bool:
        """Whether nothing was filled in or changed yet, with which nothing can be wrong."""
        usual = {one.name: written(one.default) for one in self._settings}
        return all(text in (usual.get(name, ""), "[]") for name, text in self.settings.items())

    @property
    def _settings(self) -> tuple[Setting, ...]:
        """Settings that the rule has for such a network."""
        return self.rule.way(self.place.question.kind).settings

    @cached_property
    def _parameters(self) -> dict[str, dict[str, Any]]:
        """Every weight and bias of the network by the name of its slider, as a change by hand to what it is."""
        if self.rule is not MANUAL:
            return {}
        found, network = {}, self.place.question.subject
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
            for neuron, (row, bias) in enumerate(zip(weights.tolist(), biases.tolist(), strict=True)):
                at = {"layer": layer, "neuron": neuron}
                for source, value in enumerate(row):
                    found[f"w{layer}_{neuron}_{source}"] = {**at, "source": source, "value": value}
                found[f"b{layer}_{neuron}"] = {**at, "value": bias}
        return found

    def _changes(self, sliders: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        for name, one in self._parameters.items():
            try:
                value = float(sliders.get(name, one["value"]))
            except ValueError:
                value = float("nan")  # refused with the other numbers that are none
            if not abs(value - one["value"]) <= _AS_SENT * max(1.0, abs(one["value"])):
                yield {**one, "value": value}

    def edited(self) -> Edited:
        """Apply the edit.

        Raises:
            AnalysisError: a setting that is not allowed, or an edit that diverges or changes nothing.
            PageError: a network that is not stored.
        """

        def stored(text: str) -> Any:
            return subject_of(find_network(self.session, self.links, text))

        one = editable(self.place.question)
        seconds = self.rule.milliseconds(one, self.settings) / 1_000
        if seconds > computing.SECONDS:
            cause = f"may take {seconds:,.0f} seconds, and pages take at most {computing.SECONDS:,.0f}"
            raise BeyondLimits(f"edit {self.rule.key}", cause, "ask for fewer steps, or run pluriscope edit FILE")
        return self.rule.edited(one, self.settings, Named(stored, str.encode))

    def record(self) -> EditedRecord:
        """Record of the outcome for JSON; for the errors see :meth:`edited`, and a name that is none."""
        found = self.edited()
        return found.outcome.model_copy(update={"name": found.named(self.place.row.name, self.sent.get("name", ""))})

    def fresh(self) -> NetworkRow:
        """The edited network, in no session yet.

        Raises:
            AnalysisError: see :meth:`edited`, and a name that is none.
        """
        return network_row(edited_file_of(self.place.row, self.edited(), self.sent.get("name", "")), "", "edited")

    def store(self, session: Session, fresh: NetworkRow) -> NetworkRow:
        """Store the edited network, and ask for its analysis, and for the comparison if the one before has one.

        Raises:
            Conflict: the same weights are stored for other tasks.
        """
        base, rules = self.place, [self.place.question.protocol]
        row = save_network(session, fresh, origin="edited")
        queue.enqueue_analyses(session, row, rules, requested=True)
        if base.analysis is None or base.analysis.goes_on:
            queue.enqueue_analyses(session, base.row, rules, outputs=[base.scope.output], requested=True)
        elif not base.question.refusal:
            queue.enqueue_about(session, base.analysis, "changes", requested=True, other=row.digest)
        return row

    # --- as a page

    def blocks(self, refused: str = "") -> Iterator[Block]:
        """The page: the rule, its settings, the preview."""
        links, place, rule = self.links, self.place, self.rule
        yield Head(
            f"Edit {place.row.name}",
            "The edited network is a network of its own. Both are analysed, and compared: which explanations are kept?",
        )
        if refused:
            yield Notice("Nothing was stored", refused, "Mend what is marked and try again.", "refused")
        offered = (one for one in EDITS if not place.question.kind.refuses(one.needs))
        rules = {one.label: edit_url(links, place.slug, place.scope, rule=one.key) for one in offered}
        yield Section("1. Rule", f"{rule.says} {rule.source}")
        yield Choice("Rule", rules, rule.label)
        yield from self.form(numbered=True)

    def form(self, *, numbered: bool = False) -> Iterator[Block]:
        """The settings, and beside them what would come of it; numbered as steps of the page."""
        try:
            outcome: list[Block] = list(self._preview(self.edited()))
        except (AnalysisError, PageError) as error:
            if self.rule is MANUAL and not self.settings.get("file", "[]").strip("[]"):
                outcome = [Notice("Nothing is changed yet", "Move a slider: here stands what comes of it.")]
            else:
                cure = f"{error.cure[:1].upper()}{error.cure[1:]}."
                outcome = [Notice("It cannot be done as it stands", f"{error.item} {error.cause}.", cure)]
        url = edit_url(self.links, self.place.slug)
        values = {one.name: written(one.default) for one in self._settings} | dict(self.sent)
        form = Form(self._fields(), url, "Save, analyse and compare", values, primary=numbered, preview=PREVIEW)
        preview = Columns([outcome], id=PREVIEW)
        heads = ("2. Settings", "3. Preview") if numbered else ("By hand", "What comes of it")
        yield Columns([[Section(heads[0]), form], [Section(heads[1], "Nothing is stored yet."), preview]])

    def _fields(self) -> type[BaseModel]:
        first: dict[str, Any] = {"rule": (str, Field(self.rule.key, json_schema_extra={"control": "hidden"}))}
        settings = self._settings
        if self.rule is MANUAL and len(self._parameters) <= MOST_SLIDERS:
            settings, sizes = (), self.place.question.subject.sizes
            for name, one in self._parameters.items():
                now, called = one["value"], node_name(one["layer"], one["neuron"], sizes)
                read = node_name(one["layer"] - 1, one["source"], sizes) if "source" in one else ""
                words, ends = f"{read} → {called}" if read else f"bias of {called}", (now - _REACH, now + _REACH)
                field = Field(now, ge=ends[0], le=ends[1], title=words, json_schema_extra={"control": "range"})
                first[name] = (float, field)
        first["name"] = (str, Field("", title="Name", description="Of the edited network; else the rule is added."))
        return settings_form(settings, self.place.scope, first)

    def _preview(self, edited: Edited) -> Iterator[Block]:
        outcome, meant, broken = edited.outcome, {edited.outcome.row, *edited.meant}, {*edited.outcome.broken}
        rows = [
            (
                row,
                outcome.words(old),
                outcome.words(new),
                "asked for" if row in meant else "changed" if row in broken else "kept",
            )
            for row, old, new in zip(outcome.rows, outcome.before, outcome.after, strict=True)
        ]
        task = outcome.tasks[outcome.output if len(outcome.tasks) > 1 else 0]
        label = Task(tuple(task.get("truth_table", ())), task["name"]).label or "another task"
        facts = [
            Fact("Computes then", label, "on every row"),
            Fact("Changed", f"{outcome.changed:,} of {outcome.parameters:,}", "weights and biases"),
            Fact("By", decimal(outcome.l2, 4), "Euclidean length of the change"),
        ]
        yield Facts(facts)
        if outcome.as_asked is False:
            yield Notice(f"Row {outcome.row} does not answer {outcome.words(outcome.target or 0)}", state="refused")
        if outcome.broken:
            more = f" and {len(outcome.broken) - _MOST_NAMED:,} more" if len(outcome.broken) > _MOST_NAMED else ""
            yield Notice(f"Rows that were to be kept and change: {', '.join(outcome.broken[:_MOST_NAMED])}{more}")
        yield Prose(" ".join(outcome.remarks), glossary=False)
        rows.sort(key=lambda row: row[3] == "kept")  # what changes first, where only some are shown
        shown = f"{_MOST_ROWS} of {len(rows):,}" if len(rows) > _MOST_ROWS else ""
        yield Table.plain(("Row", "Before", "After", "Asked for"), rows[:_MOST_ROWS])
        if shown:
            yield Prose(f"Shown are {shown} rows, those that change first.", glossary=False)
        if not self.place.question.refuses("counting"):
            after = Task(tuple(task["truth_table"]), task["name"])
            question = replace(self.place.question, subject=edited.subject, task=after)
            yield planned_table([question], limits_in(self.session), "the edited network", "planned")


def by_hand(session: Session, links: Addresses, place: AnyPlace) -> Editing:
    """Changes of weights by hand, none made yet."""
    return Editing(session, links, place, MANUAL, {})
