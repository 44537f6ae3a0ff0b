"""What a training and the analyses behind it will take, told before anything is started."""

from __future__ import annotations

from pydantic import Field

from analysis.data import clean_data
from analysis.errors import AnalysisError
from analysis.limits import Limits
from analysis.networks.training_cost import training_cost, untrained_network
from analysis.preflight import preflight
from analysis.protocol import named_protocol
from analysis.question import Question
from app.expected import expected_chain
from app.figures.numbers import duration
from app.pages.options import PageModel
from app.pages.plan import PlanView, refused, view_of
from app.pages.training.options import TrainRequest


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
    steps_per_epoch: int
    epochs: int = Field(description="A common number of epochs; how many are needed is known only afterwards.")
    seconds: float = Field(description="Predicted for all networks together, on one core, for so many epochs.")
    most_seconds: float = Field(description="The same if a network needs every epoch that is allowed.")
    analyses: list[PlannedAnalysis] = Field(
        description="For each network that converges; planned on weights as before training."
    )

    @property
    def words(self) -> str:
        """The time in words."""
        return f"about {duration(self.seconds)}, at most {duration(self.most_seconds)}"


def plan_training(request: TrainRequest, limits: Limits) -> TrainingPlan:
    """The plan of a sound request."""
    spec = request.spec
    cost = training_cost(spec, request.count)
    network, data = untrained_network(spec), clean_data(spec.n_inputs)
    analyses = []
    for output, task in enumerate(spec.resolved_tasks()):
        for name in request.protocols:
            protocol = named_protocol(name)
            question = Question(network, output, task, protocol, data)
            problems = preflight(question)
            if problems:
                plan = refused(problems, limits)
            else:
                try:
                    chain = expected_chain(question, limits, trained=False)
                    plan = view_of(chain, limits)
                except AnalysisError as error:
                    plan = refused((error,), limits)
            label = task.name or "".join(map(str, task.truth_table))
            analyses.append(PlannedAnalysis(output=output, task=label, protocol=name, plan=plan))
    return TrainingPlan.showing(
        cost,
        shape="-".join(map(str, spec.sizes)),
        networks=request.count,
        steps_per_epoch=cost.steps,
        analyses=analyses,
    )
