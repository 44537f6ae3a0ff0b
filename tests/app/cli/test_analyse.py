import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.questions.data import data_file_json
from pluriscope.analysis.questions.protocol import PAPER
from pluriscope.app.cli import main
from pluriscope.app.cli.reading import limits_in_force
from pluriscope.app.limits import limits_of
from pluriscope.app.settings import Settings
from pluriscope.resources import PREFIX
from tests.bad_files import BAD_NETWORK_FILES, good_document
from tests.golden_files import golden_data, golden_network


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ending:
        main([str(a) for a in arguments])
    return ending.value.code or 0


@pytest.fixture
def xor(tmp_path: Path) -> Path:
    path = tmp_path / "xor.json"
    path.write_text(json.dumps(network_file_json(golden_network("xor_pretrained"))))
    return path


def refused(capsys, *arguments: object) -> str:
    """Run, and give back the single line of the refusal."""
    capsys.readouterr()  # what a server logged before
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("pluriscope: ")
    assert "Traceback" not in captured.err
    return captured.err


def test_of_a_network_that_did_not_learn_its_task_it_says_what_that_computes_instead(tmp_path, capsys):
    """A or B, said to be XOR, then one whose output is neither 0 nor 1; each explained as what it computes."""
    document = {
        "format": "pluriscope-network/1",
        "name": "or",
        "sizes": [2, 1, 1],
        "activation": "relu",
        "weights": [[[-1.0, -1.0]], [[-1.0]]],
        "biases": [[1.0], [1.0]],
        "output_activation": "linear",
        "tasks": [{"name": "XOR", "truth_table": [0, 1, 1, 0]}],
    }
    path, out, data = tmp_path / "or.json", tmp_path / "out.json", tmp_path / "data.json"
    path.write_text(json.dumps(document))
    assert run("analyse", path, "-o", out, "-q") == 0
    said = capsys.readouterr().err
    for words in ("output 0: no circuit is valid", "on 1 of 4 rows. 11 gives 1.0000 and should give 0", "OR (0111,"):
        assert words in said
    assert run("analyse", path, "-o", out, "-q", "--task", "decisions") == 0
    (found,) = json.loads(out.read_text())["outputs"]
    assert (found["task"]["truth_table"], found["circuits"]["valid"], capsys.readouterr().err) == ([0, 1, 1, 1], 1, "")
    path.write_text(json.dumps(document | {"biases": [[1.0], [3.0]]}))
    assert run("analyse", path, "-o", out, "-q") == 0
    assert "neither 0 nor 1 on 00 (2.0000), 01 (3.0000) and 2 more" in capsys.readouterr().err
    assert "rounds to neither 0 nor 1" in refused(capsys, "analyse", path, "-o", out, "--task", "decisions")
    rows = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    labels = {"validation_inputs": rows, "validation_labels": [[0], [1], [1], [1]]}
    data.write_text(json.dumps({"format": "pluriscope-data/1", "representatives": rows, **labels}))
    given = ("--data", data, "--task", "decisions")
    assert "says itself what is right" in refused(capsys, "analyse", path, "-o", out, *given)


@pytest.mark.slow
def test_analyse_writes_the_result_and_shows_progress(xor, tmp_path, capsys):
    out = tmp_path / "out.json"
    assert run("analyse", xor, "--protocol", "paper", "--output", out) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Not unique. 32 of ")
    assert captured.out.count("\n") == 1
    assert "circuits: 32 valid circuits" in captured.err
    result = json.loads(out.read_text())
    assert result["protocol"]["digest"] == PAPER.digest
    (output,) = result["outputs"]
    assert (output["circuits"]["valid"], output["interpretations"]["total"]) == (32, 234_700)
    assert sum(len(a["alignments"]) for a in output["algorithms"]) == 42
    assert set(tmp_path.iterdir()) == {xor, out}
    assert out.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.slow
def test_a_data_file_and_a_protocol_file(xor, tmp_path):
    data, rules, out = (tmp_path / name for name in ("data.json", "rules.json", "out.json"))
    data.write_text(json.dumps(data_file_json(golden_data("xor_pretrained_notebook"))))
    rules.write_text(json.dumps(PAPER.model_dump(mode="json") | {"name": "mine", "digest": PAPER.digest}))
    assert run("analyse", xor, "-p", rules, "-d", data, "-o", out, "-q") == 0
    result = json.loads(out.read_text())
    assert result["outputs"][0]["circuits"]["valid"] == 7
    assert result["outputs"][0]["interpretations"]["total"] == 100_896
    assert (result["protocol"]["name"], result["data"]["validation_rows"]) == ("mine", 10_000)


@pytest.mark.slow
def test_several_outputs_or_one_of_them(tmp_path):
    path, out = tmp_path / "two.json", tmp_path / "out.json"
    path.write_text(json.dumps(network_file_json(golden_network("xor+and_3-3"))))
    assert run("analyse", path, "-p", "paper", "-o", out, "-q") == 0
    assert [o["task"]["name"] for o in json.loads(out.read_text())["outputs"]] == ["XOR", "AND"]
    assert run("analyse", path, "-p", "paper", "-o", out, "-q", "--output-index", 1) == 0
    assert [o["output"] for o in json.loads(out.read_text())["outputs"]] == [1]


@pytest.mark.slow
def test_many_files_and_folders_are_analysed_at_once_and_a_bad_one_stops_no_other(xor, tmp_path, capsys):
    folder, results = tmp_path / "some", tmp_path / "results"
    folder.mkdir()
    (folder / "b.json").write_text(xor.read_text())
    (folder / "bad.json").write_text("{}")
    assert run("analyse", xor, folder, "--protocol", "paper", "--output", results, "--quiet") == 2
    captured = capsys.readouterr()
    assert captured.out.split() == [str(results / "xor.json"), str(results / "b.json")]
    assert captured.err.startswith(f"pluriscope: {folder / 'bad.json'}: network file: has no format")
    for one in results.iterdir():
        assert json.loads(one.read_text())["outputs"][0]["interpretations"]["total"] == 234_700


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("xor.json", "xor.json"), "Give --output FOLDER"),
        (("xor.json", "empty", "--output", "out"), "folder empty: has no file"),
        (("xor.json", "empty/../xor.json", "--output", "out"), "has the same result"),
    ],
)
def test_many_files_without_a_place_for_each_result_are_refused(xor, tmp_path, monkeypatch, capsys, given, words):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    assert words in refused(capsys, "analyse", *given)


def test_without_settings_the_limits_are_those_of_the_settings(monkeypatch):
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    assert limits_in_force() == limits_of(Settings())
    monkeypatch.setenv(f"{PREFIX}MAX_POSSIBLE_CIRCUITS", "7")
    assert limits_in_force().max_possible == 7


def test_a_search_that_reaches_a_limit_ends_with_3_and_says_so(xor, tmp_path, capsys):
    rules, out = tmp_path / "few.json", tmp_path / "out.json"
    rules.write_text('{"name": "few", "max_alignments": 1}')
    assert run("analyse", xor, "-p", rules, "-o", out, "-q") == 3
    assert "truncated at 1" in capsys.readouterr().err
    result = json.loads(out.read_text())
    assert not result["exhaustive"]
    assert "truncated at 1" in result["missing"][0]


@pytest.mark.parametrize("name", list(BAD_NETWORK_FILES)[:3])
def test_bad_network_files_end_with_2_and_one_line(name, tmp_path, capsys):
    """All of them are refused alike in the tests of files and of the form."""
    path, out = tmp_path / "bad.json", tmp_path / "out.json"
    raw, said = BAD_NETWORK_FILES[name]
    path.write_bytes(raw)
    assert said in refused(capsys, "analyse", path, "-o", out)
    assert not out.exists()


@pytest.mark.parametrize(("text", "said"), [("[1]", "holds a list"), ('{"max_depth": 9}', "max_depth")])
def test_bad_protocol_files(xor, tmp_path, capsys, text, said):
    rules, out = tmp_path / "rules.json", tmp_path / "out.json"
    rules.write_text(text)
    assert said in refused(capsys, "analyse", xor, "-p", rules, "-o", out)
    assert not out.exists()


def test_other_bad_input(xor, tmp_path, capsys):
    out = tmp_path / "out.json"
    cases = [
        (("analyse", xor, "-o", out, "-p", "quick"), "protocol 'quick': is unknown"),
        (("analyse", tmp_path / "nope.json", "-o", out), "No such file"),
        (("analyse", "a\0b", "-o", out), "cannot be read"),
        (("analyse", xor, "-o", tmp_path), "is a folder"),
        (("analyse", xor, "-o", tmp_path / "no" / "out.json"), "folder does not exist"),
        (("analyse", xor, "-o", xor), "one of the inputs"),
        (("analyse", xor, "-o", out, "-d", tmp_path / "no.json"), "data file"),
        (("analyse", xor, "-o", out, "-d", xor), "not the format 'pluriscope-data/1'"),
        (("analyse", xor, "-o", out, "--output-index", "1"), "output 1: does not exist"),
        (("analyse", xor, "-o", out, "--output-index", "x"), "--output-index: 'x' is no whole number"),
        (("analyse", xor), "Give --output FILE, or --json"),
        *((("analyse", xor, "-o", out, "--seconds", n), f"--seconds: {n} is out of range") for n in ("0", "-1", "nan")),
        (("analyse", xor, "-o", out, "--seconds", "x"), "--seconds: 'x' is no number"),
        (("analyse",), "are required"),
        (("analyze", xor), "'analyze': is no command or option. Did you mean analyse?"),
        (("analyse", xor, "--frobnicate"), "unrecognized arguments: --frobnicate"),
        (("analyse", xor, "--protcol", "paper"), "Did you mean --protocol?"),
        (("analyse", "/dev/zero", "-o", out), "is no file"),
    ]
    for arguments, said in cases:
        assert said in refused(capsys, *arguments), arguments
    assert not out.exists()


def test_control_characters_do_not_reach_the_terminal(tmp_path, capsys):
    assert "\x1b" not in refused(capsys, "analyse", tmp_path / "\x1b[31mred\n", "-o", "-")


def test_an_output_that_exists_survives_a_failed_run(xor, tmp_path, capsys):
    out = tmp_path / "out.json"
    out.write_text("precious")
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(good_document(activation="mish")))
    refused(capsys, "analyse", bad, "-o", out)
    assert out.read_text() == "precious"


def test_a_fault_in_the_program_shows_no_traceback(xor, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pluriscope.analysis.explaining.pipeline.analyse_outputs", lambda *a, **k: 1 / 0)
    assert run("analyse", xor, "-o", tmp_path / "out.json", "-q") == 1
    error = capsys.readouterr().err
    assert "ZeroDivisionError" in error
    assert error.count("\n") == 1


@pytest.mark.slow
def test_version_help_and_schema(capsys):
    as_module = subprocess.run([sys.executable, "-m", "pluriscope", "-V"], capture_output=True, text=True, check=True)
    assert run("--version") == 0
    assert (said := capsys.readouterr().out).startswith("pluriscope 0.")
    assert as_module.stdout == said
    assert run("--help") == 0
    assert "analyse" in capsys.readouterr().out
    for command in ("analyse", "train", "serve", "work", "import", "export"):
        assert run(command, "--help") == 0
        assert "Example" in capsys.readouterr().out


@pytest.mark.slow
def test_analyse_as_a_program_reads_standard_input_and_loads_no_torch(xor):
    code = (
        "import sys\nfrom pluriscope.app.cli import main\n"
        "try: main(['analyse', '-', '-o', '-', '-p', 'paper', '--no-masks'])\n"
        "finally: print('torch' in sys.modules, 'sqlalchemy' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=xor.read_text(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["outputs"][0]["circuits"]["valid"] == 32
    assert done.stderr.splitlines()[-1] == "False False"


def test_every_command_states_its_record_as_json(xor, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path / "data"))

    def answer(*arguments: object):
        assert run(*arguments, "--json") == 0
        return json.loads(capsys.readouterr().out)

    assert answer("analyse", xor, "-p", "paper", "-q")["format"] == "pluriscope-result/1"
    assert answer("analyse", xor, "--plan")["plan"].startswith("output 0, XOR, protocol complete: listed")
    assert answer("import", xor, "--no-analysis")["items"][0]["url"] == "/networks/xor-pretrained"
    assert answer("export", "xor-pretrained") == json.loads(xor.read_text())
    assert answer("check")["findings"]
    assert answer("backup", tmp_path / "kept.backup")["rows"]["networks"] == 1
