"""What commands say on stderr, how they read and write files, and the exit codes they leave with."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from analysis.progress import Progress, Report, silent

DONE: Final = 0
TROUBLE: Final = 1
BAD_INPUT: Final = 2
STOPPED: Final = 3
INTERRUPTED: Final = 130
STANDARD: Final = "-"
CLEAR: Final = "\r\x1b[K"  # to the beginning of a terminal's line, and nothing behind


class Refusal(Exception):
    """A command cannot do what it was asked; the message is one line for people.

    Args:
        message: item, cause and cure in one line.
        exit_code: 2 for bad input, 3 for work stopped at a limit, 1 for trouble with this machine.
    """

    def __init__(self, message: str, exit_code: int = BAD_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Shown:
    """What a command has to show.

    Args:
        record: as a server tells it, or the content of a file: a mapping, or a pydantic model.
        lines: the same for people, on standard output.
        code: that the command ends with.
    """

    record: Any
    lines: Sequence[str] = ()
    code: int = DONE


def written(name: str, document: Mapping[str, Any], code: int = DONE) -> Shown:
    """A document, written to a file if one is named; on stderr what it lacks, which ends the command with 3."""
    if name:
        write_json(name, document)
    missing = document.get("missing", ())
    for sentence in missing:
        remark(f"stopped at a limit: {sentence}")
    return Shown(document, code=STOPPED if missing else code)


def complain(message: str) -> None:
    """One line on stderr, with anything that could break the line or the terminal made visible."""
    line = " ".join(message.split())
    sys.stderr.write("pluriscope: " + "".join(c if c.isprintable() else repr(c)[1:-1] for c in line) + "\n")


def remark(message: str) -> None:
    """A line on stderr that is no error."""
    sys.stderr.write(message + "\n")


def read_bytes(name: str, what: str, max_bytes: int, form: str = "JSON file") -> bytes:
    """Read a file, or standard input for "-", but never more than one byte beyond the limit.

    Args:
        name: path or "-".
        what: what it should be, e.g. "network file".
        max_bytes: limit of that kind of file; the parser refuses what is longer.
        form: what to give instead of what cannot be read.

    Raises:
        Refusal: no such file, no file at all, or not readable.
    """
    if name == STANDARD:
        return sys.stdin.buffer.read(max_bytes + 1)
    try:
        with Path(name).open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode) and not stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
                raise Refusal(f"{what} {name!r}: is no file. Give the path of a {form}.")
            return file.read(max_bytes + 1)
    except IsADirectoryError:
        raise Refusal(f"{what} {name!r}: is a folder. Give the path of a {form}.") from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise Refusal(f"{what} {name!r}: cannot be read ({cause}). Give the path of a {form}.") from None


def check_writable(name: str, *inputs: str) -> None:
    """Refuse an output that could not be written, before any work is done.

    Args:
        name: path or "-"; "" for none.
        inputs: paths that are read and must not be overwritten.

    Raises:
        Refusal: a folder, a file that is also an input, or a place that does not exist or is not writable.
    """
    if name in (STANDARD, ""):
        return
    path = Path(name)
    if path.is_dir():
        raise Refusal(f"output {name!r}: is a folder. Give the path of a file.")
    if not path.parent.is_dir():
        raise Refusal(f"output {name!r}: its folder does not exist. Make the folder first.")
    if any(given != STANDARD and path.exists() and path.samefile(given) for given in inputs if Path(given).exists()):
        raise Refusal(f"output {name!r}: is one of the inputs. Give another path.")
    if not os.access(path.parent, os.W_OK):
        raise Refusal(f"output {name!r}: its folder is not writable. Choose another folder.")


def check_output(name: str, as_json: bool, *inputs: str) -> None:
    """The same for a command that has nothing to show but a document.

    Args:
        name: see :func:`check_writable`.
        as_json: whether it goes to standard output anyway.
        inputs: likewise.

    Raises:
        Refusal: besides, neither is given.
    """
    if not (name or as_json):
        raise Refusal("nowhere to write. Give --output FILE, or --json.")
    check_writable(name, *inputs)


def write_text(name: str, text: str) -> None:
    """Write a file in one step: it is there whole, or as it was before. "-" is standard output."""
    if name == STANDARD:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    write_bytes(name, (text.encode(),))


def write_json(name: str, document: Any) -> None:
    """Write JSON values as one line; see :func:`write_text`."""
    write_text(name, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")


def write_bytes(name: str, parts: Iterable[bytes]) -> None:
    """As :func:`write_text`, for a file that is no text."""
    if name == STANDARD:
        sys.stdout.buffer.writelines(parts)
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)  # mkstemp makes it private
        Path(temporary).replace(path)
        temporary = ""
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[Report]:
    """Progress on stderr: a line for each stage when it ends, and on a terminal one that moves until then.

    A request to stop raises KeyboardInterrupt, SIGTERM as well as Ctrl-C.

    Args:
        quiet: show nothing.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    in_main = threading.current_thread() is threading.main_thread()  # only the main thread may set handlers
    former = signal.signal(signal.SIGTERM, stop) if in_main else None
    try:
        yield silent if quiet else _lines(moving=sys.stderr.isatty())
    finally:
        if in_main:
            signal.signal(signal.SIGTERM, former)


def _lines(*, moving: bool) -> Report:
    finished: set[tuple[str, str]] = set()

    def report(progress: Progress, /) -> None:
        line = (progress.stage, progress.found)
        if progress.done >= progress.total and line not in finished:
            finished.add(line)
            remark(f"{CLEAR if moving else ''}{progress.stage}: {progress.found or 'done'}")
        elif moving and progress.done < progress.total:
            share = progress.done / max(progress.total, 1)
            sys.stderr.write(f"{CLEAR}{progress.stage} {share:4.0%}  {progress.found}"[:100])
            sys.stderr.flush()

    return report
