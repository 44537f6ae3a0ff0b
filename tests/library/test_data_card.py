"""Folders of tables that others read: card and package say what is in the files, and readers agree on the rows."""

import json
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

import pluriscope
from pluriscope.analysis.errors import AnalysisError
from pluriscope.app.bundled import bundled_models
from pluriscope.tables.data_card import FILES, CardTable, new_output, write_card
from tests.of_plugins import joined


def of_transformer(path: Path) -> None:
    pluriscope.explain(bundled_models()["tracr-induction"]).save_tables(path)


WRITERS = {
    "perceptron": lambda path, xor: xor.save_tables(path, interpretations=50),
    "transformer": lambda path, _: of_transformer(path),
} | joined("WRITERS")
N_TABLES = {"perceptron": 4, "transformer": 1} | joined("N_TABLES")
MARKS = joined("MARKS")
BUNDLED = joined("BUNDLED")
"""Folders that hold the same tables with the card that is to be theirs."""
TYPES = {"bool": "boolean", "double": "number", "float": "number", "string": "string", "list": "any"}


@pytest.fixture(scope="module", params=[pytest.param(name, marks=MARKS.get(name, ())) for name in WRITERS])
def folder(request, tmp_path_factory, xor):
    path = tmp_path_factory.mktemp("tables") / request.param
    WRITERS[request.param](path, xor)
    return path


def fields_of(folder: Path) -> dict[str, dict[str, str]]:
    """Type by column of each file, as the data package says it."""
    package = json.loads((folder / "datapackage.json").read_text())
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    names = [one["name"] for one in package["resources"]]
    assert len(set(names)) == len(names)
    assert {(one["type"], one["format"]) for one in package["resources"]} == {("table", "parquet")}
    assert all(field["description"] for one in package["resources"] for field in one["schema"]["fields"])
    return {
        one["path"]: {field["name"]: field["type"] for field in one["schema"]["fields"]} for one in package["resources"]
    }


def front_of(folder: Path):
    """Split a card into what stands before its words, and the words."""
    _, front, words = (folder / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(front), words


def type_of(field, column) -> str:
    """The type that a package should say of a column of a file."""
    kind = str(field.type)
    if kind == "extension<arrow.json>":
        return "string"
    if kind not in TYPES and not kind.startswith("list"):
        return "number" if column.null_count else "integer"
    return TYPES[kind.partition("<")[0]]


def test_package_and_card_say_every_column_of_every_file(folder):
    front, words = front_of(folder)
    answer, tables = fields_of(folder), front["configs"]
    assert len(tables) == N_TABLES[folder.name]
    assert [one.get("default", False) for one in tables] == [True] + [False] * (len(tables) - 1)
    files = {path.relative_to(folder).as_posix(): one for one in tables for path in folder.glob(one["data_files"])}
    assert files.keys() == answer.keys() == {one.relative_to(folder).as_posix() for one in folder.rglob("*.parquet")}
    assert {line.count("|") for line in words.splitlines() if line.startswith("|")} == {4}
    n_rows, said = 0, {}
    for name, fields in answer.items():
        table = parquet.read_table(folder / name)
        n_rows += len(table)
        assert [*fields] == table.column_names
        if len([*folder.glob(files[name]["data_files"])]) == 1:  # of several it is what all are
            assert fields == {one.name: type_of(one, table[one.name]) for one in table.schema}
        lines = words.partition(f"\n## {files[name]['config_name']}: ")[2].partition("\n## ")[0]
        above = lines.partition("As above: ")[2].splitlines()[:1]
        for column, kind in fields.items():
            row = f"\n| `{column}` | {kind.replace('any', 'list')} | "
            assert row in lines or (f"`{column}`" in above[0] and row in said[column]), (name, column)
            said[column] = lines if row in lines else said[column]
    size = front["size_categories"][0].replace("K", "000").replace("M", "000000").split("<")
    assert (int(size[0]) if len(size) == 3 else 0) <= n_rows < int(size[-1])


def test_readers_agree(folder):
    for path in sorted(folder.rglob("*.parquet"))[:8]:
        table = parquet.read_table(path).to_pylist()
        relation = duckdb.read_parquet(str(path))
        assert [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()] == table
        frame = pd.read_parquet(path, dtype_backend="pyarrow")
        assert len(frame) == len(table)
        assert "object" not in map(str, frame.dtypes)


def test_tables_hold_what_the_objects_say(tmp_path, xor):
    xor.save_tables(tmp_path / "out", interpretations=50)
    table = {path.stem: parquet.read_table(path).to_pylist() for path in (tmp_path / "out").glob("*.parquet")}
    assert [one["mask"] for one in table["circuits"]] == [one.mask for one in xor.circuits]
    for name, listed in (("circuits", xor.circuits), ("algorithms", xor.algorithms), ("placements", xor.alignments)):
        assert set(table[name][0]) - {"iia_agreed", "iia_of"} >= set(listed[0].row()) - {"address"}
    assert [one["margin"] for one in table["circuits"]] == [one.margin for one in xor.circuits]
    assert [one["n1.0"] for one in table["interpretations"]] == [
        one.gates.get("n1.0") for one in xor.interpretations[:50]
    ]
    assert [one["valid"] for one in table["algorithms"]] == [one.n_valid for one in xor.algorithms]
    assert [(one["iia_agreed"], one["iia_of"], one["margin"]) for one in table["placements"]] == [
        (one.iia.agreed, one.iia.of, one.margin if one.margin < float("inf") else None) for one in xor.alignments
    ]
    edges = (
        (tmp_path / "out" / "README.md").read_text().partition("the lowest first: ")[2].partition(".\n")[0].split(", ")
    )
    first = xor.circuits[0]
    assert tuple(name for bit, name in enumerate(edges) if int(first.mask, 16) >> bit & 1) == first.edges


def test_whole_numbers_beyond_64_bits_are_texts(tmp_path, xor, monkeypatch):
    monkeypatch.setattr(type(xor.circuits), "rows", lambda _: [{"mask": "1", "interpretations": 2**70}])
    xor.save_tables(tmp_path / "out", interpretations=0)
    (row,) = parquet.read_table(tmp_path / "out" / "circuits.parquet").to_pylist()
    assert row == {"mask": "1", "interpretations": str(2**70)}


def test_a_column_that_nothing_is_said_of_is_no_part_of_a_card(tmp_path):
    parquet.write_table(pa.table({"a": [1], "b": [2]}), tmp_path / "one.parquet")
    with pytest.raises(KeyError, match="b"):
        write_card(tmp_path, "One", "", {"one": CardTable("*.parquet", {"a": "The first."})})
    assert not any((tmp_path / name).exists() for name in FILES)


@pytest.mark.parametrize("there", ["file", "full folder", "empty folder", "nothing"])
def test_nothing_is_written_over(tmp_path, there):
    path = tmp_path / "out"
    if there == "file":
        path.write_text("mine")
    elif there != "nothing":
        path.mkdir()
    if there == "full folder":
        (path / "mine").write_text("mine")
    if there in ("file", "full folder"):
        with pytest.raises(AnalysisError, match="is there already"), new_output(path) as whole:
            whole.write_text("new")
        assert (path if there == "file" else path / "mine").read_text() == "mine"
    else:
        with new_output(path) as whole:
            whole.mkdir()
        assert path.is_dir()
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_bundled_cards_are_those_of_the_tables(folder):
    for file in FILES if folder.name in BUNDLED else ():
        there = BUNDLED[folder.name] / file
        assert (folder / file).read_text() == there.read_text(), "python -m benchmarks.data_cards"
