import json

import pytest

from analysis.circuits import prefixes
from analysis.circuits.layered_states import CountableSpace
from analysis.circuits.search import search_circuits
from analysis.network_files.files import network_file_json
from analysis.protocol import COMPLETE
from analysis.question import ask
from tests.app.cli.test_analyse import refused, run
from tests.golden_files import golden_network


@pytest.fixture
def xor(tmp_path, monkeypatch):
    """The authors' network, whose states come in pieces so small that a part has several batches."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(prefixes, "VALUES_AT_ONCE", 40)
    (tmp_path / "xor.json").write_text(json.dumps(network_file_json(golden_network("xor_pretrained"))))
    return tmp_path


def counted(*options):
    assert run("count", "run", "xor.json", *options, "--workers", 1, "--quiet") == 0


def test_parts_merge_into_the_file_that_one_machine_writes(xor):
    counted("--output", "whole.json", "--draws", 50)
    for part in (1, 2, 3):
        counted("--part", f"{part}/3", "--output", f"{part}.part")
    given = ("3.part", "1.part", "2.part", "--output", "merged.json", "--draws", 50, "--workers", 1, "--quiet")
    assert run("count", "merge", "xor.json", *given) == 0
    assert (xor / "merged.json").read_bytes() == (xor / "whole.json").read_bytes()
    told = json.loads((xor / "whole.json").read_text())["circuits"]
    file = golden_network("xor_pretrained")
    listed = search_circuits(ask(file.network, task=file.tasks[0], protocol=COMPLETE))
    assert (told["valid"], told["possible"]) == (listed.n_valid, listed.possible)
    assert {int(mask, 16) for mask in told["drawn"]["masks"]} <= {*listed.masks.tolist()}
    assert len(told["drawn"]["masks"]) == 50


@pytest.mark.parametrize("lost", [1, 30, 10_000])
def test_a_part_that_was_stopped_is_continued(xor, monkeypatch, lost):
    counted("--part", "1/2", "--output", "whole.part")
    whole, tallied = (xor / "whole.part").read_bytes(), []
    (xor / "1.part").write_bytes(whole[: max(0, len(whole) - lost)])
    plainly = CountableSpace.tally
    monkeypatch.setattr(CountableSpace, "tally", lambda self, piece: tallied.append(1) or plainly(self, piece))
    counted("--part", "1/2", "--output", "1.part")
    assert (xor / "1.part").read_bytes() == whole
    assert (lost == 1) == (not tallied), "what the file holds is not tallied again"


def test_what_cannot_be_counted_in_parts_is_refused(xor, capsys):
    counted("--part", "1/2", "--output", "1.part")
    capsys.readouterr()
    cases = {
        "--part 3/2: is no part K of N": ("run", "xor.json", "--part", "3/2", "--output", "3.part"),
        "holds another part": ("run", "xor.json", "--part", "2/2", "--output", "1.part", "--quiet"),
        "is no part of a count": ("run", "xor.json", "--part", "2/2", "--output", "note.txt", "--quiet"),
        "--output-index 1: the network has 1 outputs": ("run", "xor.json", "--output-index", 1, "--output", "c.json"),
        "2/2 missing": ("merge", "xor.json", "1.part", "--output", "count.json", "--quiet"),
        "is one of the inputs": ("merge", "xor.json", "1.part", "--output", "1.part", "--quiet"),
        "is of another network": (
            "merge",
            "xor.json",
            "1.part",
            "--protocol",
            "paper",
            "--output",
            "c.json",
            "--quiet",
        ),
    }
    (xor / "note.txt").write_text("not to be lost")
    for said, given in cases.items():
        assert said in refused(capsys, "count", *given)
    assert (xor / "note.txt").read_text() == "not to be lost"


def test_a_part_is_counted_by_one_process_at_a_time(xor, capsys):
    fcntl = pytest.importorskip("fcntl")
    counted("--part", "1/2", "--output", "1.part")
    whole = (xor / "1.part").read_bytes()
    with (xor / "1.part").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert run("count", "run", "xor.json", "--part", "1/2", "--output", "1.part", "--quiet") == 2
    assert "another process counts into it" in capsys.readouterr().err
    assert (xor / "1.part").read_bytes() == whole
    counted("--part", "1/2", "--output", "1.part")
