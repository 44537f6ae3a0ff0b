"""Tasks of transformers: their rows are those of the reference models, and every answer is right by another rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pluriscope.analysis.errors import InvalidData, InvalidNetwork, InvalidTask
from pluriscope.analysis.subjects.transformer.files import read_table
from pluriscope.analysis.subjects.transformer.tasks import TokenTask, task_named

GOLDEN = {
    path.stem: json.loads(path.read_text())["network"]
    for path in sorted((Path(__file__).parents[3] / "golden" / "attention").glob("*.json"))
}


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "own_2x1_0"])
def test_the_rows_are_those_of_the_reference(name):
    network = GOLDEN[name]
    [given] = network["tasks"]
    task = task_named(given["name"], network["vocabulary"], network["context"])
    assert [list(row) for row in task.rows] == given["rows"]
    assert list(task.answers) == given["answers"]
    assert len(task.outputs) == network["vocabulary"] == len(set(task.outputs))


def test_the_indirect_object_is_the_name_that_stands_once():
    task = task_named("indirect object")
    assert (len(task.rows), len(set(task.rows)), task.outputs[-2:]) == (240, 240, (".", "="))
    for row, answer in zip(task.rows, task.answers, strict=True):
        names = [token for token in row[:-1] if token < 4]
        assert (len(names), names.count(answer), row[-1]) == (3, 1, 5)


@pytest.mark.parametrize(
    ("name", "sizes", "reply"),
    [
        ("chess", {}, "task 'chess': is unknown. Use induction, other name"),
        ("majority", {"vocabulary": 4}, "vocabulary: is 4 for the task majority. Use 3."),
        ("sum modulo", {"context": 4}, "context: is 4 for the task sum modulo. Use 3."),
        ("induction", {"context": 2}, "context: is 2 for the task induction. Use 3 to 32."),
        ("maximum", {"vocabulary": 40}, "task maximum: has more than 4,096 rows with 40 tokens at 4 positions."),
    ],
)
def test_what_there_is_no_task_for_is_refused(name, sizes, reply):
    with pytest.raises(InvalidTask) as refused:
        task_named(name, **sizes)
    assert str(refused.value).startswith(reply)


def table(**more):
    return json.dumps({"rows": [[0, 1], [1, 0]], "answers": [1, 0], **more}).encode()


def test_a_table_of_rows_is_read():
    assert read_table(table()) == TokenTask("", ("0", "1"), ((0, 1), (1, 0)), (1, 0))
    named = read_table(table(name="own", tokens=["a", "b", "c"]))
    assert (named.name, named.outputs) == ("own", ("a", "b", "c"))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"[]", "table of rows: holds a list, not an object"),
        (table(rows=[]), "rows: "),
        (table(rows=[[0, 1]]), "answers: has 2 for 1 rows"),
        (table(rows=[[0, 1], [0, 1]]), "rows[1]: is rows[0] again"),
        (table(rows=[[0, 1], [1]]), "rows[1]: has 1 tokens, the context is 2"),
        (table(rows=[[0, 300], [1, 0]]), "tokens: has 301 tokens. Use 2 to 256"),
        (table(tokens=["a", "a"]), "tokens: has a text twice"),
        (table(answers=[1, 2.5]), "answers[1]: "),
        (table(labels=[]), "labels: "),
    ],
)
def test_tables_that_are_none_are_refused(raw, message):
    with pytest.raises((InvalidData, InvalidNetwork)) as refused:
        read_table(raw)
    assert message in str(refused.value)
