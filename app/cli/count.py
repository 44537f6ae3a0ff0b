"""`pluriscope count …`: the exact number of valid circuits, by one machine or in parts by several."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.cli.analyse import read_protocol
from app.cli.terminal import DONE, TROUBLE, Refusal, check_writable, progress_bar, read_bytes, remark, write_text

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from analysis.checkpoints import Checkpoint
    from analysis.circuits.counted_parts import CountPart
    from analysis.circuits.layered_states import Share
    from analysis.question import Question
    from analysis.work import Work

MAX_PART_BYTES: Final = 1 << 30
_PART: Final = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")

count = typer.Typer(
    name="count",
    no_args_is_help=True,
    help="The exact number of valid circuits, by one machine or in parts by several.",
)

File = Annotated[str, typer.Argument(help="Network file (JSON), or - for standard input.", show_default=False)]
Output = Annotated[str, typer.Option("--output", "-o", help="File to write.", show_default=False)]
ProtocolName = Annotated[str, typer.Option("--protocol", "-p", help="paper, complete, or a protocol file (JSON).")]
Data = Annotated[str, typer.Option("--data", "-d", help="Data file (JSON); default: every Boolean input once.")]
OutputIndex = Annotated[int, typer.Option("--output-index", min=0, help="Which output, from 0.")]
Draws = Annotated[int, typer.Option("--draws", min=0, help="Valid circuits to draw uniformly.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the draws.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes. Default: one for each core.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


@count.command("run")
def run(
    file: File,
    output: Output,
    part: Annotated[
        str, typer.Option("--part", help="Only part K of N, as K/N; its file is continued if it is there.")
    ] = "",
    protocol: ProtocolName = "complete",
    data: Data = "",
    output_index: OutputIndex = 0,
    draws: Draws = 1_000,
    seed: Seed = 0,
    workers: Workers = None,
    quiet: Quiet = False,
) -> int:
    """Count the valid circuits of one output exactly, with their distribution and uniform draws.

    Example: [bold]pluriscope count run wide.json --output count.json[/bold]

    One of three machines: [bold]pluriscope count run wide.json --part 2/3 --output 2.part[/bold]

    A part that was stopped is continued by the same command. Draws are made when parts are merged.

    Exit codes: 0 done, 2 bad input.
    """
    from analysis.work import Work

    question = _read_question(file, protocol, data, output_index)
    check_writable(output, file, data or file)
    processes = workers or os.cpu_count() or 1
    with progress_bar(quiet) as report:
        if not part:
            return _count(question, Work(report=report), output, draws, seed, processes)
        path, share = Path(output), _share(part)
        with _locked(path):
            known = _known_part(path, question, share)
            if known.batches and not quiet:
                remark(f"{output} is finished" if known.finished else f"{output} holds some of the part already")
            if not known.finished:
                _count_part(path, known, question, Work(report=report), processes)
    return DONE


@count.command("merge")
def merge(
    file: File,
    parts: Annotated[list[str], typer.Argument(help="Every part of the count, in any order.", show_default=False)],
    output: Output,
    protocol: ProtocolName = "complete",
    data: Data = "",
    output_index: OutputIndex = 0,
    draws: Draws = 1_000,
    seed: Seed = 0,
    workers: Workers = None,
    quiet: Quiet = False,
) -> int:
    """Add up the parts of a count: the same file as one machine writes that counts everything.

    Example: [bold]pluriscope count merge wide.json 1.part 2.part 3.part --output count.json[/bold]

    Exit codes: 0 done, 2 bad input, or parts that do not belong together.
    """
    from analysis.circuits.counted_parts import MergedParts, read_part
    from analysis.work import Work

    question = _read_question(file, protocol, data, output_index)
    check_writable(output, file, data or file, *parts)
    read = [read_part(name, read_bytes(name, "part of a count", MAX_PART_BYTES, "part")) for name in parts]
    with progress_bar(quiet) as report:
        work = Work(report=report, checkpoints=MergedParts(question, read))
        return _count(question, work, output, draws, seed, workers or os.cpu_count() or 1)


def _read_question(file: str, protocol: str, data: str, output_index: int) -> Question:
    from analysis.data import MAX_DATA_BYTES, clean_data, parse_data_file
    from analysis.network_files.files import MAX_NETWORK_BYTES, parse_network_file
    from analysis.pipeline import refuse
    from analysis.preflight import preflight
    from analysis.question import Question

    network_file = parse_network_file(read_bytes(file, "network file", MAX_NETWORK_BYTES))
    network = network_file.network
    if output_index >= network.n_outputs:
        raise Refusal(
            f"--output-index {output_index}: the network has {network.n_outputs} outputs. "
            f"Give a number from 0 to {network.n_outputs - 1}."
        )
    record = clean_data(network.n_inputs)
    if data:
        record = parse_data_file(read_bytes(data, "data file", MAX_DATA_BYTES), network.n_inputs, network.n_outputs)
    question = Question(network, output_index, network_file.tasks[output_index], read_protocol(protocol), record)
    refuse(preflight(question))
    return question


def _share(text: str) -> Share:
    from analysis.circuits.layered_states import Share

    match = _PART.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise Refusal(f"--part {text}: is no part K of N. Give two numbers with K from 1 to N, e.g. --part 2/3.")
    return Share(int(match[1]), int(match[2]))


def _count(question: Question, work: Work, output: str, draws: int, seed: int, processes: int) -> int:
    from analysis.circuits.strategy import count_circuits
    from analysis.result_file import count_json

    counted = count_circuits(question, work, n_draws=draws, seed=seed, processes=processes)
    document = count_json(question, counted, seed)
    write_text(output, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")
    return DONE


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep a second command from writing the same part; systems without such locks go without.

    Raises:
        Refusal: another process has it.
    """
    with path.open("ab") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                cause = "another process counts into it. Wait for it, or stop it."
                raise Refusal(f"output {str(path)!r}: {cause}") from None
        yield


def _known_part(path: Path, question: Question, share: Share) -> CountPart:
    """What a file holds of a part already; nothing if there is no file.

    Raises:
        Refusal: it holds something else, so that it is not overwritten.
        InvalidCountPart: it is no part of a count.
    """
    from analysis.circuits.counted_parts import CountPart, PartHead, read_part

    head = PartHead.of(question, share)
    if not path.exists() or path.stat().st_size == 0:
        return CountPart(str(path), head, (), finished=False, n_bytes=0)
    known = read_part(str(path), read_bytes(str(path), "part of a count", MAX_PART_BYTES, "part"))
    if known.head != head:
        raise Refusal(f"output {str(path)!r}: holds another part, or a part of another count. Give another path.")
    return known


def _count_part(path: Path, known: CountPart, question: Question, work: Work, processes: int) -> None:
    """Count what a file lacks of a part, appending batch after batch, each on the disk before the next."""
    from dataclasses import replace

    from analysis.checkpoints import PackedCheckpoints
    from analysis.circuits.counted_parts import framed, written_end, written_head
    from analysis.circuits.strategy import count_part

    n_batches = len(known.batches)
    try:
        with path.open("ab") as file:
            file.truncate(known.n_bytes)

            def append(data: bytes) -> None:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())

            def append_batch(batch: Checkpoint) -> None:
                nonlocal n_batches
                append(framed(batch.data))
                n_batches += 1

            if not known.n_bytes:
                append(written_head(known.head))
            before = {str(number): batch for number, batch in enumerate(known.batches)}
            checkpoints = PackedCheckpoints(before, append_batch, max_bytes=MAX_PART_BYTES)
            count_part(question, known.head.share, replace(work, checkpoints=checkpoints), processes=processes)
            append(written_end(n_batches))
    except OSError as error:
        raise Refusal(f"output {str(path)!r}: cannot be written ({error.strerror}).", TROUBLE) from None
