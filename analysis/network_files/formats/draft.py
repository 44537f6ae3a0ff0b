"""What a file of any format says about a network, before everything that it leaves open is declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from analysis.errors import InvalidNetwork
from analysis.network_files.files import NETWORK_FORMAT, examine_network_document
from analysis.network_files.planted_record import PlantedRecord
from analysis.networks.network import Network
from analysis.strict_json import combined
from analysis.tasks import Task

Format = Literal["json", "safetensors", "onnx"]
FORMAT_WORDS: Final[dict[Format, str]] = {
    "json": "network file",
    "safetensors": "safetensors file",
    "onnx": "ONNX file",
}
MAX_PARAMETERS: Final = 250_000  # of tensors; far more than any network that can be analysed


@dataclass(frozen=True)
class NetworkDraft:
    """A network as its file tells it.

    Args:
        format: what kind of file it was.
        network: with all outputs.
        name: "" where the file has none.
        tasks: one per output, or None where the file has none.
        attribution: "" where the file has none.
        planted: what was planted in it; None where the file says nothing.
        remarks: what was read into the file that it does not say itself, one sentence each.
    """

    format: Format
    network: Network
    name: str = ""
    tasks: tuple[Task, ...] | None = None
    attribution: str = ""
    planted: PlantedRecord | None = None
    remarks: tuple[str, ...] = ()


def draft_from_document(
    document: dict[str, Any], kind: Format, item: str, remarks: tuple[str, ...] = ()
) -> NetworkDraft:
    """A draft from a network file's content, in which name, sizes and tasks may be missing.

    Args:
        document: the content; of other formats, made from theirs.
        kind: the format that it comes from.
        item: what the file is called in errors.
        remarks: see :class:`NetworkDraft`.

    Raises:
        InvalidNetwork: naming every problem.
        InvalidTask: a truth table is the only problem.
    """
    document = {"format": NETWORK_FORMAT, **document}
    found = examine_network_document(document, optional=("name", "sizes", "tasks"))
    if found.problems or found.network is None:
        raise combined([problem.error for problem in found.problems], item, InvalidNetwork)
    return NetworkDraft(kind, found.network, found.name or "", found.tasks, found.attribution, found.planted, remarks)
