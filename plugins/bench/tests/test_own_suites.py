"""Suites of anybody's networks: files that other packages wrote, with what is known of each beside it."""

import json
import shutil
from importlib import resources

import pytest

from plugins.studies.tests.test_study_commands import run
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.suite import InvalidSuite
from pluriscope_bench.key.truths import truths_of
from pluriscope_bench.own_suites import read_folder
from pluriscope_bench.suite_files import read_suite
from tests.checkout import ROOT
from tests.factories import small_network

__all__ = ["run"]
BROUGHT = ROOT / "tests/fixtures/brought"
BUNDLED = resources.files("pluriscope.app.bundled")


def bring(folder, *names, **truths):
    """A folder with copies of files, and what is known of them by their stems."""
    folder.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(BROUGHT / name, folder)
    for stem, truth in truths.items():
        (folder / f"{stem}.truth.json").write_text(json.dumps(truth))
    return folder


def made(run, folder, *arguments):
    return run("suite", "make", "--from", str(folder), "--output", str(folder.parent / "suite"), "-q", *arguments)


@pytest.mark.slow
def test_a_suite_has_what_can_be_used_and_takes_what_is_corrected(run, tmp_path, prepared):
    planted = ["x0>1.0", "x1>1.0", "1.0>y0"]
    folder = bring(tmp_path / "mine", "g5_gemm.onnx", "k3_lambda.keras", g5_gemm={"mask": planted})
    bring(folder / "tanh", "haiku.npz")
    bring(folder, "g6_flatten.onnx", g6_flatten={"tasks": "AND"})
    bring(folder, "g2_input_hidden_output.safetensors")
    (folder / "notes.md").write_text("no network")
    ended = made(run, folder, "--json", "--workers", "1")
    assert ended.code == 3
    assert len(json.loads(ended.out)["problems"]) == 3
    for words in (
        "failed: k3_lambda.keras: layer 'lambda': is of the kind Lambda",
        "Say layers in g2_input_hidden_output.truth.json: it may be 'hidden, input, output'",
        "failed: own-g6-flatten: has no valid circuit, and is wrong itself on rows of its task. Correct its task",
    ):
        assert words in ended.err
    suite = read_suite(tmp_path / "suite")
    assert [(one.name, one.arm, one.cell, one.seed) for one in suite.networks] == [
        *(("own-g5-gemm", "own", "g5-gemm", 0), ("tanh-haiku", "tanh", "haiku", 0))
    ]
    assert suite.manifest["arms"]["own"] == {"label": "own", "networks": 1, "left_out": {"no_valid_circuit": 1}}
    known = suite.by_name["own-g5-gemm"]
    names = [f"x{i}>1.{j}" for j in range(2) for i in range(2)] + ["1.0>y0", "1.1>y0"]
    assert known.planted == sum(1 << names.index(one) for one in planted)
    again = truths_of(known.question, [PRIMARY])[0]
    assert suite.truth(known.name).masks.tolist() == again.masks.tolist() != []
    of_parts = {one: one.stat().st_mtime_ns for one in (tmp_path / "suite" / "parts").iterdir()}
    (folder / "k3_lambda.keras").unlink()
    bring(folder, g6_flatten={}, g2_input_hidden_output={"layers": "input, hidden, output"})
    ended = made(run, folder, "--json", "--workers", "1")
    assert (ended.code, json.loads(ended.out)["problems"]) == (0, [])
    assert [*read_suite(tmp_path / "suite").by_name] == [
        *("own-g2-input-hidden-output", "own-g5-gemm", "own-g6-flatten", "tanh-haiku")
    ]
    assert of_parts.items() <= {one: one.stat().st_mtime_ns for one in (tmp_path / "suite/parts").iterdir()}.items()
    result = tmp_path / "result.json"
    assert run("bench", "--suite", str(tmp_path / "suite"), "--json", str(result), "--workers", "1", "-q").code == 0
    found = next(one for one in json.loads(result.read_text())["methods"] if one["name"] == "deletion")
    assert {arm: one["n"] for arm, one in found["arms"].items()} == {"own": 3, "tanh": 1}


@pytest.mark.slow
def test_other_packages_files_are_read_and_a_suite_is_the_same_wherever_its_folder_is(run, tmp_path, prepared):
    one = bring(tmp_path / "one", "g5_gemm.onnx", "haiku.pkl")
    (tmp_path / "two").mkdir()
    other = bring(tmp_path / "two" / "one", "haiku.pkl", "g5_gemm.onnx")
    digests = {json.loads(made(run, folder, "--json", "--workers", "1").out)["digest"] for folder in (one, other)}
    assert len(digests) == 1


def test_every_format_and_transformers_are_read_with_what_is_planted(tmp_path):
    names = ["equinox_mlp.eqx", "flax.msgpack", "g5_gemm.onnx", "haiku.npz", "k3_whole.h5", "torch213.pt"]
    folder = bring(tmp_path / "mine", *names, torch213={"activation": "tanh"})
    shutil.copy(BUNDLED / "models/tracr-histogram.json", folder)
    shutil.copy(BUNDLED / "xor-planted.json", folder)
    design, contents, problems = read_folder(folder)
    found = {one["key"]: one for one in map(json.loads, contents.values())}
    assert problems == []
    assert [cell.key for cell in design.cells] == [*found]
    assert len(found) == len(names) + 2
    assert {key for key, one in found.items() if one["planted"]} == {"tracr-histogram", "xor-planted"}


@pytest.mark.parametrize(
    ("file", "truth", "words"),
    [
        (b"{", {}, "one.json: network file: is not JSON"),
        (small_network(sizes=(2, 2, 2)), {}, "one.json: network: has 2 outputs, and a suite asks about one"),
        (small_network(), {"encoding": "-1, 1"}, "encoding: is not 0 and 1"),
        (small_network(), {"mask": ["x0>1.7"]}, "x0>1.7"),
        (small_network(), {"mask": 3}, "file 'one.truth.json'"),
        (small_network(), {"msk": []}, "file 'one.truth.json'"),
        (small_network(), {"rules": "heads"}, "rules: are of transformers alone"),
        ("models/parity-3-elman.json", {}, "is of Elman networks, and suites have perceptrons and transformers"),
        ("models/tracr-histogram.json", {"rules": "nonsense"}, "nonsense"),
    ],
)
def test_what_no_suite_can_hold_is_named(tmp_path, file, truth, words):
    folder = bring(tmp_path / "mine", one=truth)
    if not isinstance(file, bytes):
        file = (BUNDLED / file).read_bytes() if isinstance(file, str) else json.dumps(network_file_json(file)).encode()
    (folder / "one.json").write_bytes(file)
    with pytest.raises(InvalidSuite, match="has no network that a suite can hold") as refusal:
        read_folder(folder)
    assert words in str(refusal.value)


def test_two_of_the_same_name_are_named_and_neither_is_taken(tmp_path):
    folder = bring(tmp_path / "mine", "haiku.npz", "haiku.pkl", "g5_gemm.onnx")
    _, contents, problems = read_folder(folder)
    assert [json.loads(one)["key"] for one in contents.values()] == ["g5-gemm"]
    assert problems == ["haiku.npz and haiku.pkl: have the same name in a suite, 'haiku'. Rename all but one."]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "EMPTY"], "has no file of a network in it. Put files of networks into it (.bin, "),
        (["--from", "NONE"], "cannot be read (No such file or directory)"),
        (["public", "--from", "EMPTY"], "--from: makes a suite of your own"),
        (["--from", "EMPTY", "--output", "EMPTY/suite"], "is within the folder of networks"),
    ],
)
def test_what_makes_no_suite_is_refused(run, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    bring(tmp_path / "EMPTY")
    ended = run("suite", "make", *arguments)
    assert (ended.code, words in ended.err) == (2, True), ended.err
