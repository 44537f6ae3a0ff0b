"""`pluriscope train` and `train-model`: networks on Boolean tasks, many seeds at once; transformers, one by one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pluriscope.app.cli.signature import Within, with_fields_of
from pluriscope.app.cli.terminal import (
    DONE,
    STOPPED,
    Refusal,
    Shown,
    check_writable,
    progress_bar,
    read_bytes,
    remark,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pluriscope.analysis.subjects.perceptron.training_course import TrainingOutcome
    from pluriscope.analysis.subjects.trained import TrainingRecord
    from pluriscope.analysis.subjects.transformer.tasks import TokenTask
    from pluriscope.analysis.subjects.transformer.training import AttentionOutcome
    from pluriscope.analysis.subjects.transformer.training_spec import AttentionSpec


@with_fields_of("pluriscope.analysis.subjects.transformer.training_spec:TransformerOptions", d_mlp="mlp")
def train_model(
    *,
    rows: str = "",
    seed: int = 0,
    count: Annotated[int, Within(1, 1_000)] = 1,
    checkpoints: tuple[int, ...] = (),
    output: str = ".",
    quiet: bool = False,
    **options: Any,
) -> Shown:
    """Train transformers, or perceptrons on their tasks, and write a model file for each that converged.

    Example: pluriscope train-model --task "sum modulo" --seed 0 --count 10 --output models

    One line per model says its outcome. The same seed gives the same weights on the same kind of machine.
    pluriscope analyse finds every circuit of such a file.

    Exit codes: 0 at least one converged, 2 bad input, 3 none did.

    Args:
        rows: JSON file with rows and answers as token ids, at most 4,096, instead of a task.
        seed: Seed of the first model; the others take the following ones.
        count: How many models to train.
        checkpoints: Steps such as 0,50,100: each model as it is after them, and at the end, converged or not, goes to
            a folder of its own, which pluriscope checkpoints reads.
        output: Folder for the model files.
    """
    from pluriscope.analysis.subjects.registry import kind_of
    from pluriscope.analysis.subjects.transformer.training_spec import attention_spec

    table = _table(rows, options) if rows else None
    specs = [attention_spec({**options, "seed": seed + k}, table) for k in range(count)]
    paths = _files(output, [_model_file(spec) for spec in specs], rows)
    from pluriscope.analysis.running.work import Work
    from pluriscope.analysis.subjects.transformer.training import train_attention  # torch, once all is known to be good

    outcomes = []
    for spec, path in zip(specs, paths, strict=True):
        with progress_bar(quiet) as report:
            outcome = train_attention(spec, Work(report=report), checkpoints)
        for one in outcome.checkpoints:
            record: Any = one.training
            write_json(_checkpoint_file(path, record, spec.steps), kind_of(one).write(one))
        if outcome.model is None or not outcome.converged:
            path = ""
        else:
            write_json(path, kind_of(outcome.model).write(outcome.model))
        outcomes.append(_row(spec.seed, outcome, path))
    answer = [answer for answer, _ in outcomes]
    return _shown(answer, [line for _, line in outcomes], sum(bool(one["file"]) for one in answer), "models", quiet)


def _row(seed: int, outcome: AttentionOutcome, file: str) -> tuple[dict[str, Any], str]:
    """Outcome of training one model, as JSON values and as a line."""
    loss, right = (None, None) if outcome.model is None else (outcome.loss, outcome.right)
    ended = "" if outcome.model is None else f", {file or 'not converged'}"
    answer = {"seed": seed, "loss": loss, "steps": outcome.steps, "right": right, "file": file}
    return answer, f"seed {seed}: {outcome.words}{ended}"


def _checkpoint_file(path: str, record: TrainingRecord, most: int) -> str:
    """Path of a checkpoint of a network whose own file is at ``path``."""
    folder, digits = Path(path).with_suffix(""), max(4, len(str(most)))
    (file,) = _files(str(folder), [f"{folder.name}-{record.unit}-{record.at:0{digits}}.json"])
    return file


def _model_file(spec: AttentionSpec) -> str:
    from pluriscope.analysis.network_files.files import slug_of

    kind = "" if spec.activation == "relu" else f"-{slug_of(spec.activation)}"
    beside = (f"-mlp{spec.d_mlp}{kind}" if spec.d_mlp else "") + ("-ln" if spec.layer_norm else "")
    parts = f"perceptron-{spec.hidden}{kind}" if spec.hidden else f"{spec.layers}x{spec.heads}{beside}"
    held_out = f"-held{100 * spec.held_out:g}" if spec.held_out else ""
    return f"{slug_of(spec.task.name or 'own table')}-{parts}{held_out}-{spec.seed}.json"


def _table(rows: str, options: Mapping[str, Any]) -> TokenTask:
    """The table of rows that the options name."""
    from pluriscope.analysis.subjects.transformer.files import MAX_TABLE_BYTES, read_table

    if options.get("vocabulary") or options.get("context"):
        raise Refusal("--rows: says itself how many tokens there are. Leave --vocabulary and --context out.")
    return read_table(read_bytes(rows, "table of rows", MAX_TABLE_BYTES))


@with_fields_of(
    "pluriscope.analysis.subjects.perceptron.training_spec:TrainingSpec",
    tasks="task",
    n_inputs="inputs",
    noise_std="noise",
    samples_per_input="samples",
)
def train(
    *,
    seed: int = 0,
    count: Annotated[int, Within(1, 10_000)] = 1,
    checkpoints: tuple[int, ...] = (),
    name: str = "",
    output: str = ".",
    report: str = "",
    quiet: bool = False,
    **options: Any,
) -> Shown:
    """Train networks and write one network file for each that converged.

    Example: pluriscope train --task XOR --hidden 3,3 --seed 0 --count 100 --output networks

    Example: pluriscope train --checkpoints 0,10,20,30 --output networks

    One line per network says its outcome. pluriscope study run trains a grid of them and analyses each.

    Exit codes: 0 at least one converged, 2 bad input, 3 none converged.

    Args:
        seed: Seed of the first network; the others take the following ones.
        count: How many networks to train.
        checkpoints: Epochs such as 0,1,2,5,10: each network as it is after them, and at the end, converged or not,
            goes to a folder of its own, which pluriscope checkpoints reads.
        name: Name of the network; default: task, sizes and seed.
        output: Folder for the network files.
        report: Write options and outcome of every network.
    """
    from pluriscope.analysis.network_files.files import slug_of
    from pluriscope.analysis.subjects.perceptron.training_course import training_json
    from pluriscope.analysis.subjects.perceptron.training_spec import training_spec

    specs = [training_spec({**options, "seed": seed + k}) for k in range(count)]
    check_writable(report)
    paths = _files(output, [f"{slug_of(spec.label)}.json" for spec in specs])
    from pluriscope.analysis.running.work import Work
    from pluriscope.analysis.subjects.perceptron.training import (
        train_networks,  # torch, only now that all options are known to be good
    )

    with progress_bar(quiet) as show:
        outcomes = train_networks(specs, Work(report=show), checkpoints)
    lines = [_write(outcome, path, name, count > 1) for outcome, path in zip(outcomes, paths, strict=True)]
    answer = [training_json(outcome) for outcome in outcomes]
    if report:
        write_json(report, answer)
    return _shown(answer, lines, sum(outcome.converged for outcome in outcomes), "networks", quiet)


def _shown(answer: list[dict[str, Any]], lines: list[str], converged: int, what: str, quiet: bool) -> Shown:
    if not quiet:
        remark(f"{converged} of {len(answer)} {what} converged")
    return Shown({"outcomes": answer}, lines, DONE if converged else STOPPED)


def _files(folder: str, names: Sequence[str], *inputs: str) -> list[str]:
    """Paths of files in a folder, which is made."""
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise Refusal(f"--output {folder!r}: is no folder. Give a folder for the files.")
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"--output {folder!r}: cannot be made ({error.strerror}). Give another folder.") from None
    paths = [str(place / name) for name in names]
    for path in paths:
        check_writable(path, *inputs)
    return paths


def _write(outcome: TrainingOutcome, path: str, name: str, several: bool) -> str:
    """Write a network that converged, and every checkpoint; a line about it."""
    from pluriscope.analysis.network_files.files import NetworkFile, network_file_json

    spec, is_good = outcome.spec, outcome.converged and outcome.network is not None
    label = f"{name}, seed {spec.seed}" if name and several else name or spec.label
    for network, record in outcome.checkpoints:
        checkpoint = NetworkFile(f"{label}, epoch {record.epoch}", network, spec.resolved_tasks(), training=record)
        write_json(_checkpoint_file(path, record, spec.epochs), network_file_json(checkpoint))
    if outcome.network is not None and is_good:
        write_json(path, network_file_json(NetworkFile(label, outcome.network, spec.resolved_tasks())))
    figures = f"loss {outcome.loss:.4g}, accuracy {outcome.accuracy:.0%}, {outcome.epochs} epochs"
    return f"{path if is_good else '-'}\t{outcome.state}\t{spec.label}: {outcome.message} ({figures})"
