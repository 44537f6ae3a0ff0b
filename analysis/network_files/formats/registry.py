"""Every format that networks are read from; one more is a file with its record, and its name here."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.network_files.formats.archive import members
from pluriscope.analysis.network_files.formats.format import FileFormat
from pluriscope.analysis.network_files.formats.json_file import JSON
from pluriscope.analysis.network_files.formats.keras_file import HDF5, KERAS
from pluriscope.analysis.network_files.formats.marks import refuse_marked
from pluriscope.analysis.network_files.formats.msgpack_file import MSGPACK
from pluriscope.analysis.network_files.formats.nnet_file import NNET
from pluriscope.analysis.network_files.formats.numpy_file import LEAVES, NPZ
from pluriscope.analysis.network_files.formats.onnx_file import ONNX
from pluriscope.analysis.network_files.formats.safetensors_file import SAFETENSORS
from pluriscope.analysis.network_files.formats.torch_file import EXPORTED, OLD_TORCH, PICKLE, TORCH

FORMATS: Final[tuple[FileFormat, ...]] = (
    *(SAFETENSORS, EXPORTED, TORCH, OLD_TORCH, PICKLE, KERAS, HDF5, NPZ, LEAVES, MSGPACK, NNET, ONNX),
    JSON,
)
"""In the order in which bytes are held against them; the last takes what no other does."""


def format_of(raw: bytes) -> FileFormat:
    """The format that bytes look like.

    Raises:
        InvalidNetwork: they have the mark of one that is not read, with the lines that make a readable file.
    """
    refuse_marked(raw, members(raw))
    return next(one for one in FORMATS if one.begins(raw))
