"""The folder in which `pluriscope study run` keeps a study's table: checked first, then one part after the other."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.errors import AnalysisError
from pluriscope.app.cli.terminal import TROUBLE, Refusal, remark
from pluriscope.tables.data_card import FILES
from pluriscope.tables.parquet import ENDING, DamagedTable, ParquetTable, put
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.rows import columns_of
from pluriscope_studies.table import Part, read_part, write_part, write_study_card

SUMMARY: Final = "summary.json"
_BESIDE: Final = (SUMMARY, *FILES)
_LOCK: Final = ".lock"
_LEFT: Final = re.compile(rf"\..*({re.escape(ENDING)}|{re.escape(SUMMARY)})\.[0-9a-f]+")
"""What a command that was killed while it wrote leaves behind; see :func:`pluriscope.tables.parquet.put`."""
_TWICE: Final = (
    "SELECT min(filename), max(filename) FROM {rows} GROUP BY cell, seed HAVING min(filename) < max(filename) LIMIT 1"
)
_MAGIC: Final = b"PAR1"  # with which Parquet files begin


@dataclass
class StudyFolder:
    """A study's parts in a folder that is this command's alone for the time.

    Args:
        path: of the folder.
        design: with the seeds that were asked for, or those of the parts where these are more.
        parts: whole ones of this design.
    """

    path: Path
    design: StudyDesign
    parts: list[Path]

    @property
    def table(self) -> ParquetTable:
        return ParquetTable(tuple(self.parts))

    def save(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows of a chunk as a part; a Refusal if it cannot be written."""
        part = self.path / f"{rows[0]['cell']}-{rows[0]['seed']}{ENDING}"
        provenance = {"machine": platform.machine(), "python": platform.python_version()}
        about = {"digest": self.design.digest, "engine": ENGINE_VERSION, "provenance": json.dumps(provenance)}
        about["design"] = json.dumps(self.design.model_dump(mode="json"), ensure_ascii=False)
        with self._writing():
            write_part(part, rows, columns_of(self.design), about)
        self.parts.append(part)

    def sum_up(self) -> None:
        """Write the summary of all parts and their card beside them; a Refusal if it cannot be written."""
        from pluriscope_studies.summary import summary_of_table  # loads libraries of statistics

        summary = json.dumps(summary_of_table(self.design, self.table), ensure_ascii=False, indent=1)
        with self._writing():
            put(self.path / SUMMARY, f"{summary}\n".encode())
            write_study_card(self.path, self.design)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, duckdb.IOException) as error:
            cause = getattr(error, "strerror", None) or str(error).splitlines()[0]
            cure = "Make room, then give the same command again; the parts that are there stay."
            raise Refusal(f"output {str(self.path)!r}: cannot be written ({cause}). {cure}", TROUBLE) from None


@contextmanager
def study_folder(path: Path, design: StudyDesign) -> Iterator[StudyFolder]:
    """A folder for a study's table, new or with parts of it; parts that are cut short are removed, and that is said.

    Raises:
        Refusal: a file is there, it cannot be written, another command writes to it, or something else is in it.
    """
    item = f"output {str(path)!r}"
    if path.exists() and not path.is_dir():
        raise Refusal(f"{item}: is a file, and a study is written to a folder. Give another path.")
    files = opened_folder(path, item)
    for file in files:
        ours = file.suffix == ENDING or file.name in (_LOCK, *_BESIDE) or _LEFT.fullmatch(file.name)
        if not (ours and file.is_file()):
            raise Refusal(f"{item}: has {file.name!r} in it, which is no part of a study. Give a folder of its own.")
    with locked(path, item):
        parts = _parts(path, item, design)
        counts = [part.design.seeds.count for part in parts]
        yield StudyFolder(path, design.with_seeds(max(design.seeds.count, *counts, 0)), [part.path for part in parts])


def opened_folder(path: Path, item: str) -> list[Path]:
    """List a folder, which is made where it is not there.

    Args:
        item: what it is called in a Refusal, where it cannot be made or read.
    """
    try:
        path.mkdir(exist_ok=True)
        return list(path.iterdir())
    except FileNotFoundError:
        raise Refusal(f"{item}: the folder that it is in does not exist. Make that first.") from None
    except OSError as error:
        raise Refusal(f"{item}: cannot be made or read ({error.strerror}). Choose another folder.") from None


@contextmanager
def locked(path: Path, item: str) -> Iterator[None]:
    """Keep other commands away for a block; the lock ends with the process, however that ends."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    try:
        lock = (path / _LOCK).open("a")
    except OSError as error:
        raise Refusal(f"{item}: is not writable ({error.strerror}). Choose another folder.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            cure = "Wait until it has ended, or give another folder."
            raise Refusal(f"{item}: another command is writing to it. {cure}") from None
        except OSError:  # a network file system without locks
            pass
        yield


def _parts(path: Path, item: str, design: StudyDesign) -> list[Part]:
    """The whole parts; nothing is removed before all was looked at."""
    parts, damaged, left = list[Part](), list[Path](), list[Path]()
    for file in sorted(path.iterdir()):
        if file.name in (_LOCK, *_BESIDE):
            continue
        if _LEFT.fullmatch(file.name):
            left.append(file)
            continue
        try:
            part = read_part(file)
            ParquetTable([file]).check()
        except AnalysisError as problem:
            if not (isinstance(problem, DamagedTable) and _is_parquet(file)):
                raise Refusal(f"{item}: {problem}") from None
            damaged.append(file)
            continue
        if part.design.digest != design.digest:
            other = f"{part.design.slug}, {part.design.digest[:12]}"
            raise Refusal(f"{item}: holds the table of another design ({other}). Give another folder.")
        parts.append(part)
    twice = ParquetTable([part.path for part in parts]).ask(_TWICE) if parts else []
    for names in twice:
        one, other = (Path(name).name for name in names)
        raise Refusal(f"{item}: {one!r} and {other!r} have rows of the same networks. Remove one of them.")
    for file in damaged:
        remark(f"part {file.name} is cut short or damaged: its networks are made again")
    for file in (*left, *damaged):
        file.unlink()
    return parts


def _is_parquet(file: Path) -> bool:
    """Whether a file begins as Parquet files do, as far as it goes."""
    with file.open("rb") as raw:
        return _MAGIC.startswith(raw.read(len(_MAGIC)))
