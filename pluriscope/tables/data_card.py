"""Folders of Parquet files as others read them: with a data card (README.md), as the Hugging Face Hub has them and
``datasets.load_dataset`` reads them, and with datapackage.json of the Data Package standard, version 2.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.errors import InvalidOption
from pluriscope.tables.parquet import ENDING, ParquetTable

FILES: Final = ("README.md", "datapackage.json")
_PROFILE: Final = "https://datapackage.org/profiles/2.0/datapackage.json"
_TYPES: Final = {"BOOLEAN": "boolean", "DOUBLE": "number", "FLOAT": "number", "VARCHAR": "string", "JSON": "string"}
_SIZES: Final = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B")
_CARD: Final = """---
pretty_name: {name}
license: {licence}
size_categories: [{size}]
configs:
{configs}
---

# {title}

{words}

Made by Pluriscope {version}. Cite it as its `CITATION.cff` says.
"""
_TABLE: Final = "## {name}: {count:,} rows\n\n{about}\n\n{columns}"
_COLUMNS: Final = "| Column | Type | Meaning |\n|---|---|---|\n"


class CardTable(NamedTuple):
    """A table of a folder: the pattern of its files, a sentence for each of their columns, and what a row is."""

    files: str
    meanings: Mapping[str, str]
    about: str = ""


def write_card(folder: Path, title: str, about: str, tables: Mapping[str, CardTable], licence: str = "") -> None:
    """Write data card and data package of a folder's tables; those without files are left out.

    Args:
        title: of the data.
        about: what it is and how it was made, in Markdown.
        tables: by name; the first is the one that is read where none is named.
        licence: by SPDX; "" where whoever publishes it has to say.

    Raises:
        KeyError: a file has a column without a meaning.
        OSError: the folder cannot be written.
    """
    resources, configs, words, n_rows = list[dict[str, Any]](), list[str](), [about], 0
    said = dict[str, dict[str, str]]()
    for name, one in tables.items():
        if not (files := sorted(folder.glob(one.files))):
            continue
        table = ParquetTable(files)
        count, *filled = table.ask("SELECT count(*), count(COLUMNS(*)) FROM {rows}")[0]
        n_rows += count
        fields = [
            {"name": column, "type": _type(kind, whole=n == count), "description": one.meanings[column]}
            for (column, kind), n in zip(table.columns.items(), filled, strict=True)
        ]
        configs.append(f"- config_name: {name}\n  data_files: {json.dumps(one.files)}")
        words.append(_TABLE.format(name=name, count=count, about=one.about, columns=_columns(fields, said)))
        said |= {field["name"]: field for field in fields}
        for path in files:
            path_in_folder = path.relative_to(folder).as_posix()
            about_file = {"name": path_in_folder.removesuffix(ENDING).replace("/", "-").lower(), "path": path_in_folder}
            schema = {"fields": fields, "missingValues": []}
            resources.append({**about_file, "type": "table", "format": "parquet", "schema": schema})
    configs[0] += "\n  default: true"
    facts = {"name": json.dumps(title, ensure_ascii=False), "title": title, "licence": licence.lower() or "unknown"}
    facts |= {"size": _SIZES[max(0, len(str(n_rows)) - 3)], "version": ENGINE_VERSION}
    card = _CARD.format(**facts, configs="\n".join(configs), words="\n\n".join(words))
    package = {"$schema": _PROFILE, "title": title, "description": about, "resources": resources}
    package |= {"licenses": [{"name": licence}]} if licence else {}
    for name, text in zip(FILES, (card, json.dumps(package, ensure_ascii=False) + "\n"), strict=True):
        (folder / name).write_text(text, encoding="utf-8")


def _columns(fields: Sequence[Mapping[str, str]], said: Mapping[str, Mapping[str, str]]) -> str:
    """What the columns of a table mean, but for those that were ``said`` of a table before."""
    new = [field for field in fields if said.get(field["name"]) != field]
    cells = [(field["name"], field["type"].replace("any", "list"), field["description"]) for field in new]
    lines = ["| `{}` | {} | {} |".format(*(cell.replace("|", "∣") for cell in line)) for line in cells]
    above = ", ".join(f"`{field['name']}`" for field in fields if field not in new)
    parts = [_COLUMNS + "\n".join(lines) if lines else "", f"As above: {above}." if above else ""]
    return "\n\n".join(filter(None, parts))


def _type(kind: str, *, whole: bool) -> str:
    """A type of the standard, by DuckDB's. frictionless reads Parquet by pandas: its arrays are no "array", and whole
    numbers of which some are missing no "integer".
    """
    return "any" if kind.endswith("[]") else _TYPES.get(kind, "integer" if whole else "number")


@contextmanager
def new_output(path: Path) -> Iterator[Path]:
    """A place for a file or folder, which appears under its name when the block ends, whole.

    Raises:
        InvalidOption: something is there, other than an empty folder.
        OSError: it cannot be written.
    """
    path = path.resolve()
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise InvalidOption(f"output {path}", "is there already", "give another path, or remove what is there first")
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        whole = Path(folder) / path.name
        yield whole
        whole.replace(path)
