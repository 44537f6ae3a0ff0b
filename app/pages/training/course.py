"""Course of the training of networks, as pages show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.subjects.perceptron.training_spec import MESSAGES, TrainingSpec, training_spec
from pluriscope.app.db.codecs import tasks_of
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.options import PageModel
from pluriscope.figures.charts import Axis, Chart, Look, Mark, Series

LossPoint = tuple[int, float | None]
End = Literal["converged", "failed", "running"]


def loss_series(name: str, losses: Sequence[LossPoint], end: End, url: str = "") -> Series:
    """Loss curve of one network, dashed if it did not converge."""
    look: Look = "dashed" if end == "failed" else "ink"
    return Series(name, [at for at, _ in losses], [loss for _, loss in losses], urls=[url] * len(losses), look=look)


def loss_chart(curves: Sequence[Series], target: float, unit: str = "epoch") -> Chart:
    """The loss of some networks with the target below which training stops.

    Args:
        curves: their losses.
        target: it.
        unit: what is counted from left to right.
    """
    marks = (Mark(target, f"target {target:g}", "y"),)
    return Chart("lines", f"Loss by {unit}", Axis(unit), Axis("loss", log=True), curves, marks)


class TrainedNetwork(PageModel):
    """Network of a training with its course."""

    name: str
    state: str = Field(description="How it ended: converged, stopped_early, …")
    message: str
    epochs: int
    loss: float | None
    accuracy: float | None = Field(description="Share of validation rows decided right.")
    url: str = Field(description="The network, empty if it did not converge.")
    known_as: list[str] = Field(
        [], description="Other names under which the same weights were saved or found by a study; empty if none were."
    )
    seed: int | None
    losses: list[LossPoint] = Field(description="(epoch, loss), thinned; null where it was no finite number.")
    decided: list[str] = Field(
        description="For each output what it answers on every input: 1 above 0.5, else 0; ? where it is no number."
    )
    n_right: int | None = Field(description="Inputs on which every output answers right; null where that is not known.")

    @property
    def end(self) -> End:
        return "converged" if self.state == "converged" else "failed"

    @property
    def curve(self) -> Series:
        return loss_series(self.name, self.losses, self.end, self.url)


class Learning(PageModel):
    """Course of the training of networks of one specification."""

    tasks: list[str]
    targets: list[list[int]] = Field(description="Truth table of each output.")
    inputs: list[str] = Field(description="The Boolean inputs in binary order.")
    loss_target: float
    max_epochs: int
    options: dict[str, Any] = Field(description="Options of training, the seed that of the first network.")
    networks: list[TrainedNetwork]
    again_url: str = Field(description="The form filled in with these options.")

    @property
    def chart(self) -> Chart:
        return loss_chart([network.curve for network in self.networks if network.losses], self.loss_target)

    @property
    def n_converged(self) -> int:
        return sum(network.state == "converged" for network in self.networks)

    @property
    def n_failed(self) -> int:
        return len(self.networks) - self.n_converged

    @property
    def thinning(self) -> str:
        """Words for how much of the first network's curve is drawn."""
        network = self.networks[0]
        if len(network.losses) >= network.epochs:
            return "every epoch"
        return f"{len(network.losses)} of {network.epochs:,} epochs, the first and the last among them"


def learning_of_job(row: JobRow, addresses: Addresses) -> Learning | None:
    """Course of the networks of a training job; None before its end, and for other jobs."""
    outcomes = row.result.get("outcomes") if row.kind == "train" else None
    if not outcomes:
        return None
    try:
        spec = training_spec(row.arguments["specs"][0])
    except AnalysisError:  # options of another version: the job itself says so
        return None
    networks = [_network(outcome, spec, addresses) for outcome in outcomes]
    return _learning(spec, spec.resolved_tasks(), networks, addresses)


def learning_of_network(row: NetworkRow, addresses: Addresses) -> Learning | None:
    """Course of the training of a network; None if that is not known here."""
    training = row.training
    if not training.get("losses"):
        return None
    try:
        spec = training_spec(training["options"])
    except (AnalysisError, KeyError):
        return None
    tasks = tasks_of(row)
    if len(tasks) != len(spec.tasks):
        return None
    return _learning(spec, tasks, [_network({**training, "name": row.name}, spec, addresses)], addresses)


def same_again(row: NetworkRow, addresses: Addresses) -> str:
    """The form filled in with the very options and seed of a network without a curve; "" where they are not known."""
    options = row.training.get("options")
    return _again(addresses, options) if options and not row.training.get("losses") else ""


def _again(addresses: Addresses, options: Mapping[str, Any]) -> str:
    """The form filled in with these options of training."""
    return addresses.train(**{name: _typed(value) for name, value in options.items() if value is not None})


def _typed(value: Any) -> str:
    """A value as it is typed."""
    if isinstance(value, list | tuple):
        return ", ".join(map(_typed, value))
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _learning(
    spec: TrainingSpec, tasks: Sequence[Task], networks: list[TrainedNetwork], addresses: Addresses
) -> Learning:
    options = spec.model_dump(mode="json")
    return Learning(
        tasks=[task.label for task in tasks],
        targets=[list(task.truth_table) for task in tasks],
        inputs=[format(row, f"0{spec.n_inputs}b") for row in range(2**spec.n_inputs)],
        loss_target=spec.loss_target,
        max_epochs=spec.epochs,
        options=options,
        networks=networks,
        again_url=_again(addresses, {**options, "count": len(networks)}),
    )


def _network(outcome: Mapping[str, Any], spec: TrainingSpec, addresses: Addresses) -> TrainedNetwork:
    outputs = outcome.get("outputs") or []
    decided, n_right = _decided(outputs[-1][1], spec) if outputs else ([], None)
    state = outcome["state"]
    options = outcome.get("options") or {}
    return TrainedNetwork(
        name=outcome["name"],
        seed=options.get("seed", outcome.get("seed")),
        state=state,
        message=outcome.get("message") or MESSAGES.get(state, ""),
        epochs=outcome["epochs"],
        loss=outcome["loss"],
        accuracy=outcome["accuracy"],
        url=addresses.prefix + outcome["url"] if outcome.get("url") else "",
        known_as=outcome.get("known_as") or [],
        losses=[(int(epoch), loss) for epoch, loss in outcome.get("losses", [])],
        decided=decided,
        n_right=n_right,
    )


def _decided(rows: Sequence[Sequence[float | None]], spec: TrainingSpec) -> tuple[list[str], int]:
    """Answers of each output on every input, and the number of inputs on which all are right."""
    tables = [task.truth_table for task in spec.resolved_tasks()]
    signs = [["?" if value is None else str(answers(np.array(value))) for value in row] for row in rows]
    right = sum(
        all(sign == str(table[number]) for sign, table in zip(row, tables, strict=True))
        for number, row in enumerate(signs)
    )
    return ["".join(row[output] for row in signs) for output in range(len(tables))], right
