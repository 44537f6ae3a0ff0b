"""Networks that are files as the population of a study: the command reads their bytes, workers make networks of them.

A study file names paths and patterns beside it; in the design that is run stand names and digests of what they hold, so
that the design's digest covers the content. The network of seed s is the s-th file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from glob import glob
from pathlib import Path
from typing import Any

from pluriscope.analysis.errors import AnalysisError, InvalidStudy
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.files import MAX_NETWORK_BYTES
from pluriscope.analysis.network_files.formats.onnx_file import OnnxChain, is_onnx
from pluriscope.analysis.network_files.intake import take_in
from pluriscope.analysis.running.work import Work
from pluriscope.library.models import beside, read_content
from pluriscope_studies.analysis.cells import Cell
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.reading import design_from_mapping, refusal
from pluriscope_studies.analysis.sources import CONVERGED, REFUSED, Produced, options_of


def read_population(settings: Mapping[str, Any], folder: Path) -> tuple[StudyDesign, dict[int, bytes]]:
    """A design whose networks are files, and the content of each by its seed.

    Args:
        settings: of the study file, whose source is "files".
        folder: that paths and patterns begin at.

    Raises:
        InvalidStudy: no files, patterns that match none, files that are there twice or cannot be read, and all
            contradictions of the design, at once.
    """
    options = settings.get("source_options")
    options = dict(options) if isinstance(options, Mapping) else {}
    patterns = options.get("files")
    if not isinstance(patterns, list) or not patterns or not all(isinstance(one, str) and one for one in patterns):
        patterns, problems = [], ["source_options.files: is no list of paths and patterns; name some"]
    else:
        problems = []
    contents: dict[str, bytes] = {}
    for pattern in patterns:
        matches = sorted(
            name for name in glob(pattern, root_dir=folder, recursive=True) if not (folder / name).is_dir()
        )
        if not matches:
            problems.append(f"source_options.files: {pattern!r} matches no file")
        for name in matches:
            if name in contents:
                problems.append(f"source_options.files: {name!r} is there twice, by {pattern!r} once more")
                continue
            try:
                contents[name] = _content(folder / name)
            except OSError as problem:
                problems.append(f"source_options.files: {name!r} cannot be read: {problem.strerror or problem}")
    files = [
        {
            "name": name.encode(errors="replace").decode(),
            "sha256": hashlib.sha256(raw).hexdigest(),
        }  # any bytes name a file
        for name, raw in contents.items()
    ]
    seeds = {"first": 0, "count": max(1, len(files))}
    try:
        design = design_from_mapping({"seeds": seeds, **settings, "source_options": options | {"files": files}})
    except InvalidStudy as refused:
        problems += [one for one in refused.cause.split("; ") if files or not one.startswith("source_options.files")]
    if problems:
        raise refusal(problems)
    return design, dict(enumerate(contents.values()))


def _content(path: Path) -> bytes:
    """Read a file, with the data that an ONNX file keeps beside it; no more than is read of any."""
    with path.open("rb") as file:
        raw = file.read(MAX_NETWORK_BYTES + 1)
    asked: list[str] = []

    def found(name: str) -> bytes:
        asked.append(name)
        return beside(path)(name)

    if is_onnx(raw):
        with suppress(AnalysisError):  # what is wrong with it becomes its outcome
            model = OnnxChain.of(raw, found).model
            return model.SerializeToString() if asked else raw
    return raw


def make_networks(cell: Cell, seeds: Sequence[int], work: Work, files: Mapping[int, bytes]) -> Iterator[Produced]:
    """The networks of some files; one that cannot be taken is an outcome with its reason."""
    options = options_of(cell.design)
    fields = {"encoding": options.encoding, "output_is": options.output_is}
    declaration = Declaration(tasks="; ".join(cell.levels["tasks"]), **fields)
    for seed in seeds:
        start, name = work.clock(), options.files[seed].name
        try:
            intake = take_in(
                read_content(files[seed], declared=declaration, needs="studies"),
                declaration,
                fallback_name=Path(name).stem,
            )
            file = intake.file()
        except AnalysisError as problem:
            message = f"{name}: {problem}"
            yield Produced(None, seed=seed, state=REFUSED, message=message, seconds=work.clock() - start)
            continue
        data = None if intake.data.is_clean else intake.data
        make = partial(Produced, file.network, file.tasks, data, file.planted, state=CONVERGED)
        yield make(seed=seed, message=f"read from {name}", seconds=work.clock() - start)
