"""A method that knows every answer of the public half by heart wins there, and not in the half of a secret."""

import json

import pytest

from plugins.bench.tests.suites import design, tiny
from pluriscope.analysis.running.work import Work
from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.judging import judge_of
from pluriscope_bench.key.network_view import NetworkView
from pluriscope_bench.methods import Limits
from pluriscope_bench.run import benched
from pluriscope_bench.suite_files import SuiteFolder
from pluriscope_bench.suite_making import make_networks

METHOD = """
import json
NAME = "by heart"
KNOWN = json.loads({known!r})

def score(network, ablation, ask):
    return {{"mask": KNOWN.get(repr(network.outputs.tolist()), [])}}
"""


def of_the_secret(path):
    path.mkdir()
    folder = SuiteFolder(path, design(), "secret", "5" * 64)
    folder.begin()
    for cell, seeds in enumerate(folder.seeds):
        folder.save(make_networks(folder.design, cell, seeds, None, Work()))
    return folder.finish()


@pytest.mark.release
def test_what_is_known_by_heart_does_not_win_in_the_other_half(tmp_path):
    known = {}
    for one in tiny().networks:
        names = judge_of(one.question, PRIMARY).graph.bit_names
        smallest = min(tiny().truth(one.name).masks.tolist(), key=int.bit_count)
        outputs = NetworkView.of(one.question, "zero").outputs.tolist()
        known[repr(outputs)] = [name for bit, name in enumerate(names) if smallest >> bit & 1]
    method = tmp_path / "heart.py"
    method.write_text(METHOD.format(known=json.dumps(known)))
    secret = of_the_secret(tmp_path / "secret")
    assert secret.digest != tiny().digest
    for suite, wins in ((tiny(), True), (secret, False)):
        found = benched(suite, [method], limits=Limits())
        regrets = {one["name"]: one["regret"]["mean"] for one in found["methods"]}
        assert (regrets["by heart"] == 0.0) is wins
        assert (regrets["by heart"] > regrets["random"]) is not wins
