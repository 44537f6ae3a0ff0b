"""Parts of a study's table: read wherever they lie, and refused where they are not what they say."""

import json

import pytest

from plugins.studies.tests.study_factories import design, rows
from pluriscope.analysis.errors import AnalysisError
from pluriscope.tables.parquet import ParquetTable, copy_options, quoted
from pluriscope_studies.analysis.rows import columns_of
from pluriscope_studies.table import FORMAT, read_part, write_part

METADATA = {"format": FORMAT, "design": json.dumps(design().model_dump(mode="json")), "digest": design().digest}


@pytest.fixture
def part(tmp_path):
    path = tmp_path / "whole.parquet"
    write_part(path, rows(), columns_of(design()), METADATA)
    return path


@pytest.mark.parametrize(
    ("query", "answer", "words"),
    [
        ("SELECT * FROM {rows}", {"format": "another"}, "is not of the format"),
        ("SELECT * FROM {rows}", {"design": ""}, "design of table 'part.parquet': is empty"),
        ("SELECT * FROM {rows}", {"design": '{"a":'}, "is not JSON"),
        ("SELECT * FROM {rows}", {"digest": "0"}, "states another digest"),
        ("SELECT * EXCLUDE cell FROM {rows}", {}, "lacks the columns cell"),
        ("SELECT * REPLACE (seed::VARCHAR AS seed) FROM {rows}", {}, "or has others of that name or type"),
        ("""SELECT * REPLACE ('x' AS "circuits-valid") FROM {rows}""", {}, "lacks the columns circuits-valid"),
        ("SELECT * REPLACE ('x' AS cell) FROM {rows}", {}, "that no network of its design has"),
        ("SELECT * REPLACE (NULL::VARCHAR AS cell) FROM {rows}", {}, "that no network of its design has"),
        ("SELECT * REPLACE (seed + 4 AS seed) FROM {rows}", {}, "that no network of its design has"),
        ("SELECT * REPLACE ('{' AS inexact) FROM {rows}", {}, "that no network of its design has"),
        ("SELECT * REPLACE ('nan'::DOUBLE AS loss) FROM {rows}", {}, "or no part has"),
        ("SELECT * FROM {rows} UNION ALL SELECT * FROM {rows}", {}, "or twice (cell"),
    ],
)
def test_what_is_no_part_of_its_study_is_refused(part, query, answer, words):
    path = part.with_name("part.parquet")
    ParquetTable([part]).write(path, query, copy_options(METADATA | answer))
    with pytest.raises(AnalysisError) as refused:
        read_part(path)
    assert words in str(refused.value)


def test_a_part_may_have_further_measures_and_lack_some(part):
    path, names = part.with_name("part.parquet"), ("{rows}", 'a "b"', "'")
    more = ", ".join(f"{number} AS {quoted(name)}" for number, name in enumerate(names))
    query = f"SELECT * EXCLUDE \"circuits-valid\", {more} FROM {{rows}} WHERE message != '{{rows}}'"  # noqa: S608
    ParquetTable([part]).write(path, query, copy_options(METADATA))
    table = ParquetTable([read_part(path).path])
    assert table.ask(f"SELECT DISTINCT {', '.join(map(quoted, names))} FROM {{rows}}") == [(0, 1, 2)]  # noqa: S608


@pytest.mark.parametrize("name", ["seed=7", "more=1", "a [1]", "b*", "c?", "d'e", "{rows}", "ü ö"])
def test_the_name_of_a_folder_changes_nothing(part, tmp_path, name):
    like_it = name.replace("[1]", "1").replace("*", "x").replace("?", "x")  # if it were a pattern
    for folder in {name, like_it}:
        (tmp_path / folder).mkdir()
    moved, before = tmp_path / name / "part.parquet", ParquetTable([part])
    whole = before.ask("SELECT * FROM {rows}")
    write_part(tmp_path / like_it / "part.parquet", rows()[:1], columns_of(design()), METADATA)
    part.rename(moved)
    assert ParquetTable([read_part(moved).path]).ask("SELECT * FROM {rows}") == whole


@pytest.mark.parametrize(("name", "words"), [("nowhere/0.parquet", "No such file"), ("full/0.parquet", "No space")])
def test_what_cannot_be_written_is_not_blamed_on_the_table(part, tmp_path, name, words):
    if name.startswith("full"):
        (tmp_path / "full").mkdir()
        (tmp_path / name).symlink_to("/dev/full")
    with pytest.raises(OSError, match=words):
        ParquetTable([part]).write(tmp_path / name, "SELECT * FROM {rows}", copy_options(METADATA))
