"""The training form, and what it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.errors import AnalysisError, InvalidTraining
from analysis.networks.network import ACTIVATIONS
from analysis.networks.training_spec import TrainingSpec, training_spec
from analysis.protocol import BUILT_IN, named_protocol
from analysis.tasks import TASK_NAMES
from app.addressing import Addresses
from app.db.tables import JobRow
from app.jobs import queue
from app.jobs.definitions import train_arguments
from app.pages.options import Options, PageModel

MAX_COUNT: Final = 100
_DEFAULTS: Final = TrainingSpec()
_LISTS: Final = {"tasks": str, "hidden": int, "input_weights": float}
_WHOLE: Final = ("n_inputs", "seed", "epochs", "batch_size", "samples_per_input", "patience")
_DECIMAL: Final = ("loss_target", "noise_std", "learning_rate", "negative_slope", "accuracy_target")


class TrainOptions(Options):
    """Options that fill in the form: the texts of its fields, so that a filled-in form can be linked to."""

    tasks: str = Field("XOR", max_length=400, description="One task per output, separated by commas.")
    n_inputs: str = Field(str(_DEFAULTS.n_inputs), max_length=8, description="Number of Boolean inputs.")
    hidden: str = Field("3, 3", max_length=80, description="Hidden layer sizes, separated by commas.")
    activation: str = Field(_DEFAULTS.activation, max_length=20, description="Hidden activation.")
    output_activation: str = Field("", max_length=20, description="Output activation; empty: the hidden one.")
    negative_slope: str = Field(
        str(_DEFAULTS.negative_slope), max_length=24, description="Slope of leaky ReLU below 0."
    )
    seed: str = Field("0", max_length=24, description="Seed of the first network; the next ones count up.")
    count: str = Field("1", max_length=8, description="How many networks to train, each from its own seed.")
    loss_target: str = Field(str(_DEFAULTS.loss_target), max_length=24, description="Training stops below this loss.")
    noise_std: str = Field("0", max_length=24, description="Standard deviation of the noise added to the inputs.")
    input_weights: str = Field("", max_length=1000, description="How often each Boolean input is drawn, relative.")
    learning_rate: str = Field(str(_DEFAULTS.learning_rate), max_length=24, description="Learning rate of AdamW.")
    epochs: str = Field(str(_DEFAULTS.epochs), max_length=8, description="Largest number of epochs.")
    batch_size: str = Field(str(_DEFAULTS.batch_size), max_length=8, description="Rows per step.")
    samples_per_input: str = Field(
        str(_DEFAULTS.samples_per_input), max_length=8, description="Training rows drawn per Boolean input."
    )
    patience: str = Field(str(_DEFAULTS.patience), max_length=8, description="Epochs without progress before stopping.")
    accuracy_target: str = Field(
        str(_DEFAULTS.accuracy_target), max_length=24, description="Smallest share of validation rows decided right."
    )
    name: str = Field("", max_length=200, description="Name of the network; empty: made from the options.")


class TrainRequest(PageModel):
    """What ``POST /api/v1/train`` takes."""

    spec: TrainingSpec = Field(default_factory=TrainingSpec, description="How to train.")
    count: int = Field(1, ge=1, le=MAX_COUNT, description="How many networks, from seeds spec.seed, spec.seed + 1, …")
    name: str = Field("", max_length=200, description="Name of the network; empty: made from the options.")
    protocols: list[str] = Field(
        default_factory=lambda: ["complete", "paper"],
        description="Protocols under which each network that converges is analysed; may be empty.",
    )


class TrainPage(PageModel):
    """The form with its values, and what is wrong with them."""

    values: dict[str, str]
    protocols: list[str] = Field(description="Protocols that are ticked.")
    problems: list[str] = Field(description="What was wrong with the values sent, all at once; empty at first.")
    task_names: list[str]
    activations: list[str]
    all_protocols: list[str]
    max_count: int
    url: str


def build_train(
    addresses: Addresses, options: TrainOptions, problems: Sequence[str] = (), protocols: Sequence[str] | None = None
) -> TrainPage:
    """The form, filled in by the address or by what was sent."""
    return TrainPage(
        values=options.model_dump(exclude={"theme"}),
        protocols=list(BUILT_IN) if protocols is None else list(protocols),
        problems=list(problems),
        task_names=list(TASK_NAMES),
        activations=list(ACTIVATIONS),
        all_protocols=list(BUILT_IN),
        max_count=MAX_COUNT,
        url=addresses.train(),
    )


def request_from_form(options: TrainOptions, protocols: Sequence[str]) -> TrainRequest:
    """The texts of the form as a request.

    Raises:
        InvalidTraining: texts that are no numbers, or values out of range; all named at once.
    """
    values: dict[str, Any] = options.model_dump(include=set(TrainingSpec.model_fields))
    problems: list[str] = []
    for field, kind in _LISTS.items():
        parts = [part.strip() for part in values[field].replace(";", ",").split(",") if part.strip()]
        values[field] = [_number(field, part, kind, problems) for part in parts]
    values["input_weights"] = values["input_weights"] or None
    for field in _WHOLE:
        values[field] = _number(field, values[field], int, problems)
    for field in _DECIMAL:
        values[field] = _number(field, values[field], float, problems)
    values["output_activation"] = values["output_activation"] or None
    count = _number("count", options.count, int, problems)
    if isinstance(count, int) and not 1 <= count <= MAX_COUNT:
        problems.append(f"count {count}: use 1 to {MAX_COUNT}")
    if problems:
        raise InvalidTraining("training options", "; ".join(problems), "correct them and start again")
    return TrainRequest(spec=training_spec(values), count=count, name=options.name.strip(), protocols=list(protocols))


def filled_in_problems(options: TrainOptions) -> list[str]:
    """What is wrong with the options that an address fills the form in with, [] if nothing is."""
    try:
        request_from_form(options, ())
    except AnalysisError as error:
        return problems_of(error)
    return []


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


def problems_of(error: AnalysisError) -> list[str]:
    """The separate problems that one error names."""
    if not isinstance(error, InvalidTraining):
        return [str(error)]
    return [part.strip() for part in error.cause.split(";") if part.strip()]


def _number(field: str, text: str, kind: type, problems: list[str]) -> Any:
    if kind is str:
        return text
    try:
        return kind(text)
    except (ValueError, OverflowError):
        problems.append(f"{field} {text[:40]!r}: is not {'a whole number' if kind is int else 'a number'}")
        return None


def form_options(form: Mapping[str, Any]) -> TrainOptions:
    """The fields of a sent form; unknown ones are left out, since buttons and browsers add their own."""
    known = {name: str(form[name]) for name in TrainOptions.model_fields if name in form and name != "theme"}
    return TrainOptions().model_copy(update=known)  # not validated: an emptied field is empty here, not the default
