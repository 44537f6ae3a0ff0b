"""Preview of a network that is imported, before anything is stored."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from pydantic import Field, create_model
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.errors import AnalysisError, InvalidNetwork, InvalidTask
from pluriscope.analysis.explaining.preflight import preflight
from pluriscope.analysis.network_files.files import MAX_NETWORK_BYTES, network_file_json
from pluriscope.analysis.network_files.formats.format import CALLING
from pluriscope.analysis.network_files.intake import Intake
from pluriscope.analysis.network_files.questions import NEAR
from pluriscope.analysis.questions.protocol import COMPLETE, Protocol
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.results.unlearned import not_learned
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.app.db.codecs import tasks_of
from pluriscope.app.db.reads.analyses import network_by_digest
from pluriscope.app.db.remote import RemoteKind
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.db.writes import other_tasks
from pluriscope.app.limits import limits_in
from pluriscope.app.pages.bring_in.computed import computed
from pluriscope.app.pages.bring_in.form import Asked, fields_of, for_a_form, refused
from pluriscope.app.pages.bring_in.questions import Answered
from pluriscope.app.pages.inside import rows_table
from pluriscope.app.pages.plan import planned_table
from pluriscope.app.pages.shared import activation_words
from pluriscope.figures.numbers import decimal, exact
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    Columns,
    Fact,
    Facts,
    Figure,
    Form,
    Head,
    Notice,
    Prose,
    Section,
    sentence,
    side_by_side,
)
from pluriscope.views.networks import draw_network, rows_of

CARRIED: Final = "base64,"
"""What the text of a file that is no text begins with."""
_USUAL: Final = ("task", "tasks", "encoding", "name", "protocols")
"""Fields of every preview."""


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
        """Task of each output; one without a table where none could be read."""
        return self.intake.tasks or (Task((), ""),) * self.intake.network.n_outputs


def preview_of(
    session: Session, intake: Intake, protocols: Sequence[Protocol], wrong: Mapping[str, AnalysisError]
) -> Preview:
    """Preview what storing and analysing a network would give; nothing is stored.

    Args:
        wrong: answers without which it was read, by their fields.
    """
    network, tasks = intake.network, intake.tasks or ()
    known = network_by_digest(session, network.digest)
    asked = [(k, task, rules) for k, task in enumerate(tasks) for rules in protocols or [COMPLETE]]
    questions = [Question(network, *one, intake.data) for one in asked] if intake.decided else []
    problems = [*wrong.items(), *intake.problems.items()]
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
    """Write a draft as a network file; what was declared beside it travels in fields of its own."""
    document = network_file_json(intake.draft)
    document = {key: value for key, value in document.items() if value or key not in ("name", "tasks")}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def carried(raw: bytes, intake: Intake) -> str:
    """A file as text, for a form to carry it: what an ONNX file says as a network file, so that it is run once."""
    if intake.draft.original is not None:
        return content_of(intake)
    with suppress(UnicodeDecodeError):
        if (text := raw.decode()).lstrip().startswith("{"):
            return text
    return CARRIED + b64encode(raw).decode()


def preview_blocks(
    session: Session, links: Addresses, page: Preview, answered: Answered, values: Mapping[str, Any]
) -> Iterator[Block]:
    """The preview as a page.

    Args:
        answered: the file, with what it leaves open.
        values: what is filled in.
    """
    intake, known = page.intake, page.known
    network, name = intake.network, intake.name
    shape = "–".join(map(str, network.sizes))
    how = f"{'shown here as ' * bool(answered.unanswered)}{activation_words(intake.draft.network)}"
    yield Head(name, f"A {shape} multilayer perceptron, {how}. Nothing is stored yet.")
    own = not intake.draft.tasks and not answered.declared.tasks
    calls = [one for one in intake.draft.remarks if one.startswith(CALLING)]
    yield from (Notice("It holds code", f"{one} Open it only if you trust it.") for one in calls)
    yield from (Notice("The network did not learn this task", for_a_form(words)) for words in page.unlearned)
    wrong_answers = [*answered.contradicted()]
    unclear = _nothing_learned(page, answered) if own and not wrong_answers else ()
    yield from (Notice(*words) for words in (*answered.asked(), *wrong_answers, *unclear))
    if known is not None and known.deleted_at is not None and not page.refusals:
        then = "What was found for other tasks is lost" if other_tasks(known, page.tasks) else "This undoes that"
        yield Notice("It was deleted", f"The same weights were deleted as {known.name}. {then}.")
    elif known is not None and not page.refusals:
        saved = f"They are saved under “{name}”, too" if known.name != name else "Nothing changes"
        cause = f"The same weights exist as {known.name}. {saved}; analyses that are missing are asked for."
        yield Notice("It is here already", cause, actions=[Action(known.name, links.network(known.slug))])
    wrong = {
        about: for_a_form(f"{sentence(f'{one.item} {one.cause}')} {sentence(one.cure)}") for about, one in page.refusals
    }
    for about, problem in page.refusals:
        yield from refused(problem) if about not in Asked.model_fields else ()
    asked, linear = answered.fields(), intake.draft.network.output_activation == "linear"
    usual = [name for name in Asked.model_fields if name in (*_USUAL, *["output_is"] * linear, *wrong)]
    hidden = {name: (str, Field("", json_schema_extra={"control": "hidden"})) for name in ("content", "fallback")}
    model = create_model("Kept", **{**asked, **fields_of(name for name in usual if name not in asked), **hidden})
    values = {**values, "fallback": name, "content": carried(answered.raw, intake)}
    looked = {*asked, *wrong, *["output_is"] * bool(page.unlearned)}
    again, words = links.bring_in(), "Import and analyse" if page.questions else "Import"
    url, words = (again, "Show again") if wrong else (links.store_network(), words)
    folded = {name for name in usual if name not in looked}
    form = Form(model, url, words, values, wrong, folded=folded, again=again, id="k-")
    title = Section("What the file leaves open", "What alone fits is chosen. Change it where you know better.")
    (*facts, read), seen = computed(intake, page.tasks, own=own)
    yield Columns([[*facts, *[title] * bool(asked), form, read], seen])
    if page.refusals:
        return
    yield Section(
        "What an analysis does", "A first answer some ten seconds after its start; better ones take its place."
    )
    yield planned_table(page.questions, limits_in(session), shape, "plan")


def _nothing_learned(page: Preview, answered: Answered) -> tuple[tuple[str, str], ...]:
    """Signs that a network without a declared task learned nothing, as titles and causes."""
    if any(about == "tasks" for about, _ in page.refusals):
        return (("Not every answer is 0 or 1", "The table shows where. It may be what is said below of the network."),)
    last = [one for one in answered.unanswered if one.field in ("output_activation", "output_is")]
    if last and any(len({*task.truth_table}) == 1 for task in page.tasks):
        each = "; ".join(f"{computed} with {choice}" for choice, computed in answered.computes(last[0]).items())
        return ((f"It answers the same on every input: {each}", "So there is next to nothing to be explained."),)
    return nothing_learned(page.intake)


def nothing_learned(intake: Intake) -> tuple[tuple[str, str], ...]:
    """Signs that a network whose task is its own answers learned nothing, as titles and causes."""
    if constant := [task.truth_table[0] for task in intake.tasks or () if len({*task.truth_table}) == 1]:
        return ((f"It answers {constant[0]} on every input", "So there is next to nothing to be explained."),)
    outputs = forward(intake.network, intake.data.clean_rows)
    off = float(np.abs(outputs - (outputs > 0.5)).max())
    words = f"On some input its output is {decimal(off, 3)} away from 0 and from 1. It may not have learned its task."
    return (("Its answers are not clear", words),) if off > NEAR else ()


def remote_preview(session: Session, links: Addresses, kind: RemoteKind, raw: bytes) -> Iterator[Block]:
    """Preview of a network that is elsewhere: what was found of it, as its file says.

    Raises:
        AnalysisError: it cannot be read.
    """
    found = kind.read_file(raw)
    keep = Action("Import", links.store_network(), True, True, {"content": raw.decode()})
    yield Head(found.name, f"{found.verdict} Nothing is stored yet.", actions=[keep])
    if (known := network_by_digest(session, found.digest)) is not None:
        yield Notice("It is here already", "Nothing changes.", actions=[Action(known.name, links.network(known.slug))])
    yield Prose(found.about, glossary=False)


def transformer_preview(session: Session, links: Addresses, raw: bytes) -> Iterator[Block]:
    """Preview what storing a transformer would give; its file has all that is needed.

    Raises:
        AnalysisError: it cannot be read.
    """
    question = question_in(raw)
    kind, model = question.kind, question.subject
    rows = rows_of(question, None)
    known = network_by_digest(session, model.digest)
    import_ = Action("Import and analyse", links.store_network(), True, True, {"content": raw.decode()})
    yield Head(model.name, f"{kind.definition} Nothing is stored yet.", actions=[import_])
    if known is not None:
        yield Notice("It is here already", "Nothing changes.", actions=[Action(known.name, links.network(known.slug))])
    if question.refusal:
        what = "not be searched" if question.obstacle else "be drawn, not searched"
        yield Notice(f"Its circuits will {what}", f"Of circuits of {model.name} {question.refusal}.")
    yield Facts(
        [
            Fact("Right on", f"{sum(one.right for one in rows)} of {len(rows)} rows", model.task),
            Fact("Possible circuits", exact(question.space.possible), ", ".join(question.rules.values())),
        ]
    )
    drawn = Figure(draw_network(question, title=model.name), "Every node and edge. A circuit keeps some.")
    yield from side_by_side([drawn, rows_table(question, rows)], 2)
