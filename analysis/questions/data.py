"""Data records: on which rows circuits are judged and neurons are read (spec §2), and the file they come in.

A data file is ``{"format": "pluriscope-data/1", "description", "representatives", "validation_inputs",
"validation_labels", "interchange_rows", "boolean"}``, each array a list of rows or, bit for bit and shorter,
``{"dtype": "<f4" or "<f8", "shape": [rows, columns], "base64": …}``. All but ``representatives`` may be left out or
null; ``"boolean": false`` says that its rows stand for no Boolean inputs.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import AnalysisError, InvalidData
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.analysis.values.strict_json import Problems, check_keys, number_array, plain_text, read_object

DATA_FORMAT: Final = "pluriscope-data/1"
MAX_DATA_BYTES: Final = 8_000_000
JUDGED_EACH: Final = 50
"""Noisy rows that circuits are judged on: so many draws for each Boolean input, each repeated so many times."""
READ_EACH: Final = 10
"""The same of noisy rows that interpretations read."""
_ARRAYS: Final = ("representatives", "validation_inputs", "validation_labels", "interchange_rows")


@dataclass(frozen=True, eq=False, repr=False)
class DataRecord(Described):
    """Rows that an analysis runs on.

    Args:
        representatives: ``[2^n, n]`` one real-valued row for each Boolean input, in binary order; interpretations read
            activations on these rows, and alignments interchange between them unless ``interchange_rows`` is given.
        validation_inputs: ``[rows, n]`` rows on which circuits must decide right, or None for the representatives.
        validation_labels: ``[rows, outputs]`` of 0/1 labels, one column per output, or None for the task's truth table.
        interchange_rows: ``[2^n, n]`` rows for interchange interventions (clean inputs in the authors' code), or None.
        description: one line for people; not part of the digest.
        boolean: whether the representatives stand for the Boolean inputs. If not (activations that images give, say),
            they are rows like the others, one for each value of the task's truth table, and only circuits are searched:
            gates, formulas and where they live would have no inputs to be about.
    """

    representatives: NDArray[np.float64]
    validation_inputs: NDArray[np.float64] | None = None
    validation_labels: NDArray[np.float64] | None = None
    interchange_rows: NDArray[np.float64] | None = None
    description: str = ""
    boolean: bool = True

    @property
    def n_inputs(self) -> int:
        return int(self.representatives.shape[1])

    @property
    def clean_rows(self) -> NDArray[np.float64]:
        """The rows of the Boolean inputs, one for each, ``[2^n, n]``: the sources and bases of interchanges, and the
        rows over which mean ablation takes its means. The record's own rows for interchanges if it has some, else its
        representatives.
        """
        return self.representatives if self.interchange_rows is None else self.interchange_rows

    @cached_property
    def stand_in(self) -> bool:
        """Whether other rows, such as noisy ones, stand for the Boolean inputs."""
        return self.boolean and not np.array_equal(self.representatives, input_table(self.n_inputs))

    @cached_property
    def is_clean(self) -> bool:
        """Whether this is the default: every Boolean input once."""
        return self.digest == clean_data(self.n_inputs).digest

    @cached_property
    def digest(self) -> str:
        """SHA-256 over a line of shapes (with "boolean" if false) and the arrays as little-endian float64."""
        arrays = {
            "interchange_rows": self.interchange_rows,
            "representatives": self.representatives,
            "validation_inputs": self.validation_inputs,
            "validation_labels": self.validation_labels,
        }
        shapes: dict[str, Any] = {name: None if a is None else list(a.shape) for name, a in arrays.items()}
        if not self.boolean:
            shapes["boolean"] = False
        blobs = [(a + 0.0).astype("<f8").tobytes() for a in arrays.values() if a is not None]
        return sha256_hex(canonical_json(shapes), b"\n", *blobs)


@lru_cache(maxsize=16)
def clean_data(n_inputs: int) -> DataRecord:
    """The default record: the clean Boolean inputs, each once; its rows cannot be written to."""
    rows = input_table(n_inputs)
    rows.setflags(write=False)
    return DataRecord(rows, description="every Boolean input, once")


def noisy_data(
    truth_table: Sequence[int], n_outputs: int, deviation: float, stream: np.random.Generator, *, cut: bool
) -> DataRecord:
    """Noisy rows as the program of Méloux et al. (ICLR 2025) makes them, from random numbers of our own.

    Boolean inputs are drawn with replacement, each is repeated, and every repetition has its own normal noise: 10,000
    rows of two inputs to judge circuits on, 400 to read interpretations on. Their program knows the Boolean input of a
    row that it reads by cutting the row towards zero, so that 0.95 counts as 0, and keeps the last row of each. Rows
    are rounded to float32 as there, so that the last digits of a C library's logarithm hardly ever matter.

    Args:
        truth_table: ``[2^n]`` the right decision on each Boolean input.
        n_outputs: columns of the labels, all alike: a question is about one output.
        deviation: standard deviation of the noise.
        stream: random numbers, used up in one order.
        cut: whether interpretations read noisy rows; else clean inputs.

    Raises:
        InvalidData: rows that are cut to neither 0 nor 1, or Boolean inputs without a row.
    """
    table = input_table((len(truth_table) - 1).bit_length())

    def drawn(times: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        inputs = np.repeat(stream.integers(len(table), size=times * len(table)), times)
        noise = (deviation * stream.standard_normal((len(inputs), table.shape[1]))).astype(np.float32)
        return inputs, (table[inputs].astype(np.float32) + noise).astype(np.float64)

    inputs, rows = drawn(JUDGED_EACH)
    labels = np.repeat(np.array(truth_table, dtype=np.float64)[inputs, None], n_outputs, axis=1)
    read = _last_of_each(drawn(READ_EACH)[1], table) if cut else table
    return DataRecord(read, rows, labels, table, f"{len(rows):,} noisy rows, σ = {deviation:g}")


def _last_of_each(rows: NDArray[np.float64], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The last row of each Boolean input, where a row belongs to the input that it is when cut towards zero."""
    item, cure = "noisy rows", "use a smaller noise_std, another noise_seed, or noise_reading 'clean'"
    cut = np.trunc(rows)
    if not np.isin(cut, (0.0, 1.0)).all():
        raise InvalidData(item, "are cut to numbers other than 0 and 1", cure)
    same = np.all(cut[None] == table[:, None], axis=2)
    if not same.any(axis=1).all():
        raise InvalidData(item, "leave a Boolean input without a row that is cut to it", cure)
    return rows[[int(np.flatnonzero(found)[-1]) for found in same]]


def parse_data_file(raw: bytes, n_inputs: int, n_outputs: int) -> DataRecord:
    """Read a data file for a network with so many inputs and outputs.

    Args:
        raw: the file's bytes, at most 8,000,000.
        n_inputs: columns that input rows must have.
        n_outputs: columns that labels must have.

    Raises:
        InvalidData: naming every problem that can be seen at once.
    """
    item, cure = "data file", f"give one JSON object with the format {DATA_FORMAT!r}"
    document = read_object(raw, item, InvalidData, MAX_DATA_BYTES, cure)
    if document.get("format") != DATA_FORMAT:
        given = repr(document["format"])[:60] if "format" in document else "no format"
        raise InvalidData(item, f"has {given}, not the format {DATA_FORMAT!r}", cure)
    optional = ("description", "boolean", *_ARRAYS[1:])
    problems = Problems(check_keys(document, ("format", "representatives"), optional, item, InvalidData))
    there = [field for field in _ARRAYS if document.get(field) is not None]
    arrays = {field: problems.attempt(_array, document[field], field) for field in there}
    answer = document.get("description", "")
    description = problems.attempt(plain_text, answer, "description", InvalidData, empty=True)
    boolean = document.get("boolean", True)
    if not isinstance(boolean, bool):
        problems.append(InvalidData("boolean", f"is {str(boolean)[:40]!r}", "use true or false, or leave it out"))
    read = arrays.get("representatives")
    if read is None and not problems:
        problems.append(InvalidData("representatives", "is null", "give one row for each Boolean input"))
    if read is not None:
        inputs, labels, interchanged = (arrays.get(field) for field in _ARRAYS[1:])
        record = DataRecord(read, inputs, labels, interchanged, description or "", boolean is not False)
        problems += data_problems(record, n_inputs, n_outputs)
    problems.refuse(item, InvalidData)
    return record


def data_problems(record: DataRecord, n_inputs: int, n_outputs: int) -> tuple[AnalysisError, ...]:
    """Return why a record does not fit a network with so many inputs and outputs; empty if it fits."""
    problems: list[AnalysisError] = []
    n_rows = 2**n_inputs
    for field in ("representatives", "interchange_rows"):
        rows = getattr(record, field)
        if rows is not None and rows.shape != (n_rows, n_inputs):
            cause = f"has shape {list(rows.shape)}, not [{n_rows}, {n_inputs}]"
            problems.append(InvalidData(field, cause, "give one row for each Boolean input, counted in binary"))
    rows = record.representatives
    if not problems and np.isin(rows, (0.0, 1.0)).all() and not np.array_equal(rows, input_table(n_inputs)):
        cause = "holds the Boolean inputs in another order than counted in binary, or some twice"
        problems.append(
            InvalidData("representatives", cause, "give 00…0 first, 11…1 last; the first input counts most")
        )
    inputs, labels = record.validation_inputs, record.validation_labels
    if inputs is not None and (inputs.ndim != 2 or inputs.shape[1] != n_inputs or not len(inputs)):
        cause = f"has shape {list(inputs.shape)} for a network with {n_inputs} inputs"
        problems.append(InvalidData("validation_inputs", cause, f"give rows of {n_inputs} numbers"))
    n_validated = n_rows if inputs is None else len(inputs)
    if labels is None and n_validated != n_rows:
        cause = f"is missing, and {n_validated} validation rows are not the {n_rows} Boolean inputs"
        problems.append(InvalidData("validation_labels", cause, "give one row of 0/1 labels for each validation row"))
    if labels is not None:
        if labels.shape != (n_validated, n_outputs):
            cause = f"has shape {list(labels.shape)}, not [{n_validated}, {n_outputs}]"
            cure = "give one row of labels for each validation row, one column for each output"
            problems.append(InvalidData("validation_labels", cause, cure))
        if not np.isin(labels, (0.0, 1.0)).all():
            problems.append(InvalidData("validation_labels", "holds values other than 0 and 1", "use 0 and 1 only"))
    return tuple(problems)


def data_file_json(record: DataRecord, *, compact: bool = True) -> dict[str, Any]:
    """The record as a data file's content.

    Args:
        record: what to write.
        compact: arrays of more than 64 numbers as base64, the smaller float type if it loses nothing.
    """
    document: dict[str, Any] = {"format": DATA_FORMAT, "description": record.description}
    for field in _ARRAYS:
        array = getattr(record, field)
        if array is None:
            document[field] = None
        elif compact and array.size > 64:
            with np.errstate(over="ignore"):  # what overflows float32 is not equal and stays float64
                dtype = "<f4" if np.array_equal(array.astype("<f4").astype(np.float64), array) else "<f8"
            blob = base64.b64encode(array.astype(dtype).tobytes()).decode()
            document[field] = {"dtype": dtype, "shape": list(array.shape), "base64": blob}
        else:
            document[field] = array.tolist()
    return document if record.boolean else document | {"boolean": False}


def _array(value: Any, field: str) -> NDArray[np.float64]:
    if not isinstance(value, dict):
        return number_array(value, field, 2, InvalidData)
    cure = 'give {"dtype": "<f4" or "<f8", "shape": [rows, columns], "base64": "…"}'
    Problems(check_keys(value, ("dtype", "shape", "base64"), (), field, InvalidData)).refuse(field, InvalidData)
    dtype, shape, text = value["dtype"], value["shape"], value["base64"]
    whole = isinstance(shape, list) and all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in shape)
    if dtype not in ("<f4", "<f8") or not whole or len(shape) != 2 or not isinstance(text, str):
        raise InvalidData(field, "has another dtype, shape or content than can be read", cure)
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidData(field, "is not base64", cure) from None
    if len(blob) != shape[0] * shape[1] * int(dtype[2]):
        raise InvalidData(field, f"has {len(blob)} bytes, which is not {shape} numbers of {dtype[2]} bytes", cure)
    array = np.frombuffer(blob, dtype=dtype).astype(np.float64).reshape(shape)
    if not np.isfinite(array).all():
        raise InvalidData(field, "holds NaN or infinite values", "give finite numbers only")
    return array
