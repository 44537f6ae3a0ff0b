"""What would come of a network that is imported, before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.algorithms.and_inverter import gate_of_code, matching_gates
from analysis.algorithms.high_level_model import readable_formula
from analysis.circuits.result import FRAGILE_MARGIN
from analysis.criteria.registry import CRITERIA
from analysis.errors import AnalysisError, InvalidNetwork, InvalidTask
from analysis.models.circuits import refuse_if_too_large
from analysis.models.model import gaps
from analysis.models.registry import read_model
from analysis.network_files.files import MAX_NETWORK_BYTES, NetworkFile, network_file_json, slug_of
from analysis.network_files.formats.draft import FORMAT_WORDS
from analysis.network_files.intake import Intake
from analysis.networks.mlp import forward
from analysis.preflight import preflight
from analysis.protocol import COMPLETE, Protocol
from analysis.question import Question
from analysis.tasks import INPUT_NAMES, Task, input_table
from analysis.validity import decide, margin_to_edge
from app.addressing import Addresses
from app.db.codecs import tasks_of
from app.db.links import free_slug
from app.db.model_tables import ModelRow
from app.db.reads.analyses import network_by_digest
from app.db.writes import network_row
from app.figures.numbers import decimal, duration, exact, noun
from app.figures.svg import graph_diagram, network_diagram
from app.limits import limits_in
from app.options import PageModel
from app.pages.bring_in.form import Kept
from app.pages.inside import answers_of, answers_table, beside
from app.pages.plan import Planned, RefusalView, planned, planned_table
from app.pages.shared import NetworkView, network_view
from pluriscope.blocks import Action, Block, Fact, Facts, Figure, Form, Head, Notice, Prose, Section, Table

FORMULA_INPUTS: Final = 4
FORMULA_DEPTH: Final = 3
"""A table without a name is shown as a formula up to these, which takes a hundredth of a second."""
_WIDEST, _DEEPEST = 40, 8
"""A network that is drawn."""


class Refusal(RefusalView):
    """What speaks against storing it."""

    about: str = Field(description='What was declared and is wrong: "name", "encoding" or "tasks"; else "network".')


class RowPreview(PageModel):
    """What an output gives on one Boolean input."""

    bits: list[int]
    output: float
    decision: int | None = Field(description="0, 1, or null for neither.")
    target: int | None = Field(description="What its task asks for; null while it has none.")


class OutputPreview(PageModel):
    """What one output computes."""

    task: str = Field(description="Name or truth table of its task; empty while it has none.")
    formula: str = Field(description="A short formula of a task without a name; empty if none was found.")
    rows: list[RowPreview]
    n_right: int | None = Field(description="Boolean inputs that it decides right; null while it has no task.")
    smallest_margin: float | None
    fragile: bool


class Preview(PageModel):
    """A network as it would be stored, and everything that speaks against that."""

    network: NetworkView
    format: str
    remarks: list[str]
    encoding: str = Field(description="Which numbers stand for 0 and 1, in words.")
    data: str = Field(description="Digest of the data record that follows from it; empty for the default.")
    outputs: list[OutputPreview]
    analyses: list[Planned]
    refusals: list[Refusal] = Field(description="Everything that speaks against it; empty if it can be stored.")
    known_url: str = Field(description="The same network, if it is stored already; empty if it is not.")
    known_name: str


def build_preview(session: Session, links: Addresses, intake: Intake, protocols: Sequence[Protocol]) -> Preview:
    """What storing and analysing a network would give; nothing is stored."""
    network, data = intake.draft.network, intake.data
    tasks = intake.tasks or tuple(Task((), "") for _ in range(network.n_outputs))
    file = NetworkFile(intake.name, network, tasks, intake.draft.attribution, intake.planted)
    known = network_by_digest(session, network.digest)
    slug = known.slug if known is not None else free_slug(session, slug_of(intake.name), network.digest)
    problems = [(about, problem) for about, problem in intake.problems.items()]
    questions = [Question(network, k, task, p, data) for k, task in enumerate(tasks) for p in protocols or [COMPLETE]]
    if intake.decided:
        problems += [("network", problem) for question in questions for problem in preflight(question)]
        if known is not None and [t.truth_table for t in tasks_of(known)] != [t.truth_table for t in tasks]:
            labels = ", ".join(task.name or "".join(map(str, task.truth_table)) for task in tasks_of(known))
            cause = f"are others than those for which the same weights are stored as {known.slug!r} ({labels})"
            problems.append(("tasks", InvalidTask("tasks", cause, "give the same, or look at the stored network")))
    if len(content_of(intake).encode()) > MAX_NETWORK_BYTES:
        cause = f"takes more than {MAX_NETWORK_BYTES:,} bytes as a network file"
        problems.append(("network", InvalidNetwork("network", cause, "use a smaller network")))
    refusals = {str(problem): _refusal(about, problem) for about, problem in problems}  # outputs share most of them
    return Preview(
        network=network_view(network_row(file, slug, "uploaded"), links),
        format=FORMAT_WORDS[intake.draft.format],
        remarks=list(intake.draft.remarks),
        encoding="" if intake.encoding is None else intake.encoding.words,
        data="" if data.is_clean else data.digest,
        outputs=[_output(intake, task, output) for output, task in enumerate(tasks)] if intake.encoding else [],
        analyses=[planned(one, limits_in(session)) for one in questions] if intake.decided and protocols else [],
        refusals=list(refusals.values()),
        known_url="" if known is None else links.network(known.slug),
        known_name="" if known is None else known.name,
    )


def _refusal(about: str, problem: AnalysisError) -> Refusal:
    return Refusal(about=about, item=problem.item, cause=problem.cause, cure=problem.cure)


def content_of(intake: Intake) -> str:
    """What the file said, as a network file; what was declared beside it travels in fields of its own."""
    draft = intake.draft
    document = network_file_json(
        NetworkFile(draft.name, draft.network, draft.tasks or (), draft.attribution, draft.planted)
    )
    document = {key: value for key, value in document.items() if value or key not in ("name", "tasks")}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _output(intake: Intake, task: Task, output: int) -> OutputPreview:
    network = intake.draft.network
    outputs = forward(network, intake.data.representatives)[:, output]
    margins, decisions = margin_to_edge(outputs, "rounding"), decide(outputs, "rounding").tolist()
    smallest = float(margins.min()) if np.isfinite(margins).all() else None
    targets = task.truth_table or [None] * len(outputs)
    bits = input_table(network.n_inputs).astype(int).tolist()
    rows = [
        RowPreview(bits=bits[k], output=float(outputs[k]), decision=None if sign < 0 else sign, target=targets[k])
        for k, sign in enumerate(decisions)
    ]
    return OutputPreview(
        task=task.name or "".join(map(str, task.truth_table)),
        formula=short_formula(task, network.n_inputs),
        rows=rows,
        n_right=sum(row.decision == row.target for row in rows) if task.truth_table else None,
        smallest_margin=smallest,
        fragile=smallest is not None and smallest < FRAGILE_MARGIN,
    )


def short_formula(task: Task, n_inputs: int) -> str:
    """The simplest formula of a task that has no name, "" where none of few gates is found."""
    if task.name or not task.truth_table or n_inputs > FORMULA_INPUTS:
        return ""
    codes, _ = matching_gates(task.pattern, n_inputs, FORMULA_DEPTH, 1)
    return readable_formula(gate_of_code(int(codes[0]), n_inputs, FORMULA_DEPTH).root) if len(codes) else ""


def preview_blocks(
    session: Session, links: Addresses, page: Preview, content: str, values: Mapping[str, Any]
) -> Iterator[Block]:
    """The preview as a page.

    Args:
        session: open session.
        links: of the site.
        page: what would come of it.
        content: the network, to be sent back.
        values: what was declared beside it.
    """
    network, several = page.network, len(page.outputs) > 1
    kept = {**values, "content": content, "fallback": network.name}
    fields = kept | {"protocols": ["", *values["protocols"]]}
    words = "Import and analyse" if page.analyses else "Import"
    article = "an" if page.format.startswith("ONNX") else "a"
    yield Head(
        network.name,
        f"A {network.shape} multilayer perceptron, {network.activations}, from {article} {page.format}. "
        "Nothing is stored yet.",
        actions=[] if page.refusals else [Action(words, links.store_network(), True, True, fields)],
    )
    for one in page.refusals:
        yield Notice.refused(one)
    if page.known_url and not page.refusals:
        saved = f"They are saved under “{network.name}”, too" if page.known_name != network.name else "Nothing changes"
        cause = f"The same weights exist as {page.known_name}. {saved}; analyses that are missing are asked for."
        yield Notice("It is here already", cause, actions=[Action(page.known_name, page.known_url)])
    if page.remarks:
        yield Prose(" ".join(page.remarks), glossary=False)
    errors = {one.about: f"{one.item[:1].upper()}{one.item[1:]} {one.cause}; {one.cure}." for one in page.refusals}
    form = Form(Kept, links.bring_in(), "Preview again", kept, errors, id="k-")
    if page.refusals:
        yield form
    if page.outputs:
        yield Facts(
            [
                _fact(page, one, f"Output {k} computes" if several else "It computes")
                for k, one in enumerate(page.outputs)
            ]
        )
    drawn = []
    if max(network.sizes) <= _WIDEST and len(network.sizes) <= _DEEPEST:
        drawn = [
            Figure(
                network_diagram(network.weights, title=network.name),
                "Width grows with |weight|; dashed with a bar = negative.",
            )
        ]
    yield from beside([*drawn, *map(_behaviour, page.outputs)], 2)
    if page.refusals:
        return
    seconds = duration(limits_in(session).criterion_seconds)
    yield Section("What an analysis does", f"then {len(CRITERIA)} criteria, each for at most {seconds}")
    yield planned_table(page.analyses, network.shape, "plan")
    yield Section("Other options")
    yield form


def _fact(page: Preview, output: OutputPreview, label: str) -> Fact:
    if output.n_right is None:
        return Fact(label, "not known", page.encoding, "its task cannot be read")
    right = f"right on {output.n_right} of {noun(len(output.rows), 'input')}, decided by rounding"
    if output.n_right < len(output.rows):
        right += "; few circuits or none will be valid"
    margin = "" if output.smallest_margin is None else f"; smallest margin {decimal(output.smallest_margin, 3)}"
    fragile = ", fragile: below 10⁻⁶" if output.fragile else ""
    return Fact(label, output.formula or output.task, page.encoding, f"{right}{margin}{fragile}")


def _behaviour(output: OutputPreview) -> Table:
    rows = [
        (
            "".join(map(str, row.bits)),
            decimal(row.output, 4),
            "neither" if row.decision is None else str(row.decision),
            "" if row.target is None else str(row.target),
            "" if row.target is None else "yes" if row.decision == row.target else "no",
        )
        for row in output.rows
    ]
    inputs = "".join(INPUT_NAMES[: len(output.rows[0].bits)])
    return Table.plain((inputs, "Output", "Decides", "Should be", "Right"), rows)


def transformer_preview(session: Session, links: Addresses, raw: bytes) -> Iterator[Block]:
    """What storing a transformer would give; its file says all.

    Raises:
        AnalysisError: it cannot be read.
    """
    kind, model = read_model(raw)
    space = model.space(kind.rules(""))
    whole = np.ones(space.graph.n_bits, dtype=np.bool_)
    outputs = space.run(whole[None])
    apart = gaps(outputs, model.answers)[0]
    known = session.scalar(select(ModelRow).where(ModelRow.digest == model.digest))
    import_ = Action("Import and analyse", links.store_network(), True, True, {"content": raw.decode()})
    yield Head(model.name, f"{kind.definition} Nothing is stored yet.", actions=[import_])
    if known is not None:
        yield Notice("It is here already", "Nothing changes.", actions=[Action(known.name, links.network(known.slug))])
    try:
        refuse_if_too_large(model, space)
    except AnalysisError as error:
        yield Notice("Its circuits will not be searched", f"{error.item} {error.cause}.")
    yield Facts(
        [
            Fact("Right on", f"{int((apart > 0).sum())} of {len(apart)} rows", model.task),
            Fact("Possible circuits", exact(space.possible), ", ".join(kind.rules("").values())),
        ]
    )
    drawn = Figure(graph_diagram(space.graph, title=model.name), "Every node and edge. A circuit keeps some.")
    yield from beside([drawn, answers_table(answers_of(model, outputs[0], apart), lambda _row: "", 8)], 2)
