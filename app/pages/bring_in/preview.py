"""What would come of a network that is imported, before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from analysis.answers import answers, counted_otherwise
from analysis.criteria.registry import CRITERIA
from analysis.errors import AnalysisError, InvalidNetwork, InvalidTask
from analysis.network_files.files import MAX_NETWORK_BYTES, network_file_json
from analysis.network_files.intake import Intake
from analysis.preflight import preflight
from analysis.protocol import COMPLETE, Protocol
from analysis.question import Question
from analysis.subjects.perceptron.mlp import forward
from analysis.subjects.registry import question_in
from analysis.tasks import INPUT_NAMES, Task, input_table
from analysis.unlearned import not_learned
from analysis.validity import FRAGILE_MARGIN, margin_to_edge
from app.db.codecs import tasks_of
from app.db.reads.analyses import network_by_digest
from app.db.tables import NetworkRow
from app.db.writes import other_tasks
from app.limits import limits_in
from app.pages.bring_in.form import Kept
from app.pages.inside import beside, rows_table
from app.pages.plan import planned_table
from app.pages.shared import activation_words
from pluriscope.address import Addresses
from pluriscope.blocks import Action, Block, Fact, Facts, Figure, Form, Head, More, Notice, Prose, Section, Table
from pluriscope.figures.numbers import decimal, duration, exact, noun
from pluriscope.figures.svg.networks import network_diagram
from pluriscope.views.registry import view_of

_WIDEST, _DEEPEST = 40, 8
"""A network that is drawn."""


@dataclass(frozen=True)
class Preview:
    """A network as it would be stored, and everything that speaks against that.

    Args:
        intake: the network with what was declared beside its file.
        known: the same network, if it is stored already.
        questions: what would be analysed.
        unlearned: of each output that did not learn its task, what is said first.
        refusals: what speaks against it with what it is about: "name", "encoding", "tasks", or "network".
    """

    intake: Intake
    known: NetworkRow | None
    questions: Sequence[Question]
    unlearned: Sequence[str]
    refusals: Sequence[tuple[str, AnalysisError]]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Of each output; one without a table where none could be read."""
        return self.intake.tasks or (Task((), ""),) * self.intake.network.n_outputs


def preview_of(session: Session, intake: Intake, protocols: Sequence[Protocol]) -> Preview:
    """What storing and analysing a network would give; nothing is stored."""
    network, tasks = intake.network, intake.tasks or ()
    known = network_by_digest(session, network.digest)
    asked = [(k, task, rules) for k, task in enumerate(tasks) for rules in protocols or [COMPLETE]]
    questions = [Question(network, *one, intake.data) for one in asked] if intake.decided else []
    problems = list(intake.problems.items())
    problems += [("network", problem) for question in questions for problem in preflight(question)]
    if questions and known is not None and known.deleted_at is None and (cure := other_tasks(known, tasks)):
        labels = ", ".join(task.label for task in tasks_of(known))
        cause = f"are others than those for which the same weights are stored as {known.slug!r} ({labels})"
        problems.append(("tasks", InvalidTask("tasks", cause, cure)))
    if len(content_of(intake).encode()) > MAX_NETWORK_BYTES:
        cause = f"takes more than {MAX_NETWORK_BYTES:,} bytes as a network file"
        problems.append(("network", InvalidNetwork("network", cause, "use a smaller network")))
    refusals = {str(problem): (about, problem) for about, problem in problems}  # outputs share most of them
    unlearned = [] if refusals else list(dict.fromkeys(filter(None, map(not_learned, questions))))
    return Preview(intake, known, questions if protocols else [], unlearned, list(refusals.values()))


def content_of(intake: Intake) -> str:
    """What the file said, as a network file; what was declared beside it travels in fields of its own."""
    document = network_file_json(intake.draft)
    document = {key: value for key, value in document.items() if value or key not in ("name", "tasks")}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def preview_blocks(session: Session, links: Addresses, page: Preview, values: Mapping[str, Any]) -> Iterator[Block]:
    """The preview as a page; ``values`` is what was declared beside the network."""
    intake, known = page.intake, page.known
    network, name, limits = intake.network, intake.name, limits_in(session)
    kept = {**values, "content": content_of(intake), "fallback": name, "layers": ""}  # which it has in order now
    fields = kept | {"protocols": ["", *values["protocols"]]}
    words, shape = "Import and analyse" if page.questions else "Import", "–".join(map(str, network.sizes))
    yield Head(
        name,
        f"A {shape} multilayer perceptron, {activation_words(network)}. Nothing is stored yet.",
        actions=[] if page.refusals else [Action(words, links.store_network(), True, True, fields)],
    )
    yield from (Notice.refused(problem) for _, problem in page.refusals)
    yield from (Notice("The network did not learn this task", words) for words in page.unlearned)
    if known is not None and known.deleted_at is not None and not page.refusals:
        then = "What was found for other tasks is lost" if other_tasks(known, page.tasks) else "This undoes that"
        yield Notice("It was deleted", f"The same weights were deleted as {known.name}. {then}.")
    elif known is not None and not page.refusals:
        saved = f"They are saved under “{name}”, too" if known.name != name else "Nothing changes"
        cause = f"The same weights exist as {known.name}. {saved}; analyses that are missing are asked for."
        yield Notice("It is here already", cause, actions=[Action(known.name, links.network(known.slug))])
    if remarks := [*filter(None, [intake.read]), *intake.draft.remarks]:
        yield Prose(" ".join(remarks), glossary=False)
    if page.refusals:
        errors = {
            about: f"{one.item[:1].upper()}{one.item[1:]} {one.cause}; {one.cure}." for about, one in page.refusals
        }
        yield Form(Kept, links.bring_in(), "Preview again", kept, errors, id="k-")
    outputs = [Output(intake, task, k) for k, task in enumerate(page.tasks)] if intake.encoding else []
    if outputs:
        yield Facts([one.fact(f"Output {one.number} computes" if outputs[1:] else "It computes") for one in outputs])
    drawn = []
    if max(network.sizes) <= _WIDEST and len(network.sizes) <= _DEEPEST:
        caption = "Width grows with |weight|; dashed with a bar = negative."
        drawn = [Figure(network_diagram(network.weights, title=name), caption)]
    yield from beside([*drawn, *(one.table for one in outputs)], 2)
    if page.refusals:
        return
    seconds = duration(limits.criterion_seconds)
    yield Section("What an analysis does", f"then {len(CRITERIA)} criteria, each for at most {seconds}")
    yield planned_table(page.questions, limits, shape, "plan")
    again = Form(Kept, links.bring_in(), "Preview again", kept, primary=False, id="k-")
    yield More("Other options", lambda: [again], "another name, task, encoding, other protocols", id="options")


class Output:
    """What one output computes.

    Args:
        intake: the network, whose encoding could be read.
        task: of the output; without a table where none could be read.
        number: which output.
    """

    def __init__(self, intake: Intake, task: Task, number: int) -> None:
        outputs = forward(intake.network, intake.data.clean_rows)[:, number]
        margins = margin_to_edge(outputs, "rounding")
        self.intake = intake
        self.task = task
        self.number = number
        self.outputs: list[float] = outputs.tolist()
        self.answers: list[int] = answers(outputs).tolist()
        self.notes = [counted_otherwise(output, "rounding") for output in self.outputs]
        self.margin = float(margins.min()) if np.isfinite(margins).all() else None

    def fact(self, label: str) -> Fact:
        """What it computes, and on how many inputs that is right."""
        encoding, n = self.intake.encoding, len(self.outputs)
        words = "" if encoding is None else encoding.words
        if not self.task.truth_table:
            return Fact(label, "not known", words, "its task cannot be read")
        n_right = sum(one == wanted for one, wanted in zip(self.answers, self.task.truth_table, strict=True))
        right = f"right on {n_right} of {noun(n, 'input')}"
        right += "; few circuits or none will be valid" if n_right < n or any(self.notes) else ""
        if self.margin is not None:
            right += f"; smallest margin {decimal(self.margin, 3)}"
            right += ", fragile: below 10⁻⁶" if self.margin < FRAGILE_MARGIN else ""
        return Fact(label, self.task.label, words, right)

    @property
    def table(self) -> Table:
        """What it gives on every input."""
        n_inputs, known = self.intake.network.n_inputs, bool(self.task.truth_table)
        rows = []
        for row, bits in enumerate(input_table(n_inputs).astype(int).tolist()):
            answer, note = str(self.answers[row]), self.notes[row]
            wanted = str(self.task.truth_table[row]) if known else ""
            right = ("yes" if answer == wanted else "no") if known else ""
            cells = ["".join(map(str, bits)), decimal(self.outputs[row], 4), answer, wanted, right]
            rows.append(cells + [note] * any(self.notes))
        labels = (INPUT_NAMES[:n_inputs], "Output", "Answers", "Should be", "Right")
        return Table.plain(labels + ("Note",) * any(self.notes), rows)


def transformer_preview(session: Session, links: Addresses, raw: bytes) -> Iterator[Block]:
    """What storing a transformer would give; its file says all.

    Raises:
        AnalysisError: it cannot be read.
    """
    question = question_in(raw)
    kind, model = question.kind, question.subject
    view = view_of(question)
    rows = view.rows(question, None)
    known = network_by_digest(session, model.digest)
    import_ = Action("Import and analyse", links.store_network(), True, True, {"content": raw.decode()})
    yield Head(model.name, f"{kind.definition} Nothing is stored yet.", actions=[import_])
    if known is not None:
        yield Notice("It is here already", "Nothing changes.", actions=[Action(known.name, links.network(known.slug))])
    if question.refusal:
        yield Notice("Its circuits will not be searched", f"circuits of {model.name} {question.refusal}.")
    yield Facts(
        [
            Fact("Right on", f"{sum(one.right for one in rows)} of {len(rows)} rows", model.task),
            Fact("Possible circuits", exact(question.space.possible), ", ".join(question.rules.values())),
        ]
    )
    drawn = Figure(view.draws(question, title=model.name), "Every node and edge. A circuit keeps some.")
    yield from beside([drawn, rows_table(question, rows)], 2)
