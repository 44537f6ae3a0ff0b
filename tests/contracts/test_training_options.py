"""Training has the same options wherever it is asked for: the engine's, the form's, the interface's, the command's."""

from __future__ import annotations

import typer.main

from analysis.networks.training_spec import TrainingSpec
from app.cli.commands import app as command_line
from app.pages.training.form import TrainFields, TrainRequest

COMMAND = {  # option of the engine → that of the command, where they are not called the same
    "tasks": "task",
    "n_inputs": "inputs",
    "noise_std": "noise",
    "samples_per_input": "samples",
}
BEYOND = {"count", "name"}  # what is no matter of one network's training
SPEC = set(TrainingSpec.model_fields)


def command_options() -> dict[str, object]:
    command = typer.main.get_command(command_line).commands["train"]  # type: ignore[attr-defined]
    return {parameter.name: parameter.default for parameter in command.params}


def test_the_form_and_the_interface_have_every_option_of_the_engine() -> None:
    assert set(TrainFields.model_fields) == SPEC | BEYOND | {"protocols"}
    assert set(TrainRequest.model_fields) == BEYOND | {"protocols", "spec"}
    assert TrainRequest.model_fields["spec"].annotation is TrainingSpec


def test_the_command_has_every_option_of_the_engine_with_its_default() -> None:
    options = command_options()
    assert {COMMAND.get(name, name) for name in SPEC | BEYOND} <= set(options)
    for name, field in TrainingSpec.model_fields.items():
        told = options[COMMAND.get(name, name)]
        if name == "hidden":
            assert told == ",".join(map(str, field.default))
        elif told not in (None, ""):  # those stand for the default
            assert told == field.default, name
