"""Files of lines of declared questions."""

import json

import pytest

from benchmarks.chapters import LineFile


def test_lines_are_added_until_the_minutes_are_over_and_others_are_refused(tmp_path):
    path, design = tmp_path / "rows.jsonl", {"name": "first", "minutes": 1}
    file = LineFile(path, design, half="public")
    file.append({"seed": 3})
    assert not file.full
    again = LineFile(path, design, half="public")
    (line,) = again.lines
    assert (line["seed"], line["half"], line["spent"]) == (3, "public", again.spent)
    path.write_text(json.dumps(line | {"spent": 61}) + "\n")
    assert LineFile(path, design, half="public").full
    for other, half in ((design | {"minutes": 2}, "public"), (design, "secret")):
        with pytest.raises(SystemExit, match="another design"):
            LineFile(path, other, half=half)
