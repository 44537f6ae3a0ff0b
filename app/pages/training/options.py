"""The options of the training form: what each is, from its texts to a request, and everything wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field

from analysis.errors import AnalysisError, InvalidTraining
from analysis.networks.network import ACTIVATIONS
from analysis.networks.training_spec import MAX_HIDDEN_WIDTH, OptionProblem, TrainingSpec, training_problems
from analysis.protocol import BUILT_IN, named_protocol
from analysis.tasks import MAX_INPUTS, TASK_NAMES
from app.options import Options, PageModel

MAX_COUNT: Final = 100
DEFAULT_SEED: Final = 2502
"""Of the form. No bundled study has it, so what most people train first is a network that is not there yet."""
_DEFAULTS: Final = TrainingSpec()
_LISTS: Final = {"tasks": str, "hidden": int, "input_weights": float}
_WHOLE: Final = ("n_inputs", "seed", "epochs", "batch_size", "samples_per_input", "patience")
_DECIMAL: Final = ("loss_target", "noise_std", "learning_rate", "negative_slope", "accuracy_target")


class TrainOptions(Options):
    """Options that fill in the form: the texts of its fields, so that a filled-in form can be linked to."""

    tasks: str = Field("XOR", max_length=600, description="One task per output, separated by commas.")
    n_inputs: str = Field(str(_DEFAULTS.n_inputs), max_length=8, description="Number of Boolean inputs.")
    hidden: str = Field("3, 3", max_length=80, description="Hidden layer sizes, separated by commas.")
    activation: str = Field(_DEFAULTS.activation, max_length=20, description="Hidden activation.")
    output_activation: str = Field("", max_length=20, description="Output activation; empty: the hidden one.")
    negative_slope: str = Field(
        str(_DEFAULTS.negative_slope), max_length=24, description="Slope of leaky ReLU below 0."
    )
    seed: str = Field(
        str(DEFAULT_SEED), max_length=24, description="Seed of the first network; the next ones count up."
    )
    count: str = Field("1", max_length=8, description="How many networks to train, each from its own seed.")
    loss_target: str = Field(str(_DEFAULTS.loss_target), max_length=24, description="Training stops below this loss.")
    noise_std: str = Field("0", max_length=24, description="Standard deviation of the noise added to the inputs.")
    input_weights: str = Field("", max_length=1000, description="How often each Boolean input is drawn, relative.")
    learning_rate: str = Field(str(_DEFAULTS.learning_rate), max_length=24, description="Learning rate of AdamW.")
    regularisation: str = Field("", max_length=100, description="Penalties, dropout and pruning, such as 'l1 0.001'.")
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
    protocols: list[str] = Field(
        default_factory=lambda: list(BUILT_IN),
        max_length=8,
        description="Protocols under which each network that converges is analysed; one empty text: none.",
    )


class TrainRequest(PageModel):
    """What ``POST /api/v1/train`` takes."""

    spec: TrainingSpec = Field(default_factory=TrainingSpec, description="How to train.")
    count: int = Field(1, ge=1, le=MAX_COUNT, description="How many networks, from seeds spec.seed, spec.seed + 1, …")
    name: str = Field("", max_length=200, description="Name of the network; empty: made from the options.")
    protocols: list[str] = Field(
        default_factory=lambda: ["complete", "paper"],
        description="Protocols under which each network that converges is analysed; may be empty.",
    )


@dataclass(frozen=True)
class FormField:
    """One field of the form.

    Args:
        name: of the option.
        label: above the field.
        hint: what it does, in a line.
        kind: how it is filled in.
        step: of a number.
        least, most: of a number, "" where there is none.
        choices: (value, words) of a choice.
    """

    name: str
    label: str
    hint: str
    kind: Literal["text", "number", "choice"] = "text"
    step: str = "any"
    least: str = "0"
    most: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class FieldGroup:
    """Fields under one heading; those of a closed group are for who looks for them."""

    title: str
    fields: tuple[FormField, ...]
    closed: bool = False


_ACTIVATIONS: Final = tuple((name, name.replace("_", " ")) for name in ACTIVATIONS)
GROUPS: Final = (
    FieldGroup(
        "What to learn",
        (
            FormField(
                "tasks",
                "Tasks, one per output",
                f"Names ({', '.join(TASK_NAMES)}) or truth tables such as 0110, separated by commas. "
                "Several are learned at once and share the hidden layers.",
            ),
            FormField(
                "n_inputs",
                "Boolean inputs",
                f"1 to {MAX_INPUTS}, shared by all tasks.",
                "number",
                "1",
                "1",
                str(MAX_INPUTS),
            ),
            FormField(
                "hidden",
                "Hidden layers",
                f"Neurons of each, separated by commas: 3, 3 is two layers of three. 1 to {MAX_HIDDEN_WIDTH} each.",
            ),
            FormField(
                "activation",
                "Hidden activation",
                "What each hidden neuron does to its sum.",
                "choice",
                choices=_ACTIVATIONS,
            ),
        ),
    ),
    FieldGroup(
        "Runs and stopping",
        (
            FormField("seed", "Seed", "The same options and seed give the same network.", "number", "1"),
            FormField(
                "count",
                "How many networks",
                f"1 to {MAX_COUNT}, from seeds that count up; trained side by side.",
                "number",
                "1",
                "1",
                str(MAX_COUNT),
            ),
            FormField(
                "loss_target",
                "Loss target",
                "Training stops when the mean squared error of an epoch is below it.",
                "number",
            ),
            FormField("name", "Name", "Empty: made from task, sizes and seed."),
        ),
    ),
    FieldGroup(
        "The data",
        (
            FormField(
                "samples_per_input",
                "Training rows per input",
                "Drawn at random, so many for each Boolean input.",
                "number",
                "1",
                "1",
            ),
            FormField(
                "input_weights",
                "Input skew",
                "How often each input is drawn, in binary order, e.g. 1, 1, 1, 4; empty: all equally often.",
            ),
            FormField("noise_std", "Noise", "Standard deviation of normal noise added to the inputs.", "number"),
        ),
        closed=True,
    ),
    FieldGroup(
        "Activations in detail",
        (
            FormField(
                "output_activation",
                "Output activation",
                "The paper's networks use the hidden one there too.",
                "choice",
                choices=(("", "the hidden one (as in the paper)"), *_ACTIVATIONS),
            ),
            FormField("negative_slope", "Slope of leaky ReLU below 0", "At least 0, below 1.", "number"),
        ),
        closed=True,
    ),
    FieldGroup(
        "The optimiser (AdamW, weight decay .01)",
        (
            FormField("learning_rate", "Learning rate", "Length of a step; too large, and the loss grows.", "number"),
            FormField("batch_size", "Batch", "Training rows for each step.", "number", "1", "1"),
            FormField(
                "regularisation",
                "Regularisation",
                "l1, decay (in place of .01), dropout or prune with a number, e.g. l1 0.001, prune 0.5; empty: none.",
            ),
        ),
        closed=True,
    ),
    FieldGroup(
        "When to give up",
        (
            FormField("epochs", "Epochs at most", "Passes over the training rows.", "number", "1", "1"),
            FormField(
                "patience",
                "Patience",
                "So many epochs in a row without a lower loss, and training stops without having converged.",
                "number",
                "1",
                "1",
            ),
            FormField(
                "accuracy_target",
                "Validation rows that must be right",
                "A share, 0 to 1; below it a network counts as not converged, whatever its loss.",
                "number",
                most="1",
            ),
        ),
        closed=True,
    ),
)
FIELDS: Final = {field.name: field for group in GROUPS for field in group.fields}


def form_options(form: Mapping[str, Any], protocols: Sequence[str]) -> TrainOptions:
    """The fields of a sent form; unknown ones are left out, since buttons and browsers add their own."""
    known = {name: str(form[name]) for name in FIELDS if name in form}
    # not validated: an emptied field is empty here, not the default
    return TrainOptions().model_copy(update={**known, "protocols": list(protocols)})


def problems_of_form(options: TrainOptions) -> tuple[OptionProblem, ...]:
    """Everything that is wrong with the texts of the form, field by field, in its order."""
    values, problems = _values(options)
    named = {problem.option for problem in problems}
    # what is no number is told as such, not once more as a value of the wrong type
    sound = {name: value for name, value in values.items() if name not in named}
    problems += [
        OptionProblem(name, problem.cause)
        for problem in training_problems(sound)
        if (name := problem.option.partition(".")[0]) not in named
        and not (problem.option in ("tasks", "input_weights") and "n_inputs" in named)
    ]
    count = _number("count", options.count, int, problems)
    if isinstance(count, int) and not 1 <= count <= MAX_COUNT:
        problems.append(OptionProblem("count", f"count {count}: use 1 to {MAX_COUNT}"))
    for name, most in (("tasks", 600), ("input_weights", 1000), ("name", 200)):
        if len(getattr(options, name)) > most:
            problems.append(OptionProblem(name, f"is longer than {most} characters"))
    for name in chosen_protocols(options):
        try:
            named_protocol(name)
        except AnalysisError as error:
            problems.append(OptionProblem("protocols", str(error)))
    order = [*FIELDS, "protocols"]
    return tuple(sorted(problems, key=lambda p: order.index(p.option) if p.option in order else len(order)))


def chosen_protocols(options: TrainOptions) -> list[str]:
    """The protocols that are ticked; a form says with an empty one that it was sent."""
    return [name for name in options.protocols if name]


def request_of(options: TrainOptions) -> TrainRequest:
    """The texts of the form as a request.

    Raises:
        InvalidTraining: texts that are no numbers, or values out of range; all named at once.
    """
    problems = problems_of_form(options)
    if problems:
        raise InvalidTraining("training options", "; ".join(map(str, problems)), "correct them and start again")
    values, _ = _values(options)
    return TrainRequest(
        spec=TrainingSpec.model_validate(values),
        count=int(options.count),
        name=options.name.strip(),
        protocols=chosen_protocols(options),
    )


def as_text(value: Any) -> str:
    """A value as it is typed."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(as_text, value))
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _values(options: TrainOptions) -> tuple[dict[str, Any], list[OptionProblem]]:
    """Numbers and lists where the form has texts, and what is none."""
    values: dict[str, Any] = options.model_dump(include=set(TrainingSpec.model_fields))
    problems: list[OptionProblem] = []
    for field, kind in _LISTS.items():
        parts = [part.strip() for part in values[field].replace(";", ",").split(",") if part.strip()]
        values[field] = tuple(_number(field, part, kind, problems) for part in parts)
    values["input_weights"] = values["input_weights"] or None
    for field in _WHOLE:
        values[field] = _number(field, values[field], int, problems)
    for field in _DECIMAL:
        values[field] = _number(field, values[field], float, problems)
    values["output_activation"] = values["output_activation"] or None
    return values, problems


def _number(field: str, text: str, kind: type, problems: list[OptionProblem]) -> Any:
    if kind is str:
        return text
    try:
        return kind(text)
    except (ValueError, OverflowError):
        cause = f"{text[:40]!r} is not {'a whole number' if kind is int else 'a number'}" if text else "is empty"
        problems.append(OptionProblem(field, cause))
        return None
