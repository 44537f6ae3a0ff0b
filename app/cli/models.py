"""`pluriscope train-model`, and what `import` does with transformers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.terminal import (
    DONE,
    STOPPED,
    Refusal,
    check_writable,
    progress_bar,
    read_bytes,
    remark,
    write_json,
    write_text,
)

if TYPE_CHECKING:
    from analysis.models.attention import AttentionModel
    from analysis.models.attention_tasks import TokenTask
    from analysis.models.attention_training import AttentionOutcome

MAX_COUNT = 1_000
TASK = "induction, other name, sum modulo, maximum, first token, majority, balanced brackets or parity."
Task = Annotated[str, typer.Option(help=TASK)]
Rows = Annotated[
    str, typer.Option(help="JSON file with rows and answers as token ids, at most 4,096, instead of a task.")
]
Vocabulary = Annotated[int, typer.Option(help="Tokens, with = where rows end with it; default: the task's.")]
Context = Annotated[int, typer.Option(help="Tokens of a row; default: the task's.")]


def train_model(
    task: Task = "induction",
    rows: Rows = "",
    vocabulary: Vocabulary = 0,
    context: Context = 0,
    layers: Annotated[int, typer.Option(help="Layers of heads, 1 to 3.")] = 2,
    heads: Annotated[int, typer.Option(help="Heads of each layer, 1 to 8.")] = 2,
    d_model: Annotated[int, typer.Option(help="Dimensions.")] = 16,
    d_head: Annotated[int, typer.Option(help="Dimensions of each head.")] = 8,
    positions: Annotated[bool, typer.Option(help="Whether positions are learned.")] = True,
    seed: Annotated[int, typer.Option(help="Seed of the first model; the others take the following ones.")] = 0,
    count: Annotated[int, typer.Option(help="How many models to train.")] = 1,
    steps: Annotated[int, typer.Option(help="Largest number of steps.")] = 4_000,
    learning_rate: Annotated[float, typer.Option(help="Learning rate of AdamW.")] = 0.01,
    weight_decay: Annotated[float, typer.Option(help="Weight decay of AdamW.")] = 0.01,
    loss_target: Annotated[float, typer.Option(help="Stop when the loss on all rows is below this.")] = 0.01,
    mlp: Annotated[int, typer.Option(help="Neurons of the MLP block after each layer, up to 1,024; 0: none.")] = 0,
    layer_norm: Annotated[bool, typer.Option(help="Whether everything that reads has a LayerNorm before it.")] = False,
    output: Annotated[str, typer.Option("--output", "-o", help="Folder for the model files.")] = ".",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> int:
    """Train transformers and write a model file for each that converged.

    Example: [bold]pluriscope train-model --task "sum modulo" --seed 0 --count 10 --output models[/bold]

    One line per model says its outcome. The same seed gives the same weights on the same kind of machine.
    [bold]pluriscope analyse[/bold] finds every circuit of such a file.

    Exit codes: 0 at least one converged, 2 bad input, 3 none did.
    """
    from analysis.network_files.files import slug_of

    if not 1 <= count <= MAX_COUNT:
        raise Refusal(f"--count {count}: is out of range. Give 1 to {MAX_COUNT:,}.")
    chosen = _task(task, rows, vocabulary, context)
    beside = (f"-mlp{mlp}" if mlp else "") + ("-ln" if layer_norm else "")
    paths = [
        str(Path(output) / f"{slug_of(chosen.name or 'own table')}-{layers}x{heads}{beside}-{seed + k}.json")
        for k in range(count)
    ]
    for path in paths:
        check_writable(path, rows)
    from analysis.models.attention_training import AttentionSpec, train_attention  # torch, once all is known to be good
    from analysis.work import Work

    specs = [
        AttentionSpec(
            chosen,
            layers,
            heads,
            d_model,
            d_head,
            positions,
            seed + k,
            steps,
            learning_rate,
            weight_decay,
            loss_target,
            mlp,
            layer_norm,
        )
        for k in range(count)
    ]
    n_converged = 0
    for spec, path in zip(specs, paths, strict=True):
        with progress_bar(quiet) as report:
            outcome = train_attention(spec, work=Work(report=report))
        if outcome.converged and outcome.model is not None:
            n_converged += 1
            write_model(outcome.model, path)
        write_text("-", _told(spec.seed, outcome, path) + "\n")
    if not quiet:
        remark(f"{n_converged} of {count} models converged")
    return DONE if n_converged else STOPPED


def _told(seed: int, outcome: AttentionOutcome, path: str) -> str:
    if outcome.model is None:
        return f"seed {seed}: diverged to infinite values after {outcome.steps:,} steps"
    what = f"loss {outcome.loss:.3g} after {outcome.steps:,} steps, {outcome.right} rows right"
    return f"seed {seed}: {what}, {path if outcome.converged else 'not converged'}"


def read_transformer(file: str, name: str) -> AttentionModel:
    """The transformer in a model file, under another name if one is given.

    Raises:
        Refusal: it cannot be read, or is of another kind.
        AnalysisError: a file that holds no transformer.
    """
    from analysis.models.attention import AttentionModel
    from analysis.models.registry import MAX_MODEL_BYTES, read_model
    from analysis.network_files.files import checked_name

    called = checked_name(name) if name else ""
    kind, model = read_model(read_bytes(file, "model file", MAX_MODEL_BYTES))
    if not isinstance(model, AttentionModel):
        raise Refusal(f"model file {file!r}: holds a {kind.noun}. Give a transformer.")
    return replace(model, name=called or model.name)


def _task(task: str, rows: str, vocabulary: int, context: int) -> TokenTask:
    """The task that the options name, or the table of rows."""
    from analysis.models.attention_files import MAX_TABLE_BYTES, read_table
    from analysis.models.attention_tasks import task_named

    if not rows:
        return task_named(task, vocabulary or None, context or None)
    if vocabulary or context:
        raise Refusal("--rows: says itself how many tokens there are. Leave --vocabulary and --context out.")
    return read_table(read_bytes(rows, "table of rows", MAX_TABLE_BYTES))


def write_model(model: AttentionModel, output: str) -> None:
    """Write a model file."""
    from analysis.models.attention_files import attention_document

    write_json(output, attention_document(model))
