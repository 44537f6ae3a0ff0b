"""Studies as data: a comma-separated file for each, with one row for each network and measure, and their description.

Every number of the findings is computed from these files. ``app/bundled/findings/datapackage.json`` describes them as a
Frictionless data package: columns with their meaning, rows, bytes, SHA-256, and the digest of the design.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from analysis import fixed_order
from analysis.networks.mlp import forward
from analysis.studies.cells import Cell, cells_of
from analysis.studies.design import FACTORS, SHARED, Factor, StudyDesign
from analysis.studies.outcome import StudyOutcome, network_of_outcome
from analysis.studies.result_file import StudyResults
from analysis.tasks import input_table
from benchmarks.findings.results import design_of, results_of

DATA: Final = Path(__file__).resolve().parents[2] / "app" / "bundled" / "findings"
PACKAGE: Final = DATA / "datapackage.json"
ERROR: Final = "mean_squared_error"
CONVERGED: Final = "converged"
_ENTRY: Final = ("measure", "seed", "value", "network")
_MEANING: Final = {
    "network": "id of the network: the first sixteen digits of the SHA-256 of its weights; empty where there is none",
    "seed": "seed of its training or of its stream of draws",
    "protocol": "rules under which it was measured; empty where that does not matter",
    "output": "number of the output; empty where that does not matter",
    "measure": f"what was measured; {CONVERGED}: whether the network computes its task; {ERROR}: the exact error of "
    "the network as saved on all Boolean inputs",
    "value": "true or false, a number or a text; empty where there is none",
    "note": "why there is no value, or that it is no exact one",
}


class Unusable(Exception):
    """A study whose rows cannot be computed with, and why."""

    def __init__(self, slug: str, why: str) -> None:
        super().__init__(f"{slug}: {why}")
        self.slug, self.why = slug, why


# --- writing


def write_rows(slugs: Iterable[str], others: Iterable[dict[str, Any]] = ()) -> None:
    """The files of some studies, and the description of all.

    Args:
        slugs: of the studies.
        others: descriptions of files that no study of this kind made, as :func:`write_table` returns them.

    Raises:
        KeyError: a study has no results.
    """
    known = {one["name"]: one for one in json.loads(PACKAGE.read_text())["resources"]} if PACKAGE.exists() else {}
    known |= {one["name"]: one for one in (*map(_study, slugs), *others)}
    resources = [known[name] for name in sorted(known)]
    package = {"name": "pluriscope-findings", "licenses": [{"name": "MIT"}], "resources": resources}
    PACKAGE.write_text(json.dumps(package, indent=1, ensure_ascii=False) + "\n")


def write_table(
    name: str, title: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]], design: str = ""
) -> dict[str, Any]:
    """One file of rows.

    Args:
        name: of the file and its address.
        title: what it holds.
        columns: name of each with its meaning.
        rows: a cell for each column.
        design: SHA-256 of the design that they come from; "" for none.

    Returns:
        What describes the file in the data package.
    """
    text, cells = io.StringIO(), list(rows)
    lines = csv.writer(text, lineterminator="\n")
    lines.writerows([list(columns), *cells])
    raw = text.getvalue().encode()
    (DATA / f"{name}.csv.gz").write_bytes(gzip.compress(raw, 9, mtime=0))
    fields = [
        {"name": key, "type": "integer" if key == "seed" else "string", "description": said}
        for key, said in columns.items()
    ]
    return {
        "name": name,
        "title": title,
        "path": f"{name}.csv.gz",
        "format": "csv",
        "compression": "gz",
        "bytes": len(raw),
        "hash": f"sha256:{hashlib.sha256(raw).hexdigest()}",
        "rows": len(cells),
        "design": design,
        "schema": {"fields": fields},
    }


def _study(slug: str) -> dict[str, Any]:
    results = results_of(slug)
    said = {name: _MEANING.get(name) or _factor(name) for name in columns_of(results.design)}
    return write_table(slug, results.design.name, said, tidy(results), results.design.digest)


def _factor(name: str) -> str:
    return next(f"{words}, as the study varies it" for factor, words in FACTORS.items() if factor == name)


def columns_of(design: StudyDesign) -> tuple[str, ...]:
    """The columns of a study's rows: what its networks are told apart by stands behind the seed."""
    return ("network", "seed", *_factors(design), "protocol", "output", "measure", "value", "note")


def _factors(design: StudyDesign) -> list[Factor]:
    return [factor for factor in design.varying if factor not in SHARED]


def tidy(results: StudyResults) -> Iterator[tuple[Any, ...]]:
    """One row for each network and measure, in the order of the result file."""
    cells = {cell.key: cell for cell in cells_of(results.design)}
    factors = _factors(results.design)
    for outcome in results.outcomes:
        cell = cells[outcome.cell]
        own = ((outcome.network or "")[:16], outcome.seed, *(cell.labels[factor] for factor in factors))
        yield *own, "", "", CONVERGED, _text(outcome.converged), "" if outcome.converged else outcome.state
        if outcome.converged and (error := exact_error(cell, outcome)) is not None:
            yield *own, "", "", ERROR, _text(error), ""
        for protocol, outputs in outcome.values.items():
            for place, measured in enumerate(outputs):
                for key, one in measured.items():
                    note = one.note or ("" if one.exact else "not exact")
                    yield *own, protocol, place, key, _text(one.value), note


def exact_error(cell: Cell, outcome: StudyOutcome) -> float | None:
    """The mean squared error of the network as saved over all Boolean inputs; None of others than Boolean tasks."""
    network = network_of_outcome(cell, outcome)
    if network is None or outcome.data is not None or not outcome.tables:
        return None
    outputs = forward(network, input_table(network.sizes[0])).T
    wanted = [list(map(float, table)) for table in outcome.tables]
    if any(len(one) != len(outputs[0]) for one in wanted):
        return None
    return fixed_order.total_of(((outputs - wanted) ** 2).ravel()) / outputs.size


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return " ; ".join(map(str, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


# --- reading


@dataclass(frozen=True)
class Rows:
    """The rows of one study.

    Args:
        slug: of the study.
        factors: columns by which its networks are told apart, and the protocol, "" where it does not matter.
        rows: measure → levels → one tuple (seed, value, network) for each network.
    """

    slug: str
    factors: tuple[str, ...]
    rows: Mapping[str, Mapping[tuple[str, ...], list[tuple[int, str, str]]]]

    def values(self, measure: str, **levels: str) -> dict[Hashable, Any]:
        """Of each network its value: by seed where the levels leave one network a seed, else by seed and levels.

        Networks without a value are left out.

        Raises:
            Unusable: the rows have no such measure or column.
        """
        if measure not in self.rows:
            raise Unusable(self.slug, f"its rows lack the measure {measure}")
        for name in levels:
            if name not in self.factors:
                raise Unusable(self.slug, f"its rows lack the column {name}")
        wanted = [(self.factors.index(name), level) for name, level in levels.items()]
        found = [
            (seed, own, _value(text))
            for own, networks in self.rows[measure].items()
            if all(own[place] == level for place, level in wanted)
            for seed, text, _ in networks
            if text
        ]
        if len({seed for seed, _, _ in found}) == len(found):
            return {seed: value for seed, _, value in found}
        if len({(seed, own[:-1]) for seed, own, _ in found}) == len(found):  # under one protocol
            return {(seed, own[:-1]): value for seed, own, value in found}
        return {(seed, own): value for seed, own, value in found}

    def started(self, **levels: str) -> tuple[int, int]:
        """How many networks converged, and of how many."""
        states = self.values(CONVERGED, **levels)
        return sum(states.values()), len(states)

    def link(self, measure: str | Sequence[str], **more: str | Sequence[str]) -> str:
        """The address of the list of these rows; of several measures, or levels of a column, give them all."""
        return f"/findings/data/{self.slug}?{urlencode({'measure': measure, **more}, doseq=True)}"


@lru_cache(maxsize=1 << 16)
def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if any(sign in text for sign in ".en") else int(text)
    except ValueError:
        return text


@lru_cache(maxsize=64)
def rows_of(slug: str, output: str = "0") -> Rows:
    """A study's rows as its file has them.

    Args:
        slug: of the study.
        output: the number of the output that is read, of networks with several.

    Raises:
        Unusable: there is no file, it is not the one that is described, it lacks a column, or the design has changed.
    """
    design = design_of(slug)
    if (told := described(slug)["design"]) != design.digest:
        raise Unusable(slug, f"its rows are of the design {told[:12]}, declared is {design.digest[:12]}")
    names, lines = table_of(slug)
    for name in columns_of(design):
        if name not in names:
            raise Unusable(slug, f"its rows lack the column {name}")
    at = names.index("output")
    return _rows(slug, names, (row for row in lines if row[at] in ("", output)), (*_factors(design), "protocol"))


@lru_cache(maxsize=8)
def models_of(name: str) -> Rows:
    """The rows of a file about models of another kind: every column between seed and measure tells models apart."""
    names, lines = table_of(name)
    return _rows(name, names, lines, tuple(names[2 : names.index("measure")]))


def _rows(slug: str, names: list[str], lines: Iterable[list[str]], factors: tuple[str, ...]) -> Rows:
    places, of_entry = list(map(names.index, factors)), itemgetter(*map(names.index, _ENTRY))
    found: dict[str, dict[tuple[str, ...], list[tuple[int, str, str]]]] = {}
    for row in lines:
        measure, seed, value, network = of_entry(row)
        found.setdefault(measure, {}).setdefault(tuple([row[place] for place in places]), []).append(
            (int(seed), value, network)
        )
    return Rows(slug, factors, found)


def table_of(name: str) -> tuple[list[str], list[list[str]]]:
    """The columns and the rows of a file.

    Raises:
        Unusable: there is no file, or it is not the one that is described.
    """
    told, path = described(name), DATA / f"{name}.csv.gz"
    if not path.is_file():
        raise Unusable(name, "its rows are not there")
    raw = gzip.decompress(path.read_bytes())
    if told["hash"] != f"sha256:{hashlib.sha256(raw).hexdigest()}":
        raise Unusable(name, "its file is not the one that is described")
    names, *rows = csv.reader(io.StringIO(raw.decode()))
    return names, rows


def described(name: str) -> dict[str, Any]:
    """What the data package says of a file.

    Raises:
        Unusable: nothing.
    """
    resources: list[dict[str, Any]] = json.loads(PACKAGE.read_text())["resources"]
    for one in resources:
        if one["name"] == name:
            return one
    raise Unusable(name, "no data package describes its rows")


def rows_if_run(slug: str) -> Rows | None:
    """The rows of a study that may not have been run yet; None then."""
    return rows_of(slug) if (DATA / f"{slug}.csv.gz").is_file() else None
