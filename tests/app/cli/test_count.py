"""`pluriscope count`: the best number in the time that there is, with how sure it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.app import bundled
from tests.app.cli.test_analyse import run
from tests.factories import real_analysis
from tests.golden_files import golden_network
from tests.random_networks import random_network

BUNDLED = Path(bundled.__file__).parent
PRETRAINED = BUNDLED / "xor-pretrained.json"


def counted(capsys, file: Path, *arguments: object, code: int = 0) -> dict:
    assert run("count", file, "-q", "--json", *arguments) == code
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path, file = tmp_path / "large.json", golden_network("xor_pretrained")
    document = network_file_json(file) | {"name": "large", "sizes": [2, 8, 8, 1]}
    network = random_network(1, (2, 8, 8, 1))
    document |= {name: [part.tolist() for part in getattr(network, name)] for name in ("weights", "biases")}
    path.write_text(json.dumps(document))
    return path


@pytest.mark.slow
def test_what_can_be_listed_is_exact(capsys) -> None:
    found = counted(capsys, PRETRAINED)
    assert set(found) == {"circuits", "smallest", "backbone", "by_size", "enough", "why"}
    circuits = found["circuits"]
    assert (circuits["how"], circuits["low"], circuits["high"], circuits["confidence"]) == ("exact", 197, 197, None)
    assert circuits["log10"] == pytest.approx(2.294466)
    assert found["smallest"] == {"low": 10, "high": 10, "proved": True}
    assert len(found["backbone"]) == 6
    kept = [option for name in found["backbone"] for option in ("--keeps", name)]
    assert counted(capsys, PRETRAINED, *kept)["circuits"]["low"] == 197
    assert sum(size["low"] for size in found["by_size"]) == 197
    assert sum(size["possible"] for size in found["by_size"]) == 9_625
    assert (found["enough"], found["why"]) == (True, "")


@pytest.mark.slow
def test_transformers_are_counted_exactly_where_they_can_be_searched(capsys) -> None:
    file = next((BUNDLED / "models").glob("majority*"))
    found = counted(capsys, file, "--protocol", "nodes")
    assert (found["circuits"]["how"], found["smallest"]["proved"], found["enough"]) == ("exact", True, True)
    guaranteed = counted(capsys, file, "--protocol", "nodes", "--how", "guaranteed")["circuits"]
    assert guaranteed["how"] == "guaranteed"
    assert guaranteed["low"] <= found["circuits"]["low"] <= guaranteed["high"]


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("guaranteed --keeps q", 2, "'q': is no hidden neuron or edge. Use n1.0, A-n1.0 or another one"),
        ("estimated", 2, "--how: invalid choice: 'estimated' (choose from '', 'exact', 'guaranteed')"),
        ("exact", 3, "an exact number of valid circuits: not listed: 88 edges for one output, and the limit is 64"),
    ],
)
def test_what_is_out_of_reach_is_refused_with_what_would_do(capsys, large, how, code, words) -> None:
    assert run("count", large, "-q", "--how", *how.split()) == code
    assert words.lower() in capsys.readouterr().err.lower()


@pytest.mark.slow
@pytest.mark.parametrize("asked", [{"at_most_edges": 12}, {"keeps": ["n2.1", "A-n1.2"]}, {"at_most_edges": 3}])
def test_of_circuits_that_meet_a_condition(capsys, asked) -> None:
    most, keeps = asked.get("at_most_edges", 18), asked.get("keeps", ())
    every, into = real_analysis().circuits.masks.tolist(), {"n2.1": 0b111 << 9, "A-n1.2": 1 << 4}
    passing = [one for one in every if one.bit_count() <= most and all(one & into[name] for name in keeps)]
    options = [option for name in keeps for option in ("--keeps", name)]
    options += ["--at-most-edges", most] if most < 18 else []
    exact = counted(capsys, PRETRAINED, *options)
    assert (exact["circuits"]["how"], exact["circuits"]["low"]) == ("exact", len(passing))
    assert exact["smallest"]["low"] == min(map(int.bit_count, passing), default=None)
    drawn = counted(capsys, PRETRAINED, *options, "--how", "guaranteed")["circuits"]
    assert drawn["low"] <= len(passing) <= drawn["high"]
    assert drawn["possible"] == exact["circuits"]["possible"]


@pytest.mark.slow
def test_too_little_time_is_said_and_large_numbers_are_text(capsys, large) -> None:
    found = counted(capsys, large, "--seconds", 0.2, code=3)
    assert found["enough"] is False
    assert "Not enough to say" in found["why"]
    assert found["circuits"]["possible"] == "118493617609379140600065"
