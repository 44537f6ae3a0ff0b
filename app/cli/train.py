"""`pluriscope train`: networks on Boolean tasks, many seeds at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.signature import Within, with_fields_of
from app.cli.terminal import DONE, STOPPED, Refusal, Shown, check_writable, progress_bar, remark, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.networks.training_course import TrainingOutcome
    from analysis.networks.training_spec import TrainingSpec


@with_fields_of(
    "analysis.networks.training_spec:TrainingSpec",
    tasks="task",
    n_inputs="inputs",
    noise_std="noise",
    samples_per_input="samples",
)
def train(
    *,
    seed: int = 0,
    count: Annotated[int, Within(1, 10_000)] = 1,
    name: str = "",
    output: str = ".",
    report: str = "",
    quiet: bool = False,
    **options: Any,
) -> Shown:
    """Train networks and write one network file for each that converged.

    Example: pluriscope train --task XOR --hidden 3,3 --seed 0 --count 100 --output networks

    One line per network says its outcome. pluriscope study run trains a grid of them and analyses each.

    Exit codes: 0 at least one converged, 2 bad input, 3 none converged.

    Args:
        seed: Seed of the first network; the others take the following ones.
        count: How many networks to train.
        name: Name of the network; default: task, sizes and seed.
        output: Folder for the network files.
        report: Write options and outcome of every network.
    """
    from analysis.networks.training_course import training_json
    from analysis.networks.training_spec import training_spec

    specs = [training_spec({**options, "seed": seed + k}) for k in range(count)]
    check_writable(report)
    paths = _paths(specs, output)
    from analysis.networks.training import train_networks  # torch, only now that all options are known to be good
    from analysis.work import Work

    with progress_bar(quiet) as tell:
        outcomes = train_networks(specs, Work(report=tell))
    lines = [_write(outcome, path, name, count > 1) for outcome, path in zip(outcomes, paths, strict=True)]
    told = [training_json(outcome) for outcome in outcomes]
    if report:
        write_json(report, told)
    n_converged = sum(outcome.converged for outcome in outcomes)
    if not quiet:
        remark(f"{n_converged} of {count} networks converged")
    return Shown({"outcomes": told}, lines, DONE if n_converged else STOPPED)


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


def _write(outcome: TrainingOutcome, path: str, name: str, several: bool) -> str:
    """Write a network that converged; a line about it."""
    from analysis.network_files.files import NetworkFile, network_file_json

    spec, is_good = outcome.spec, outcome.converged and outcome.network is not None
    if outcome.network is not None and is_good:
        called = f"{name}, seed {spec.seed}" if name and several else name or spec.label
        write_json(path, network_file_json(NetworkFile(called, outcome.network, spec.resolved_tasks())))
    figures = f"loss {outcome.loss:.4g}, accuracy {outcome.accuracy:.0%}, {outcome.epochs} epochs"
    return f"{path if is_good else '-'}\t{outcome.state}\t{spec.label}: {outcome.message} ({figures})"
