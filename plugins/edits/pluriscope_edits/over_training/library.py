"""Explanations of a network over its training, from its checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pluriscope.analysis.running.limits import DEFAULT_SECONDS
from pluriscope.arguments import FilePath, checked
from pluriscope.library.models import questions_of, read_model
from pluriscope.library.result import ProtocolLike, read_protocol
from pluriscope.objects.progress import Seconds, working
from pluriscope_edits.over_training.checkpoints import CheckpointsReport, find_over_training


@checked
def checkpoints(
    *files: FilePath, protocol: ProtocolLike = "complete", output: int = 0, seconds: Seconds = DEFAULT_SECONDS
) -> CheckpointsReport:
    """Follow the explanations of a network while it learns.

    Args:
        files: two or more checkpoints, as ``pluriscope train --checkpoints`` and ``train-model --checkpoints`` write
            them, or their folder.
        protocol: the rules; see :func:`pluriscope.explain`.
        output: which of the network's outputs, from 0.
        seconds: for all checkpoints together; None for no end.

    Raises:
        AnalysisError: they cannot be read, or are not those of one network.
    """
    named = isinstance(protocol, str) and not Path(protocol).suffix
    given = read_checkpoints(files, protocol if named else read_protocol(protocol), output)
    with working(seconds, None) as work:
        return find_over_training(given, work)


def read_checkpoints(files: Sequence[str | Path], protocol: Any, output: int) -> dict[str, tuple[Any, Any]]:
    """Read the question about each checkpoint and the record of its training, by path.

    Args:
        files: their paths, or folders of them.
        protocol: the rules: a name or settings; see :func:`pluriscope.analysis.explaining.explanation.questions`.
    """
    found = {}
    for one in map(Path, files):
        for path in sorted(one.glob("*.json")) if one.is_dir() else [one]:
            given = read_model(path)
            (question,) = questions_of(given, [output], protocol)
            found[str(path)] = question, given.file.training
    return found
