"""Perceptrons as a kind of subject."""

from __future__ import annotations

from typing import Any, Final

from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.subjects.traits import TRAITS
from pluriscope.analysis.values.late_functions import function_at

_FILES: Final = (
    "pluriscope.analysis.network_files.files"  # knows what is planted and edited, which stands above this room
)


def _read(document: dict[str, Any]) -> Any:
    return function_at(f"{_FILES}:network_from")(document)


def _write(file: Any) -> dict[str, Any]:
    document: dict[str, Any] = function_at(f"{_FILES}:network_file_json")(file)
    return document


PERCEPTRON: Final = SubjectKind(
    key="perceptron",
    noun="perceptron",
    plural="perceptrons",
    definition="A perceptron of several layers, each neuron of which reads every neuron of the layer before. Its edges "
    "are its weights.",
    format="pluriscope-network/1",
    settings={},
    read=_read,
    write=_write,
    traits=frozenset(TRAITS) - {"channels", "readers", "sites", "steps", "stream"},
    module="pluriscope.analysis.explaining.perceptrons",
)
