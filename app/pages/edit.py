"""Editing a network: a rule, its settings, and what would come of it, before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from analysis.edits.edit import Edited, EditRecord, Named
from analysis.edits.registry import EDIT_BY_KEY, EDITS, edit_named
from analysis.errors import AnalysisError
from analysis.method_settings import settings_text, written
from analysis.network_files.files import NetworkFile, edited_file
from analysis.networks.network import Network
from analysis.protocol import COMPLETE
from analysis.question import Question
from app.addressing import Addresses
from app.db.codecs import network_file_of, network_of
from app.db.job_tables import JobRow
from app.db.tables import NetworkRow
from app.db.writes import save_network
from app.errors import BadQuery, PageError
from app.figures.numbers import decimal
from app.figures.svg.layout import node_name
from app.jobs import queue
from app.limits import limits_in
from app.pages.place import Place, find_network, locate_boolean
from app.pages.plan import planned_table
from pluriscope.analyses.shown import settings_form
from pluriscope.blocks import (
    Action,
    Block,
    Choice,
    Columns,
    Fact,
    Facts,
    Form,
    Head,
    Menu,
    Notice,
    Prose,
    Section,
    Table,
)
from pluriscope.naming import Scope
from pluriscope.records import EditedRecord

PREVIEW: Final = "preview"
MANUAL: Final = "manual"
MOST_SLIDERS: Final = 80
"""Weights and biases up to which each has a slider."""
_REACH: Final = 3.0
_AS_SENT: Final = 1e-9  # a browser's slider keeps fewer digits than a weight has
_OWN: Final = ("rule", "name", "output", "protocol", "data")
Sent = Mapping[str, Sequence[str]]
Parameter = tuple[int, int, int | None]
"""Layer, neuron, and the source of a weight; None of a bias."""


@dataclass(frozen=True)
class Editing:
    """What an address or a form asks for.

    Args:
        session: open session.
        links: builds addresses.
        place: the network.
        rule: key of the rule.
        sent: its settings, and the name of the edited network, as texts.
    """

    session: Session
    links: Addresses
    place: Place
    rule: str
    sent: Mapping[str, str]

    @classmethod
    def read(cls, session: Session, links: Addresses, network: str, sent: Sent) -> Editing:
        """What is sent, the last value of each field.

        Raises:
            NotFound: no such network or output.
            BadQuery: no such rule.
        """
        given = {name: values[-1].strip() for name, values in sent.items() if values}
        output = given.get("output") or "0"
        if not (output.isascii() and output.isdigit() and len(output) < 4):
            raise BadQuery(f"output {output[:40]!r}", "is not 0 to 999", "give the number of an output", "output")
        place = locate_boolean(session, links, network, Scope(int(output)))
        rule = given.get("rule") or EDITS[0].key
        if rule not in EDIT_BY_KEY:
            cure, page = f"use one of {', '.join(EDIT_BY_KEY)}", links.edit(place.slug, place.scope)
            raise BadQuery(f"rule {rule[:40]!r}", "is unknown", cure, "rule", page, "the first rule")
        return cls(session, links, place, rule, {name: value for name, value in given.items() if name not in _OWN[2:]})

    @property
    def question(self) -> Question:
        return self.place.question

    @property
    def settings(self) -> dict[str, str]:
        """Those that are filled in; of changes by hand those that differ from the network."""
        given = {name: text for name, text in self.sent.items() if name not in _OWN and text}
        sliders = {name: given.pop(name) for name in _parameters(self.question) if name in given}
        if self.rule == MANUAL and sliders:
            given["file"] = self._by_hand(sliders)
        return given

    def _by_hand(self, sliders: Mapping[str, str]) -> str:
        changes = []
        for name, (parameter, now) in _parameters(self.question).items():
            try:
                value = float(sliders.get(name, now))
            except ValueError:
                value = float("nan")  # refused with the other numbers that are none
            if not abs(value - now) <= _AS_SENT * max(1.0, abs(now)):
                layer, neuron, source = parameter
                changes.append({"layer": layer, "neuron": neuron, "value": value})
                if source is not None:
                    changes[-1]["source"] = source
        return json.dumps(changes)

    def edited(self) -> Edited:
        """What comes of it.

        Raises:
            AnalysisError: a setting that is not allowed, or an edit that diverges or changes nothing.
            PageError: a network that is not stored.
        """

        def stored(text: str) -> Network:
            return network_of(find_network(self.session, self.links, text))

        return edit_named(self.rule).edited(self.question, self.settings, Named(stored, str.encode))

    def record(self) -> EditedRecord:
        """What would come of it, as JSON.

        Raises:
            AnalysisError: see :meth:`edited`.
            PageError: likewise.
        """
        edited = self.edited()
        return EditedRecord.of(edited, self.file(edited).name)

    def file(self, edited: Edited) -> NetworkFile:
        """The network file of what comes of it.

        Raises:
            InvalidNetwork: a name that is none.
        """
        return edited_file(network_file_of(self.place.row), edited, self.sent.get("name", ""))

    # --- as a page

    def blocks(self, refused: str = "") -> Iterator[Block]:
        """The page: the rule, its settings, the preview."""
        links, place, rule = self.links, self.place, edit_named(self.rule)
        more = [Action(f"Overview of {place.row.name}", links.network(place.slug, place.scope))]
        more.append(Action("Play", links.play(place.slug, (), place.scope)))
        yield Head(
            f"Edit {place.row.name}",
            "The edited network is a network of its own. Both are analysed, and compared: which explanations are kept?",
            actions=[Menu("More", more)],
        )
        if refused:
            yield Notice("Nothing was stored", refused, "Mend what is marked and try again.", "refused")
        rules = {one.label: links.edit(place.slug, place.scope, rule=one.key) for one in EDITS}
        yield Section("1. Rule", f"{rule.says} {rule.source}")
        yield Choice("Rule", rules, rule.label)
        yield from self.form(numbered=True)

    def form(self, *, numbered: bool = False) -> Iterator[Block]:
        """The settings, and beside them what would come of it; numbered as steps of the page."""
        told: Block
        try:
            told = self._preview(self.edited())
        except (AnalysisError, PageError) as error:
            nothing = self.rule == MANUAL and not self.settings.get("file", "[]").strip("[]")
            words = "Move a slider: here stands what comes of it." if nothing else f"{error.item} {error.cause}."
            cure = "" if nothing else f"{error.cure[:1].upper()}{error.cure[1:]}."
            told = Notice("Nothing is changed yet" if nothing else "It cannot be done as it stands", words, cure)
            told = Columns([[told]], id=PREVIEW)
        url = self.links.edit(self.place.slug)
        values = {one.name: written(one.default) for one in edit_named(self.rule).settings} | dict(self.sent)
        form = Form(self._fields(), url, "Save, analyse and compare", values, primary=numbered, told=PREVIEW)
        heads = ("2. Settings", "3. Preview") if numbered else ("By hand", "What comes of it")
        yield Columns([[Section(heads[0]), form], [Section(heads[1], "Nothing is stored yet."), told]])

    def _fields(self) -> type[BaseModel]:
        first: dict[str, Any] = {"rule": (str, Field(self.rule, json_schema_extra={"control": "hidden"}))}
        settings = edit_named(self.rule).settings
        sliders = _parameters(self.question)
        if self.rule == MANUAL and len(sliders) <= MOST_SLIDERS:
            settings = ()
            for name, (parameter, now) in sliders.items():
                told = Field(
                    now,
                    ge=now - _REACH,
                    le=now + _REACH,
                    title=_called(parameter, self.place),
                    json_schema_extra={"control": "range"},
                )
                first[name] = (float, told)
        first["name"] = (str, Field("", title="Name", description="Of the edited network; else the rule is added."))
        return settings_form(settings, self.place.scope, first)

    def _preview(self, edited: Edited) -> Block:
        meant = edited.row, *edited.meant
        rows = [
            (row, *answers, "asked for" if row in meant else "changed" if row in edited.broken else "kept")
            for row, *answers in zip(edited.rows, edited.before, edited.after, strict=True)
        ]
        task = edited.tasks[self.place.scope.output if len(edited.tasks) > 1 else 0]
        facts = [
            Fact("Computes then", task.label, "on every input"),
            Fact("Changed", f"{edited.changed:,} of {edited.parameters:,}", "weights and biases"),
            Fact("By", decimal(edited.l2, 4), "Euclidean length of the change"),
        ]
        told: list[Block] = [Facts(facts)]
        if edited.as_asked is False:
            told.append(Notice(f"Row {edited.row} does not answer {edited.target}", state="refused"))
        if edited.broken:
            told.append(Notice(f"Rows that were to be kept and change: {', '.join(edited.broken)}"))
        told.append(Prose(" ".join(edited.remarks), glossary=False))
        told.append(Table.plain(("Row", "Before", "After", "Was to be"), rows))
        after = Question(edited.network, self.place.scope.output, task, COMPLETE, self.question.record)
        told.append(planned_table([after], limits_in(self.session), "the edited network", "planned"))
        return Columns([told], id=PREVIEW)


def store(editing: Editing) -> tuple[NetworkRow, JobRow | None]:
    """Store the edited network, and ask for its analysis and for the comparison with the one before.

    Returns:
        Its row, and the job that compares both; None where the network before is not analysed.

    Raises:
        AnalysisError: see :meth:`Editing.edited`, and a name that is none.
        Conflict: the same weights are stored for other tasks.
    """
    session, base = editing.session, editing.place
    file = editing.file(editing.edited())
    row = save_network(session, file, slug=file.slug, origin="edited")
    queue.enqueue_analyses(session, row, [COMPLETE], asked=True)
    if base.analysis is None:
        queue.enqueue_analyses(session, base.row, [COMPLETE], outputs=[base.scope.output], asked=True)
        return row, None
    return row, queue.enqueue_about(session, base.analysis, "changes", asked=True, other=row.digest)


def edit_words(record: EditRecord) -> str:
    """What was done, in a line: the rule with its settings."""
    settings = {name: value for name, value in record.settings.items() if isinstance(value, (str, int, float))}
    return settings_text(record.rule, settings)


def _parameters(question: Question) -> dict[str, tuple[Parameter, float]]:
    """Every weight and bias of the cut network with its value, by the name of its slider."""
    found: dict[str, tuple[Parameter, float]] = {}
    for layer, (weights, biases) in enumerate(zip(question.cut.weights, question.cut.biases, strict=True), start=1):
        for neuron, row in enumerate(weights.tolist()):
            for source, value in enumerate(row):
                found[f"w{layer}_{neuron}_{source}"] = (layer, neuron, source), value
            found[f"b{layer}_{neuron}"] = (layer, neuron, None), float(biases[neuron])
    return found


def _called(parameter: Parameter, place: Place) -> str:
    layer, neuron, source = parameter
    sizes = place.question.cut.sizes
    name = node_name(layer, neuron, sizes)
    return f"bias of {name}" if source is None else f"{node_name(layer - 1, source, sizes)} → {name}"
