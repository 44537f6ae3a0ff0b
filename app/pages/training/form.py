"""Networks trained here: the form, what it would do, and starting it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import BUILT_IN, NAMED, named_protocol
from pluriscope.analysis.questions.tasks import TASK_NAMES
from pluriscope.analysis.subjects.perceptron.activations import EXAMPLES, ActivationName
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec, untrained_network
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import train_arguments
from pluriscope.app.limits import limits_in
from pluriscope.app.options import PageModel
from pluriscope.app.pages.bring_in.computed import drawn
from pluriscope.app.pages.plan import planned_table
from pluriscope.figures.numbers import exact
from pluriscope.page_kit.blocks import Block, Choice, Columns, Form, Head, Notice, Side, errors_of

MAX_COUNT: Final = 100
_PLAN: Final = "plan"
SHARED_WORDS: Final = "shared-gates: complete, with equal sub-trees of an algorithm as one gate."


class Beyond(BaseModel):
    """Options of a training beyond those of one network."""

    count: int = Field(
        1, ge=1, le=MAX_COUNT, title="How many networks", description="From seeds that count up; trained side by side."
    )
    checkpoints: list[Annotated[int, Field(ge=0)]] = Field(
        [],
        title="Checkpoints",
        description="Epochs such as 0, 1, 2, 5, 10: each network as it is after them, and at the end, is stored and "
        f"analysed, converged or not; at most {MAX_COUNT} in all. Empty: none.",
    )
    name: str = Field("", max_length=200, description="Empty: made from task, sizes and seed.")
    protocols: list[Literal[tuple(NAMED)]] = Field(  # type: ignore[valid-type]
        list(BUILT_IN),
        title="Analyse under",
        description="The rules by which each network that converges is analysed at once; none: it is stored only. "
        + SHARED_WORDS,
    )

    @field_validator("checkpoints")
    @classmethod
    def _few(cls, given: list[int], about: ValidationInfo) -> list[int]:
        networks = about.data.get("count", 1)
        if networks * len(given) > MAX_COUNT:
            raise ValueError(f"{networks} networks × {len(given)} checkpoints are more than {MAX_COUNT}")
        return sorted({*given})


class TrainRequest(Beyond, PageModel):
    """Request that starts a training over HTTP."""

    spec: TrainingSpec = Field(default_factory=TrainingSpec, description="How to train.")


class TrainFields(Beyond, TrainingSpec):
    """The fields of the form: every option of training, in its words, with what is easier to read here."""

    way: Literal["train"] = Field("train", json_schema_extra={"control": "hidden"})
    tasks: tuple[str, ...] = Field(
        ("XOR",),
        title="Tasks, one for each output",
        description=f"Names ({', '.join(TASK_NAMES)}) or truth tables such as 0110, with commas between.",
    )
    hidden: tuple[int, ...] = Field(
        (3, 3), title="Hidden layers", description="Neurons of each, with commas between: 3, 3 is two layers of three."
    )
    output_activation: ActivationName | None = Field(
        None, description="Empty: as hidden layers.", json_schema_extra=EXAMPLES
    )
    # no bundled study has this seed, so what most people train first is a network that is not there yet
    seed: int = Field(2502, description="The same options and seed give the same network.")
    input_weights: tuple[float, ...] | None = Field(
        None,
        title="Input skew",
        description="How often each input is drawn, in binary order, such as 1, 1, 1, 4; empty: all equally often.",
    )


FOLDED: Final = {"checkpoints"} | (
    TrainFields.model_fields.keys()
    - Beyond.model_fields.keys()
    - {*("way", "tasks", "n_inputs", "hidden", "activation", "seed", "loss_target")}
)
_LISTS: Final = ("tasks", "hidden", "input_weights", "checkpoints", "protocols")


def read_training(sent: Mapping[str, Sequence[str]]) -> tuple[TrainRequest | None, dict[str, str]]:
    """The texts of the form as a request, None if they cannot be trained with; and what is wrong with each field.

    Args:
        sent: field with its texts; a field that is not there has its default, others are left out.
    """
    given: dict[str, Any] = {"seed": TrainFields.model_fields["seed"].default}
    for name in (TrainFields.model_fields.keys() & sent.keys()) - {"way"}:
        parts = [part.strip() for text in sent[name] for part in re.split("[,;]", text) if part.strip()]
        if name in _LISTS:
            given[name] = parts or (None if name == "input_weights" else [])
        else:
            given[name] = sent[name][0].strip() or (None if name == "output_activation" else "")
    beyond = {name: given.pop(name) for name in Beyond.model_fields if name in given}
    errors: dict[str, str] = {}
    for model, values in ((TrainingSpec, given), (Beyond, beyond)):
        try:
            model.model_validate(values)
        except ValidationError as error:
            errors |= errors_of(error)
    return (None, errors) if errors else (TrainRequest.model_validate({**beyond, "spec": given}), {})


def training_page(
    session: Session, links: Addresses, sent: Mapping[str, Sequence[str]], *, refused: bool = False
) -> Iterator[Block]:
    """The form, filled in, beside what it would do.

    Args:
        sent: field with its texts.
        refused: whether it was to be started and could not be.
    """
    request, errors = read_training(sent)
    yield Head(
        "Train a network",
        "A small multilayer perceptron on Boolean tasks, as the authors of the paper train theirs. You watch the loss "
        "fall. Each that converges is stored and analysed; each that does not is listed with the reason.",
        actions=[own_network(links, "Train an MLP")],
    )
    if refused:
        yield Notice("Nothing was started", "", "Mend what is marked and start again.", "refused")
    values = {name: ", ".join(texts) for name, texts in sent.items() if name != "way"}
    if "protocols" in sent:
        values |= {"protocols": [name for name in sent["protocols"] if name]}  # type: ignore[dict-item]
    form = Form(TrainFields, links.train(), "Start training", values, errors, folded=FOLDED, preview=_PLAN)
    yield Side([form, _plan(session, request, errors)])


def _plan(session: Session, request: TrainRequest | None, errors: Mapping[str, str]) -> Block:
    if request is None:
        causes = "; ".join(f"{name.replace('_', ' ')}: {cause.rstrip('.')}" for name, cause in errors.items())
        return Notice("Nothing can be trained as it stands", f"{causes}.", state="refused", id=_PLAN)
    spec = request.spec
    network, data = untrained_network(spec), clean_data(spec.n_inputs)  # weights as before training
    questions = [
        Question(network, output, task, named_protocol(name), data)
        for output, task in enumerate(spec.resolved_tasks())
        for name in request.protocols
    ]
    what = f"{exact(request.count)} × {'-'.join(map(str, spec.sizes))}"
    table = planned_table(questions, limits_in(session), what, "planned")
    return Columns([[*drawn(network, spec.label, "Weights before training."), table]], id=_PLAN)


def own_network(links: Addresses, chosen: str) -> Choice:
    """The ways to a network of one's own."""
    return Choice("Your network", {"From a file": links.bring_in(), "Train an MLP": links.train()}, chosen)


def start_training(session: Session, request: TrainRequest) -> JobRow:
    """Ask for the training; the same request again is the same job, tried again if it failed."""
    protocols = [named_protocol(name) for name in request.protocols]
    specs = [request.spec.model_copy(update={"seed": request.spec.seed + i}) for i in range(request.count)]
    what = request.name or specs[0].label
    title = f"Train {what}" if request.count == 1 else f"Train {request.count} networks: {what} and on"
    arguments = train_arguments(specs, name=request.name, protocols=protocols, checkpoints=request.checkpoints)
    return queue.enqueue(session, "train", arguments, title, requested=True, again=queue.ENDED_BADLY)
