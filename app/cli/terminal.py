"""Output of commands on stderr, reading and writing of files, and exit codes."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, Final

from pluriscope.analysis.running.progress import Progress, Report, silent

DONE: Final = 0
TROUBLE: Final = 1
BAD_INPUT: Final = 2
STOPPED: Final = 3
INTERRUPTED: Final = 130
STANDARD: Final = "-"
_FINDING_SECONDS: Final = 3.0
CLEAR: Final = "\r\x1b[K"  # to the beginning of a terminal's line, and nothing behind


class Refusal(Exception):
    """Error that ends a command; the message is one line for people.

    Args:
        message: item, cause and cure in one line.
        exit_code: 2 for bad input, 3 for work stopped at a limit, 1 for trouble with this machine.
    """

    def __init__(self, message: str, exit_code: int = BAD_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Shown:
    """Result of a command, for programs and for people.

    Args:
        record: as a server sends it, or the content of a file: a mapping, or a pydantic model.
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
    """Write one line on stderr, with anything that could break the line or the terminal made visible."""
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
        return _up_to(max_bytes + 1, sys.stdin.buffer)
    try:
        with Path(name).open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode) and not stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
                raise Refusal(f"{what} {name!r}: is no file. Give the path of a {form}.")
            return _up_to(max_bytes + 1, file)
    except IsADirectoryError:
        raise Refusal(f"{what} {name!r}: is a folder. Give the path of a {form}.") from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise Refusal(f"{what} {name!r}: cannot be read ({cause}). Give the path of a {form}.") from None


def _up_to(n_bytes: int, file: BinaryIO) -> bytes:
    """The beginning of a file, in pieces, since reading at once would take memory for all that might be there."""
    parts = []
    while n_bytes > 0 and (part := file.read(min(n_bytes, 1 << 20))):
        parts.append(part)
        n_bytes -= len(part)
    return b"".join(parts)


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
    if any(one != STANDARD and path.exists() and path.samefile(one) for one in inputs if Path(one).exists()):
        raise Refusal(f"output {name!r}: is one of the inputs. Give another path.")
    if not os.access(path.parent, os.W_OK):
        raise Refusal(f"output {name!r}: its folder is not writable. Choose another folder.")


def check_output(name: str, as_json: bool, *inputs: str) -> None:
    """Check the output file of a command whose only result is a document, before anything is computed.

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
    """Write a text; see :func:`write_bytes`."""
    write_bytes(name, (text.encode(),))


def write_json(name: str, document: Any) -> None:
    """Write JSON values as one line; see :func:`write_bytes`."""
    write_text(name, json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")


def write_bytes(name: str, parts: Iterable[bytes]) -> None:
    """Write a file in one step: it is there whole, or as it was before. "-" is standard output.

    Raises:
        Refusal: there is no room for it, or no leave to write it.
        BrokenPipeError: nobody reads standard output any more.
    """
    try:
        _write_out(parts) if name == STANDARD else _replace(Path(name), parts)
    except BrokenPipeError:
        raise
    except OSError as error:
        item, kept = ("standard output", "") if name == STANDARD else (f"output {name!r}", ", and is as it was before")
        cause = f"cannot be written ({error.strerror}){kept}"
        raise Refusal(f"{item}: {cause}. Make room for it, or write it elsewhere.", TROUBLE) from None


def _write_out(parts: Iterable[bytes]) -> None:
    if sys.stdout is None:  # the shell closed it
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        sys.stdout.buffer.writelines(parts)
        sys.stdout.buffer.flush()
    except OSError:  # what could not be written is given up, so that the interpreter does not try again when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _replace(path: Path, parts: Iterable[bytes]) -> None:
    if path.exists() and not path.is_file():  # a device or a pipe, which stays what it is
        with path.open("wb") as stream:
            stream.writelines(parts)
        return
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


class Stop:
    """A request to stop: the first Ctrl-C or SIGTERM is noted, the second raises KeyboardInterrupt."""

    asked = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        with suppress(OSError):  # not through sys.stderr, which this may have interrupted
            os.write(2, b"\nstopping: what was found is written; once more ends at once, with nothing written\n")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def progress_bar(
    quiet: bool = False, on_signal: Callable[[int, FrameType | None], None] = _interrupt
) -> Iterator[Report]:
    """Progress on stderr: a line for each stage when it ends, one where more is known of the valid circuits, at most
    every few seconds, and on a terminal one that moves until then.

    Args:
        quiet: show nothing.
        on_signal: what a request to stop does, Ctrl-C as well as SIGTERM; by default it raises KeyboardInterrupt.
    """
    in_main = threading.current_thread() is threading.main_thread()  # only the main thread may set handlers
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM) if in_main and signal.getsignal(n) != signal.SIG_IGN]
    former = {number: signal.signal(number, on_signal) for number in numbers}
    moving = not quiet and sys.stderr.isatty()
    try:
        yield silent if quiet else _lines(moving=moving)
    finally:
        if moving:
            sys.stderr.write(CLEAR)
        for number, handler in former.items():
            signal.signal(number, handler)


def _lines(*, moving: bool) -> Report:
    finished: set[tuple[str, str]] = set()
    shown_at = -_FINDING_SECONDS

    def report(progress: Progress, /) -> None:
        nonlocal shown_at
        line, news = (progress.stage, progress.found), False
        if progress.known is not None and time.monotonic() - shown_at >= _FINDING_SECONDS:
            news, shown_at = True, time.monotonic()
        if (news or progress.done >= progress.total) and line not in finished:
            finished.add(line)
            remark(f"{CLEAR if moving else ''}{progress.stage}: {progress.found or 'done'}")
        elif moving and progress.done < progress.total:
            share = progress.done / max(progress.total, 1)
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(CLEAR + f"{progress.stage} {share:4.0%}  {progress.found}"[:width])
            sys.stderr.flush()

    return report
