"""What would come of a network that is imported, before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from analysis.errors import AnalysisError, InvalidNetwork, InvalidTask
from analysis.network_files.files import MAX_NETWORK_BYTES, network_file_json
from analysis.network_files.intake import Intake
from analysis.preflight import preflight
from analysis.protocol import COMPLETE, Protocol
from analysis.question import Question
from analysis.subjects.registry import question_in
from analysis.tasks import Task
from analysis.unlearned import not_learned
from app.db.codecs import tasks_of
from app.db.reads.analyses import network_by_digest
from app.db.tables import NetworkRow
from app.db.writes import other_tasks
from app.limits import limits_in
from app.pages.bring_in.computed import computed, questions_of
from app.pages.bring_in.form import Asked, Kept
from app.pages.inside import rows_table
from app.pages.plan import planned_table
from app.pages.shared import activation_words
from pluriscope.address import Addresses
from pluriscope.blocks import Action, Block, Fact, Facts, Figure, Form, Head, Notice, Section, side_by_side
from pluriscope.figures.numbers import exact
from pluriscope.views.registry import view_of


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
    network, name = intake.network, intake.name
    shape = "–".join(map(str, network.sizes))
    yield Head(name, f"A {shape} multilayer perceptron, {activation_words(network)}. Nothing is stored yet.")
    yield from (Notice("The network did not learn this task", words) for words in page.unlearned)
    if known is not None and known.deleted_at is not None and not page.refusals:
        then = "What was found for other tasks is lost" if other_tasks(known, page.tasks) else "This undoes that"
        yield Notice("It was deleted", f"The same weights were deleted as {known.name}. {then}.")
    elif known is not None and not page.refusals:
        saved = f"They are saved under “{name}”, too" if known.name != name else "Nothing changes"
        cause = f"The same weights exist as {known.name}. {saved}; analyses that are missing are asked for."
        yield Notice("It is here already", cause, actions=[Action(known.name, links.network(known.slug))])
    yield from (Notice.refused(problem) for about, problem in page.refusals if about not in Kept.model_fields)
    kept = {**values, "content": content_of(intake), "fallback": name, "layers": ""}  # which it has in order now
    wrong = {about: f"{one.item[:1].upper()}{one.item[1:]} {one.cause}; {one.cure}." for about, one in page.refusals}
    left_open, again = questions_of(intake), links.bring_in()
    folded = Asked.model_fields.keys() - left_open - wrong.keys()
    url, words = links.store_network(), "Import and analyse" if page.questions else "Import"
    url, words = (again, "Show again") if wrong else (url, words)
    form = Form(Kept, url, words, kept, wrong, folded=folded, again=again, id="k-")
    asked = [Section("What the file leaves open", "As it looks. Change it where that is wrong.")] if left_open else []
    yield from computed(intake, page.tasks, between=[*asked, form])
    if page.refusals:
        return
    yield Section(
        "What an analysis does", "A first answer some ten seconds after its start; better ones take its place."
    )
    yield planned_table(page.questions, limits_in(session), shape, "plan")


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
        what = "not be searched" if question.obstacle else "be drawn, not searched"
        yield Notice(f"Its circuits will {what}", f"Of circuits of {model.name} {question.refusal}.")
    yield Facts(
        [
            Fact("Right on", f"{sum(one.right for one in rows)} of {len(rows)} rows", model.task),
            Fact("Possible circuits", exact(question.space.possible), ", ".join(question.rules.values())),
        ]
    )
    drawn = Figure(view.draws(question, title=model.name), "Every node and edge. A circuit keeps some.")
    yield from side_by_side([drawn, rows_table(question, rows)], 2)
