"""Perceptrons as a kind of subject: by their edges, and by coarser grains."""

from __future__ import annotations

from typing import Any, Final

from pluriscope.analysis.subjects.classifier import FORMAT as CLASSES_FORMAT
from pluriscope.analysis.subjects.classifier import classifier_document, read_classifier
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
    traits=frozenset(TRAITS) - {"channels", "readings", "steps", "stream"},
)
COARSER_PERCEPTRON: Final = SubjectKind(
    key="perceptron",
    noun="perceptron",
    plural="perceptrons by neurons or last edges",
    definition="A perceptron of several layers. Its circuits are sets of hidden neurons, or of edges into and out of "
    "the last hidden layer.",
    format=CLASSES_FORMAT,
    settings={"granularity": ("neurons", "last-edges", "logit-edges"), "ablation": ("zero", "mean")},
    read=read_classifier,
    write=classifier_document,
    traits=frozenset({"boxes", "play", "readings", "sites"}),
    counting="pluriscope.analysis.subjects.classifier",
)
"""How perceptrons are asked by coarser grains than edges, and those that are read with their classes."""
