"""`pluriscope train`: networks on Boolean tasks, many seeds at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.terminal import DONE, STOPPED, Refusal, check_writable, progress_bar, remark, write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.networks.training_course import TrainingOutcome
    from analysis.networks.training_spec import TrainingSpec

MAX_COUNT = 10_000


def train(
    task: Annotated[
        list[str] | None,
        typer.Option(help="XOR, AND, … or a truth table such as 0110; repeat it for several outputs. Default: XOR."),
    ] = None,
    inputs: Annotated[int, typer.Option(help="Number of Boolean inputs.")] = 2,
    hidden: Annotated[str, typer.Option(help="Hidden layer sizes.")] = "3,3",
    activation: Annotated[str, typer.Option(help="leaky_relu, relu, tanh, sigmoid or linear.")] = "leaky_relu",
    output_activation: Annotated[str, typer.Option(help="Of the last layer; default: the same.")] = "",
    negative_slope: Annotated[float, typer.Option(help="Slope of leaky_relu below 0.")] = 0.01,
    seed: Annotated[int, typer.Option(help="Seed of the first network; the others take the following ones.")] = 0,
    count: Annotated[int, typer.Option(help="How many networks to train.")] = 1,
    loss_target: Annotated[float, typer.Option(help="Stop when an epoch's loss is below this.")] = 0.01,
    noise: Annotated[float, typer.Option(help="Standard deviation of the noise on the inputs.")] = 0.0,
    input_weights: Annotated[str, typer.Option(help="How often each input is drawn, e.g. 1,1,1,5.")] = "",
    learning_rate: Annotated[float, typer.Option(help="Learning rate of AdamW.")] = 1e-3,
    regularisation: Annotated[str, typer.Option(help="l1 P, decay D, dropout P or prune S, with commas.")] = "",
    epochs: Annotated[int, typer.Option(help="Largest number of epochs.")] = 1000,
    batch_size: Annotated[int, typer.Option(help="Rows per step.")] = 100,
    samples: Annotated[int, typer.Option(help="Training rows drawn per Boolean input.")] = 1000,
    patience: Annotated[int, typer.Option(help="Epochs in a row without a lower loss before stopping.")] = 3,
    accuracy_target: Annotated[
        float, typer.Option(help="Smallest share of validation rows decided right; below it: not converged.")
    ] = 0.99,
    device: Annotated[str, typer.Option(help="torch device for training: cpu, cuda, …")] = "cpu",
    name: Annotated[str, typer.Option(help="Name of the network; default: task, sizes and seed.")] = "",
    output: Annotated[str, typer.Option("--output", "-o", help="Folder for the network files.")] = ".",
    report_file: Annotated[str, typer.Option("--report", help="Write options and outcome of every network.")] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> int:
    """Train networks and write one network file for each that converged.

    Example: [bold]pluriscope train --task XOR --hidden 3,3 --seed 0 --count 100 --output networks[/bold]

    One line per network says its outcome. [bold]pluriscope study run[/bold] trains a grid of them and analyses each.

    Exit codes: 0 at least one converged, 2 bad input, 3 none converged.
    """
    from analysis.networks.training_course import training_json
    from analysis.networks.training_spec import training_spec

    if not 1 <= count <= MAX_COUNT:
        raise Refusal(f"--count {count}: is out of range. Give 1 to {MAX_COUNT:,}.")
    options: dict[str, Any] = {
        "tasks": task or ["XOR"],
        "n_inputs": inputs,
        "hidden": _numbers(hidden, "--hidden", int),
        "activation": activation,
        "output_activation": output_activation or None,
        "negative_slope": negative_slope,
        "loss_target": loss_target,
        "noise_std": noise,
        "input_weights": _numbers(input_weights, "--input-weights", float) if input_weights else None,
        "learning_rate": learning_rate,
        "regularisation": regularisation,
        "epochs": epochs,
        "batch_size": batch_size,
        "samples_per_input": samples,
        "patience": patience,
        "accuracy_target": accuracy_target,
    }
    specs = [training_spec({**options, "seed": seed + k}) for k in range(count)]
    if report_file:
        check_writable(report_file)
    paths = _paths(specs, output)
    from analysis.networks.training import train_networks  # torch, only now that all options are known to be good
    from analysis.work import Work

    with progress_bar(quiet) as report:
        outcomes = train_networks(specs, Work(report=report), device=device)
    told = [_write(outcome, path, name, count > 1) for outcome, path in zip(outcomes, paths, strict=True)]
    for line in told:
        write_text("-", line + "\n")
    if report_file:
        write_text(report_file, json.dumps([training_json(outcome) for outcome in outcomes], indent=1) + "\n")
    n_converged = sum(outcome.converged for outcome in outcomes)
    if not quiet:
        remark(f"{n_converged} of {count} networks converged")
    return DONE if n_converged else STOPPED


def _numbers(text: str, option: str, kind: type) -> list[Any]:
    try:
        return (
            [kind(part) for part in text.replace("-", ",").split(",")]
            if kind is int
            else list(map(kind, text.split(",")))
        )
    except ValueError:
        raise Refusal(f"{option} {text!r}: is no list of numbers. Separate them by commas, as in 3,3.") from None


def _paths(specs: Sequence[TrainingSpec], folder: str) -> list[str]:
    from analysis.network_files.files import slug_of

    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise Refusal(f"--output {folder!r}: is no folder. Give a folder for the network files.")
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"--output {folder!r}: cannot be made ({error.strerror}). Give another folder.") from None
    paths = [str(place / f"{slug_of(spec.label)}.json") for spec in specs]
    check_writable(paths[0])
    return paths


def _line(outcome: TrainingOutcome, where: str) -> str:
    figures = f"loss {outcome.loss:.4g}, accuracy {outcome.accuracy:.0%}, {outcome.epochs} epochs"
    return f"{where or '-'}\t{outcome.state}\t{outcome.spec.label}: {outcome.message} ({figures})"


def _named(outcome: TrainingOutcome, name: str, several: bool) -> str:
    if not name:
        return outcome.spec.label
    return f"{name}, seed {outcome.spec.seed}" if several else name


def _write(outcome: TrainingOutcome, path: str, name: str, several: bool) -> str:
    from analysis.network_files.files import NetworkFile, network_file_json

    if not outcome.converged or outcome.network is None:
        return _line(outcome, "")
    file = NetworkFile(_named(outcome, name, several), outcome.network, outcome.spec.resolved_tasks())
    write_json(path, network_file_json(file))
    return _line(outcome, path)
