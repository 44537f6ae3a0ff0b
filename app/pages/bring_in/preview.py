"""What would come of a network that is imported, before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.algorithms.and_inverter import gate_of_code, matching_gates
from analysis.algorithms.counting import count_candidates
from analysis.algorithms.high_level_model import readable_formula
from analysis.circuits.result import FRAGILE_MARGIN
from analysis.criteria.registry import CRITERIA
from analysis.errors import AnalysisError, InvalidNetwork, InvalidTask
from analysis.network_files.declared_tasks import TASK_SOURCES
from analysis.network_files.files import MAX_NETWORK_BYTES, NetworkFile, network_file_json, slug_of
from analysis.network_files.formats.draft import FORMAT_WORDS
from analysis.network_files.intake import Intake
from analysis.networks.mlp import forward
from analysis.preflight import preflight
from analysis.protocol import BUILT_IN, COMPLETE, Protocol
from analysis.question import Question
from analysis.tasks import TASK_NAMES, Task, input_table
from analysis.validity import decide, margin_to_edge
from app.addressing import Addresses
from app.db.codecs import tasks_of
from app.db.reads.analyses import network_by_digest
from app.db.tables import NetworkRow
from app.db.writes import free_slug, network_row
from app.limits import limits_in
from app.options import BigInt, PageModel
from app.pages.bring_in.declaration import SOURCE_WORDS, BringInOptions
from app.pages.network.behaviour import BehaviourRow, behaviour_of
from app.pages.place import Place
from app.pages.plan import PlanView, RefusalView, plan_view
from app.pages.shared import NetworkView, network_view
from pluriscope.naming import Scope, protocol_key

FORMULA_INPUTS: Final = 4
FORMULA_DEPTH: Final = 3
"""A table without a name is shown as a formula up to these, which takes a hundredth of a second."""


class RawOutput(PageModel):
    """What an output gives on one Boolean input, where no task is known yet."""

    bits: list[int]
    output: float
    decision: int | None = Field(description="0, 1, or None for neither.")


class AnalysisPreview(PageModel):
    """How one analysis would find the circuits."""

    output: int
    protocol: str
    algorithms: BigInt | None = Field(description="Candidate algorithms, exactly; None where only a search tells.")
    plan: PlanView


class OutputPreview(PageModel):
    """What one output computes."""

    output: int
    task: str = Field(description="Name or truth table of its task; empty while it has none.")
    formula: str = Field(description="A short formula of a task without a name; empty if none was found.")
    behaviour: list[BehaviourRow] = Field(description="Empty while it has no task.")
    raw: list[RawOutput] = Field(description="The same without a task; empty where there is one.")
    n_right: int
    computes: bool = Field(description="Whether it decides right on every Boolean input.")
    smallest_margin: float | None
    fragile: bool

    @property
    def n_rows(self) -> int:
        return len(self.behaviour)


class PreviewPage(PageModel):
    """A network as it would be stored, and everything that speaks against that."""

    network: NetworkView
    format: str
    format_words: str
    remarks: list[str]
    declared: BringInOptions
    encoding: str = Field(description="Which numbers stand for 0 and 1, in words.")
    data: str = Field(description="Digest of the data record that follows from it; empty for the default.")
    outputs: list[OutputPreview]
    analyses: list[AnalysisPreview]
    protocols: list[str]
    all_protocols: list[str]
    sources: list[tuple[str, str]] = Field(description="Where tasks may come from, each in words.")
    task_names: list[str]
    refusals: list[RefusalView] = Field(description="Everything that speaks against it; empty if it can be stored.")
    known_url: str = Field(description="The same network, if it is stored already; empty if it is not.")
    known_name: str
    criterion_seconds: float = Field(description="Longest time of one criterion after the analysis.")
    n_criteria: int
    content: str = Field(
        description="The file as a network file, in which name and tasks may be missing: to be sent back with a yes or "
        "with other declarations. Empty where it is too large for that."
    )

    @property
    def ready(self) -> bool:
        """Whether nothing but a yes is missing."""
        return not self.refusals


def build_preview(
    session: Session, addresses: Addresses, intake: Intake, options: BringInOptions, protocols: Sequence[Protocol]
) -> PreviewPage:
    """What storing and analysing a network would give; nothing is stored.

    Args:
        intake: the network with what is declared.
        options: the declarations as they were given.
        protocols: under which it would be analysed, at least one.
    """
    network = intake.draft.network
    tasks = intake.tasks or tuple(Task((), "") for _ in range(network.n_outputs))
    file = NetworkFile(intake.name, network, tasks, intake.draft.attribution, intake.planted)
    known = network_by_digest(session, network.digest)
    slug = known.slug if known is not None else free_slug(session, slug_of(intake.name), network.digest)
    row = network_row(file, slug, "uploaded")
    refusals = [*intake.problems]
    analyses: list[AnalysisPreview] = []
    if intake.decided:
        refusals += _of_analyses(intake, tasks, protocols[0])
        if known is not None and [t.truth_table for t in tasks_of(known)] != [t.truth_table for t in tasks]:
            refusals.append(_other_tasks(known))
        analyses = [
            _analysis(session, row, intake, tasks, output, protocol)
            for output in range(network.n_outputs)
            for protocol in protocols
        ]
    data, content = intake.data, _content(intake)
    if not content:
        cause = f"takes more than {MAX_NETWORK_BYTES:,} bytes as a network file"
        refusals.append(InvalidNetwork("network", cause, "use a smaller network"))
    return PreviewPage(
        network=network_view(row, addresses),
        format=intake.draft.format,
        format_words=FORMAT_WORDS[intake.draft.format],
        remarks=[*intake.draft.remarks, *_task_remark(intake, options)],
        declared=options,
        encoding="" if intake.encoding is None else intake.encoding.words,
        data="" if intake.encoding is None or data.is_clean else data.digest,
        outputs=[_output(row, intake, tasks, k) for k in range(network.n_outputs)] if intake.encoding else [],
        analyses=analyses,
        protocols=[protocol.name for protocol in protocols],
        all_protocols=list(BUILT_IN),
        sources=[(source, SOURCE_WORDS[source]) for source in TASK_SOURCES],
        task_names=list(TASK_NAMES),
        refusals=_different(refusals),
        known_url="" if known is None else addresses.network(known.slug),
        known_name="" if known is None else known.name,
        criterion_seconds=limits_in(session).criterion_seconds,
        n_criteria=len(CRITERIA),
        content=content,
    )


def _content(intake: Intake) -> str:
    """What the file said, as a network file; what was declared beside it travels in fields of its own."""
    draft = intake.draft
    file = NetworkFile(draft.name, draft.network, draft.tasks or (), draft.attribution, draft.planted)
    document = network_file_json(file)
    left_out = {key for key in ("name", "tasks") if not document[key]}
    document = {key: value for key, value in document.items() if key not in left_out}
    content = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return content if len(content.encode()) <= MAX_NETWORK_BYTES else ""


def _place(row: NetworkRow, intake: Intake, task: Task, output: int, protocol: Protocol) -> Place:
    data = intake.data
    scope = Scope(output, protocol_key(protocol), "" if data.is_clean else data.digest[:12])
    return Place(row, Question(intake.draft.network, output, task, protocol, data), scope, None)


def _of_analyses(intake: Intake, tasks: Sequence[Task], protocol: Protocol) -> list[AnalysisError]:
    """What preflight says of any output."""
    return [
        problem
        for output, task in enumerate(tasks)
        for problem in preflight(Question(intake.draft.network, output, task, protocol, intake.data))
    ]


def _different(problems: Sequence[AnalysisError]) -> list[AnalysisError]:
    """Each once, in order: several outputs share most of what speaks against them."""
    seen: dict[str, AnalysisError] = {}
    for problem in problems:
        seen.setdefault(str(problem), problem)
    return list(seen.values())


def _other_tasks(known: NetworkRow) -> AnalysisError:
    labels = ", ".join(task.name or "".join(map(str, task.truth_table)) for task in tasks_of(known))
    cause = f"are others than those for which the same weights are stored as {known.slug!r} ({labels})"
    return InvalidTask("tasks", cause, "give the same tasks, or look at the stored network")


def _task_remark(intake: Intake, options: BringInOptions) -> list[str]:
    if intake.tasks is None or intake.draft.tasks is not None or options.task != "file":
        return []
    return ["The file names no task, so the network’s own decisions are taken for it."]


def _output(row: NetworkRow, intake: Intake, tasks: Sequence[Task], output: int) -> OutputPreview:
    task = tasks[output]
    place = _place(row, intake, task, output, COMPLETE)
    outputs = forward(place.question.cut, intake.data.representatives)[:, 0]
    margins = margin_to_edge(outputs, COMPLETE.circuit_decision)
    smallest = float(margins.min()) if np.isfinite(margins).all() else None
    behaviour = behaviour_of(place, outputs) if task.truth_table else []
    n_right = sum(line.right for line in behaviour)
    return OutputPreview(
        output=output,
        task=task.name or "".join(map(str, task.truth_table)),
        formula=short_formula(task, place.question.model.n_inputs),
        behaviour=behaviour,
        raw=[] if behaviour else _raw(outputs, place.question.model.n_inputs),
        n_right=n_right,
        computes=bool(behaviour) and n_right == len(behaviour),
        smallest_margin=smallest,
        fragile=smallest is not None and smallest < FRAGILE_MARGIN,
    )


def short_formula(task: Task, n_inputs: int) -> str:
    """The simplest formula of a task that has no name, "" where none of few gates is found."""
    if task.name or not task.truth_table or n_inputs > FORMULA_INPUTS:
        return ""
    codes, _ = matching_gates(task.pattern, n_inputs, FORMULA_DEPTH, 1)
    return readable_formula(gate_of_code(int(codes[0]), n_inputs, FORMULA_DEPTH).root) if len(codes) else ""


def _raw(outputs: np.ndarray[tuple[int, ...], np.dtype[np.float64]], n_inputs: int) -> list[RawOutput]:
    bits = input_table(n_inputs).astype(int).tolist()
    decisions = decide(outputs, "rounding")
    return [
        RawOutput(bits=bits[k], output=float(outputs[k]), decision=None if decisions[k] < 0 else int(decisions[k]))
        for k in range(len(outputs))
    ]


def _analysis(
    session: Session, row: NetworkRow, intake: Intake, tasks: Sequence[Task], output: int, protocol: Protocol
) -> AnalysisPreview:
    task, limits = tasks[output], limits_in(session)
    plan = plan_view(_place(row, intake, task, output, protocol).question, limits)
    n_inputs, hidden = intake.draft.network.n_inputs, intake.draft.network.n_hidden_layers
    algorithms = None
    if protocol.algorithm_form != "formula_trees" and hidden >= 1:
        algorithms = count_candidates(task.pattern, n_inputs, protocol.depth_for(hidden))
    return AnalysisPreview(output=output, protocol=protocol.name, algorithms=algorithms, plan=plan)
