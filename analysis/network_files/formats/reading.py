"""From the bytes of a file to a draft of a network: what format it is, and that format's reader."""

from __future__ import annotations

from typing import Final

from analysis.errors import InvalidNetwork
from analysis.network_files.files import read_document
from analysis.network_files.formats.draft import Format, NetworkDraft, draft_from_document
from analysis.network_files.formats.onnx_file import read_onnx
from analysis.network_files.formats.safetensors_file import looks_like_safetensors, read_safetensors

_ONNX_START: Final = b"\x08"  # field 1, ir_version, with which every known writer begins
_REFUSED_STARTS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x80", "is a pickle, which can run code when it is opened"),
    (b"PK", "is a zip archive (torch saves pickles in them), which can run code when it is opened"),
    (b"\x1f\x8b", "is compressed"),
    (b"BZh", "is compressed"),
    (b"\xfd7zXZ", "is compressed"),
    (b"\x28\xb5\x2f\xfd", "is compressed"),
    (b"\x93NUMPY", "is a NumPy file"),
    (b"\x89HDF", "is an HDF5 file"),
)
_CURE: Final = "give a network file (JSON), safetensors, or ONNX"


def format_of(raw: bytes) -> Format:
    """Which format some bytes are in, told by how they begin; text is taken for JSON.

    Raises:
        InvalidNetwork: a format that is never read: pickles, archives, compressed files.
    """
    for start, cause in _REFUSED_STARTS:
        if raw.startswith(start) and not looks_like_safetensors(raw):
            raise InvalidNetwork("file", cause, _CURE)
    if looks_like_safetensors(raw):
        return "safetensors"
    return "onnx" if raw.startswith(_ONNX_START) else "json"


def read_draft(raw: bytes) -> NetworkDraft:
    """Read a network from a file of any accepted format, told by its bytes.

    Args:
        raw: the file's bytes.

    Raises:
        InvalidNetwork: naming every problem that can be seen at once.
        InvalidTask: a truth table is the only problem.
    """
    match format_of(raw):
        case "safetensors":
            return read_safetensors(raw)
        case "onnx":
            return read_onnx(raw)
        case _:
            return draft_from_document(read_document(raw), "json", "network file")
