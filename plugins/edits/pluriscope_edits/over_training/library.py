"""Explanations of a network over its training, from its checkpoints."""

from __future__ import annotations

from pathlib import Path

from pluriscope.analysis.limits import DEFAULT_SECONDS
from pluriscope.arguments import FilePath, checked
from pluriscope.models import read_checkpoints
from pluriscope.progress import Seconds, working
from pluriscope.result import ProtocolLike, read_protocol
from pluriscope_edits.over_training.checkpoints import CheckpointsReport, find_over_training


@checked
def checkpoints(
    *files: FilePath, protocol: ProtocolLike = "complete", output: int = 0, seconds: Seconds = DEFAULT_SECONDS
) -> CheckpointsReport:
    """What becomes of the explanations of a network while it learns.

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
