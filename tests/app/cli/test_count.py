import json

import pytest

from analysis.circuits.search import search_circuits
from analysis.network_files.files import network_file_json
from analysis.protocol import COMPLETE
from analysis.question import ask
from tests.app.cli.test_analyse import refused, run
from tests.golden_files import golden_network


@pytest.fixture
def xor(tmp_path, monkeypatch):
    """The authors' network, in the folder that commands run in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "xor.json").write_text(json.dumps(network_file_json(golden_network("xor_pretrained"))))
    return tmp_path


def test_a_count_tells_what_a_list_holds(xor):
    assert run("count", "run", "xor.json", "--output", "whole.json", "--draws", 50, "--quiet") == 0
    told = json.loads((xor / "whole.json").read_text())["circuits"]
    file = golden_network("xor_pretrained")
    listed = search_circuits(ask(file.network, task=file.tasks[0], protocol=COMPLETE))
    assert (told["valid"], told["possible"]) == (listed.n_valid, listed.possible)
    assert {int(mask, 16) for mask in told["drawn"]["masks"]} <= {*listed.masks.tolist()}
    assert len(told["drawn"]["masks"]) == 50


def test_an_output_that_is_not_there_is_refused(xor, capsys):
    given = ("run", "xor.json", "--output-index", 1, "--output", "c.json")
    assert "output 1: does not exist; the network has 1" in refused(capsys, "count", *given)
