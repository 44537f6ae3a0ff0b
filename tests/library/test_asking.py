"""A result answers every analysis as the command does, which asks the store."""

import json

import pytest

import pluriscope
from pluriscope.analyses.registry import of_kind
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from tests.app.cli.test_analyse import run
from tests.golden_files import golden_network


def untimed(answer):
    if isinstance(answer, dict):
        return {key: untimed(value) for key, value in answer.items() if key != "seconds"}
    return list(map(untimed, answer)) if isinstance(answer, list) else answer


@pytest.mark.release
@pytest.mark.slow
@pytest.mark.parametrize("key", [one.key for one in of_kind(PERCEPTRON) if one.find and "planted" not in one.reads])
def test_the_library_answers_as_the_command(key, tmp_path, capsys):
    path = tmp_path / "net.json"
    path.write_text(json.dumps(network_file_json(golden_network("xor_2-2"))))
    result = pluriscope.explain(path)
    mine = result.ask(key).model_dump(mode="json", context=result.question.layout)
    assert run("ask", key, path, "--json", "-q") == 0
    assert untimed(json.loads(json.dumps(mine))) == untimed(json.loads(capsys.readouterr().out)["report"])


EQUAL = {
    "a result": lambda one: one,
    "a circuit": lambda one: one.circuits[3],
    "an interpretation": lambda one: one.circuits[3].interpretations[2],
    "an algorithm": lambda one: one.algorithms[1],
    "an alignment": lambda one: one.alignments[0],
    "circuits": lambda one: one.circuits.where(neurons=(None, 4)),
    "interpretations": lambda one: one.interpretations[5:900],
    "classes": lambda one: one.circuits[3].classes,
    "algorithms": lambda one: one.algorithms.aligned,
    "alignments": lambda one: one.alignments,
}


@pytest.mark.parametrize("what", EQUAL)
def test_what_has_the_same_content_is_equal(what, xor, again):
    one, other = EQUAL[what](xor), EQUAL[what](again)
    assert one is not other
    assert one == other
    assert hash(one) == hash(other)
    assert one != EQUAL[what](xor)[:0] if what.endswith("s") else one != 3


@pytest.fixture(scope="module")
def again(xor, tmp_path_factory):
    """The result, saved and read anew."""
    return pluriscope.load(xor.save(tmp_path_factory.mktemp("again") / "xor.json"))


def test_lists_know_what_is_in_them(xor, again):
    for some in (xor.circuits, xor.interpretations, xor.circuits[3].classes, xor.algorithms, xor.alignments):
        last = some[2]
        assert last in some
        assert (some.index(last), some.count(last), some[1:].index(last), some[:2].count(last)) == (2, 1, 1, 0)
        with pytest.raises(ValueError, match="is not among"):
            some[:2].index(last)
    assert again.circuits[0] in xor.circuits
    assert again.circuits[0].interpretations[1] in xor.interpretations
    assert xor.circuits[0] not in pluriscope.explain(xor.network_file, protocol="paper").circuits
    assert xor.circuits[0] != xor.circuits[1]
    assert 3 not in xor.circuits
