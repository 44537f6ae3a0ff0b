"""Tasks of transformers: their rows are those of the reference models, and every answer is right by another rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.errors import InvalidTask
from analysis.models.attention_tasks import task_named

GOLDEN = {
    path.stem: json.loads(path.read_text())["network"]
    for path in sorted((Path(__file__).parents[2] / "golden" / "attention").glob("*.json"))
}


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "own_2x1_0"])
def test_the_rows_are_those_of_the_reference(name):
    network = GOLDEN[name]
    [given] = network["tasks"]
    task = task_named(given["name"], network["vocabulary"], network["context"])
    assert [list(row) for row in task.rows] == given["rows"]
    assert list(task.answers) == given["answers"]
    assert len(task.outputs) == network["vocabulary"] == len(set(task.outputs))


def test_brackets_are_balanced_where_pairs_can_be_struck_out():
    task = task_named("balanced brackets")
    for row, answer in zip(task.rows, task.answers, strict=True):
        text = "".join("()"[one] for one in row[:-1])
        while "()" in text:
            text = text.replace("()", "")
        assert answer == (text == "")


@pytest.mark.parametrize(
    ("name", "sizes", "told"),
    [
        ("chess", {}, "task 'chess': is unknown. Use induction, other name"),
        ("majority", {"vocabulary": 4}, "vocabulary: is 4 for the task majority. Use 3."),
        ("sum modulo", {"context": 4}, "context: is 4 for the task sum modulo. Use 3."),
        ("induction", {"context": 2}, "context: is 2 for the task induction. Use 3 to 32."),
        ("maximum", {"vocabulary": 40}, "task maximum: has more than 4,096 rows with 40 tokens at 4 positions."),
    ],
)
def test_what_there_is_no_task_for_is_refused(name, sizes, told):
    with pytest.raises(InvalidTask) as refused:
        task_named(name, **sizes)
    assert str(refused.value).startswith(told)
