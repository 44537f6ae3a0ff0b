"""Training has the same options wherever it is asked for: the engine's, the form's, the interface's, the command's."""

from __future__ import annotations

from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec
from pluriscope.analysis.subjects.transformer.training_spec import TransformerOptions
from pluriscope.app.cli.signature import parameters_of
from pluriscope.app.cli.train import train, train_model
from pluriscope.app.pages.training.form import TrainFields, TrainRequest

COMMAND = {  # option of the engine → that of the command, where they are not called the same
    "tasks": "task",
    "n_inputs": "inputs",
    "noise_std": "noise",
    "samples_per_input": "samples",
}
BEYOND = {"count", "name", "checkpoints"}  # what is no matter of one network's training
SPEC = set(TrainingSpec.model_fields)


def test_the_form_the_interface_and_the_command_have_every_option_of_the_engine() -> None:
    assert set(TrainFields.model_fields) == SPEC | BEYOND | {"protocols", "way"}
    assert set(TrainRequest.model_fields) == BEYOND | {"protocols", "spec"}
    assert TrainRequest.model_fields["spec"].annotation is TrainingSpec
    assert {COMMAND.get(name, name) for name in SPEC | BEYOND} <= {one.name for one in parameters_of(train)}


def test_a_transformer_has_the_same_options_over_http_and_at_the_command_line() -> None:
    spec = set(TransformerOptions.model_fields)
    assert {"mlp" if name == "d_mlp" else name for name in spec} <= {one.name for one in parameters_of(train_model)}
