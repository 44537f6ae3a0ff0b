"""Every kind of subject: one line each."""

from __future__ import annotations

from typing import Any, Final

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.plugins import joined
from pluriscope.analysis.subjects.convolutional import CONVOLUTIONAL
from pluriscope.analysis.subjects.elman import ELMAN
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON, PERCEPTRON
from pluriscope.analysis.subjects.subject import Subject, SubjectKind
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.values.strict_json import read_object

_OWN: Final[tuple[SubjectKind, ...]] = (PERCEPTRON, TRANSFORMER, ELMAN, CONVOLUTIONAL)
SUBJECT_KINDS: Final = (*joined("subjects", _OWN, lambda one: one.key), COARSER_PERCEPTRON)
"""All of them; perceptrons by their edges, and last by coarser grains."""
MAX_SUBJECT_BYTES: Final = 4_000_000
_MAX_PARTS: Final = 400_000  # lists and objects, or keys
_ITEM: Final = "model file"


def _whole() -> dict[str, SubjectKind]:
    """The formats of files that say all, and their kinds; of others more is declared beside it
    (:mod:`pluriscope.analysis.network_files.intake`).
    """
    return {kind.format: kind for kind in SUBJECT_KINDS if kind.refuses("formats")}


def kind_called(key: str) -> SubjectKind:
    """The kind of a key.

    Raises:
        KeyError: there is none.
    """
    return {kind.key: kind for kind in reversed(SUBJECT_KINDS)}[key]


def kind_of(subject: Any) -> SubjectKind:
    """The kind by which the file of a network is read and written."""
    return _whole().get(getattr(subject, "format", ""), PERCEPTRON)


def kind_of_file(raw: bytes) -> SubjectKind | None:
    """The kind of subject of a file that says all of it itself, whether or not it can be read; None for perceptrons and
    where the file says none of these.
    """
    try:
        given = read_object(raw, _ITEM, InvalidNetwork, MAX_SUBJECT_BYTES, "", max_parts=_MAX_PARTS).get("format")
    except InvalidNetwork:  # the kind's reader says why
        return next((kind for known, kind in _whole().items() if f'"{known}"'.encode() in raw), None)
    return _whole().get(str(given))


def read_subject(raw: bytes) -> tuple[SubjectKind, Subject]:
    """Read the subject in a file that holds all of it, and its kind, known by the file's format.

    Args:
        raw: the file's bytes, at most 4,000,000.

    Raises:
        AnalysisError: no JSON object, of no known format, or the kind refuses it.
    """
    known = ", ".join(_whole())
    cure = f"give one JSON object with one of the formats {known}"
    document = read_object(raw, _ITEM, InvalidNetwork, MAX_SUBJECT_BYTES, cure, max_parts=_MAX_PARTS)
    kind = _whole().get(str(document.get("format")))
    if kind is None:
        given = f"the format {str(document['format'])[:60]!r}" if "format" in document else "no format"
        raise InvalidNetwork(_ITEM, f"has {given}", cure)
    model: Subject = kind.read(document)
    return kind, model


def question_in(raw: bytes, rules: str = "") -> Any:
    """Make the question about the subject in a file that holds all of it: a
    :class:`~pluriscope.analysis.subjects.question.GraphQuestion`.

    Args:
        raw: the file's bytes.
        rules: as addresses write them; the usual ones if empty.

    Raises:
        AnalysisError: the file or the rules cannot be read, or do not fit each other.
    """
    kind, subject = read_subject(raw)
    (question,) = kind.explaining.questions(kind, subject, (), rules, None)
    return question
