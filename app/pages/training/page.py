"""The training form, and what it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.data import clean_data
from analysis.limits import Limits
from analysis.networks.training_spec import OptionProblem, untrained_network
from analysis.protocol import BUILT_IN, named_protocol
from analysis.question import Question
from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.db.reads.jobs import jobs_of_kind
from app.jobs import queue
from app.jobs.definitions import train_arguments
from app.limits import limits_in
from app.options import PageModel
from app.pages.plan import PlanView, plan_view
from app.pages.shared import JobView, job_view
from app.pages.training.options import (
    FIELDS,
    GROUPS,
    MAX_COUNT,
    FieldGroup,
    TrainOptions,
    TrainRequest,
    chosen_protocols,
    problems_of_form,
    request_of,
)

# --- what a training and the analyses behind it will do, told before anything is started


class PlannedAnalysis(PageModel):
    """The analysis of one output under one protocol, for each network that converges."""

    output: int
    task: str
    protocol: str
    plan: PlanView


class TrainingPlan(PageModel):
    """What would be done, as far as that is known before any weight is."""

    shape: str
    networks: int
    analyses: list[PlannedAnalysis] = Field(
        description="For each network that converges; planned on weights as before training."
    )


def plan_training(request: TrainRequest, limits: Limits) -> TrainingPlan:
    """The plan of a sound request."""
    spec = request.spec
    network, data = untrained_network(spec), clean_data(spec.n_inputs)
    analyses = []
    for output, task in enumerate(spec.resolved_tasks()):
        for name in request.protocols:
            protocol = named_protocol(name)
            plan = plan_view(Question(network, output, task, protocol, data), limits)
            label = task.name or "".join(map(str, task.truth_table))
            analyses.append(PlannedAnalysis(output=output, task=label, protocol=name, plan=plan))
    return TrainingPlan(shape="-".join(map(str, spec.sizes)), networks=request.count, analyses=analyses)


N_LATEST: Final = 5


class FieldView(PageModel):
    """One field of the form as it is filled in."""

    name: str
    label: str
    hint: str
    value: str
    default: str
    problems: list[str] = Field(description="What is wrong with its value; empty if nothing is.")


class TrainPage(PageModel):
    """The form with its values, what is wrong with them, and what they would do."""

    fields: list[FieldView] = Field(description="Every option of training, in the order of the form.")
    values: dict[str, str]
    protocols: list[str] = Field(description="Protocols that are ticked.")
    problems: list[str] = Field(description="What was wrong with the values, all at once; empty if nothing was.")
    plan: TrainingPlan | None = Field(description="What it would do; null where the values cannot be trained with.")
    all_protocols: list[str]
    max_count: int
    latest: list[JobView] = Field(description="The last trainings that were asked for.")
    url: str

    @property
    def groups(self) -> tuple[FieldGroup, ...]:
        return GROUPS

    def field(self, name: str) -> FieldView:
        """One field by its name."""
        return next(field for field in self.fields if field.name == name)

    @property
    def protocol_problems(self) -> str:
        """What is wrong with the protocols."""
        return "; ".join(self.field("protocols").problems)

    @property
    def more_open(self) -> bool:
        """Whether a field that is shown on request says something that is not the default, or wrong."""
        views = [self.field(field.name) for group in GROUPS if group.closed for field in group.fields]
        return any(view.problems or view.value != view.default for view in views)


def build_train(session: Session, addresses: Addresses, options: TrainOptions) -> TrainPage:
    """The form, filled in by the address or by what was sent."""
    problems = problems_of_form(options)
    values = {name: str(getattr(options, name)) for name in FIELDS}
    return TrainPage(
        fields=[*(_field(name, values[name], problems) for name in FIELDS), _protocols(options, problems)],
        values=values,
        protocols=chosen_protocols(options),
        problems=[str(problem) for problem in problems],
        plan=None if problems else plan_training(request_of(options), limits_in(session)),
        all_protocols=list(BUILT_IN),
        max_count=MAX_COUNT,
        latest=[job_view(row, addresses) for row in jobs_of_kind(session, "train", N_LATEST)],
        url=addresses.train(),
    )


def start_training(session: Session, request: TrainRequest) -> JobRow:
    """Ask for the training; the same request again is the same job, tried again if it failed.

    Raises:
        InvalidProtocol: a protocol without a built-in name.
    """
    protocols = [named_protocol(name) for name in request.protocols]
    specs = [request.spec.model_copy(update={"seed": request.spec.seed + i}) for i in range(request.count)]
    what = request.name or specs[0].label
    title = f"Train {what}" if request.count == 1 else f"Train {request.count} networks: {what} and on"
    arguments = train_arguments(specs, name=request.name, protocols=protocols)
    return queue.enqueue(session, "train", arguments, title, asked=True, again=True)


def _field(name: str, value: str, problems: Sequence[OptionProblem]) -> FieldView:
    field = FIELDS[name]
    default = str(TrainOptions.model_fields[name].default)
    causes = [problem.cause for problem in problems if problem.option == name]
    return FieldView(name=name, label=field.label, hint=field.hint, value=value, default=default, problems=causes)


def _protocols(options: TrainOptions, problems: Sequence[OptionProblem]) -> FieldView:
    return FieldView(
        name="protocols",
        label="Analyse under",
        hint="The rules by which each network that converges is analysed at once; none is possible.",
        value=", ".join(chosen_protocols(options)),
        default=", ".join(BUILT_IN),
        problems=[problem.cause for problem in problems if problem.option == "protocols"],
    )
