"""`pluriscope bench`: methods scored against the answer key, results written, verified and refused."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from pluriscope.analysis.discovery.part_names import names_of
from pluriscope.analysis.running.work import Work
from pluriscope_bench.printed import arms_table, latex, methods_table
from pluriscope_bench.suite_files import SuiteFolder, bundled_design, read_suite
from pluriscope_bench.suite_making import make_networks
from tests.app.cli.test_analyse import refused, run
from tests.made_once import made_once

METHOD = """
NAME = "mine"
TRACK = "gradients"


def score(network, ablation, ask):
    return {edge: abs(weight) for edge, weight in network.weights.items()}
"""
RANDOM = METHOD.replace("abs(weight)", "__import__('os').urandom(1)[0]")


def _make(path: Path) -> None:
    """A suite of two networks."""
    design = bundled_design()
    (arm,) = (one for one in design.arms if one.key == "xor-3")
    arm = arm.model_copy(update={"study": arm.study | {"activation": ["relu"]}, "small": (0,)})
    folder = SuiteFolder(path, design.model_copy(update={"arms": (arm,)}), "public")
    folder.begin()
    folder.save(make_networks(folder.design, 0, (0, 3), None, Work(clock=time.perf_counter)))
    folder.finish()


@pytest.fixture(scope="session")
def two_networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "suite-of-two", _make)


@pytest.fixture
def method(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(METHOD)
    return path


def scored(folder: Path, suite: Path, *arguments: object) -> dict:
    out = folder / "result.json"
    assert run("bench", *arguments, "--suite", suite, "--json", out, "--workers", 1, "-q") == 0
    return json.loads(out.read_text())


@pytest.mark.slow
def test_a_method_stands_among_ours_best_first_as_the_contract_has_it(tmp_path, two_networks, method, capsys) -> None:
    csv, page = tmp_path / "rows.csv", tmp_path / "page.html"
    latex, figure = tmp_path / "table.tex", tmp_path / "figure.pdf"
    files = ("--csv", csv, "--page", page, "--latex", latex, "--figure", figure)
    found = scored(tmp_path, two_networks, method, *files)
    assert (found["primary"], found["condition"]) == ("regret", "zero-threshold-strict")
    assert found["suite"] == json.loads((two_networks / "manifest.json").read_text())["digest"]
    means = [one["regret"]["mean"] for one in found["methods"]]
    assert means == sorted(means)
    of = {one["name"]: one for one in found["methods"]}
    mine, weights = of["mine"], of["weights"]
    assert mine["outcomes"] == {"answered": 2}
    assert mine["track"] == "gradients"
    for one in found["methods"]:
        for key in ("regret", "valid", "valid_raw"):
            assert one[key]["low"] <= one[key]["mean"] <= one[key]["high"]
    assert mine["regret"] == weights["regret"]
    assert mine["source"]["text"] == METHOD
    assert weights["source"] is None
    assert mine["difference"]["from"] in of
    assert {row["method"] for row in found["rows"]} == set(of)
    assert len(csv.read_text().splitlines()) == 3 + len(found["rows"])
    html = page.read_text()
    assert "mine" in html
    assert "<script" not in html
    answer = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in answer if line.startswith("*")] == ["mine"]
    assert figure.read_bytes().startswith(b"%PDF")
    printed = [line.split() for line in answer[: 1 + len(found["methods"])]]
    cells = [line for line in latex.read_text().splitlines() if "&" in line][: len(printed)]
    assert [re.sub(r"\\[^ ]|[${}^]|\\\\$", "", one.replace("\\%", "%").replace("$-$", "−").replace("--", "–")).split()
            for one in (line.replace("&", " ") for line in cells)] == printed  # fmt: skip
    assert any(line.startswith("written: ") for line in answer)


@pytest.mark.slow
def test_a_result_is_verified_and_says_what_differs(tmp_path, two_networks, method, capsys, prepared) -> None:
    scored(tmp_path, two_networks, method)
    out = tmp_path / "result.json"
    assert run("bench", "--suite", two_networks, "--verify", out, "-q") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("equal: every value of ")
    method.write_text(RANDOM)
    scored(tmp_path, two_networks, method)
    assert run("bench", "--suite", two_networks, "--verify", out, "-q", "--json", "-") == 1
    captured = capsys.readouterr()
    record = json.loads(captured.out.splitlines()[-1])
    assert record["verdict"] == "differs"
    assert {one["method"] for one in record["differences"]} - {""} == {"mine"}  # "" for the order of methods
    assert "mine, " in captured.err


@pytest.mark.slow
def test_answers_in_a_file_are_scored_as_the_method_that_gave_them(tmp_path, two_networks, method, prepared) -> None:
    suite = read_suite(two_networks)
    name, missing = suite.by_name
    weights = {edge: n for n, edge in enumerate(names_of(suite.by_name[name].question.graph).numbers)}
    answers = tmp_path / "answers.json"
    cases = (({}, "unreadable", "no answer", 1), ({missing: None}, "not-offered", "no such network", None))
    for more, outcome, cause, regret in cases:
        answers.write_text(json.dumps({"suite": suite.digest, "name": "theirs", "answers": {name: weights, **more}}))
        found = scored(tmp_path, two_networks, answers)
        theirs = {row["network"]: row for row in found["rows"] if row["method"] == "theirs"}
        assert (theirs[name]["outcome"], theirs[missing]["outcome"]) == ("answered", outcome)
        assert cause in theirs[missing]["message"]
        assert theirs[missing]["regret"] == regret
    assert run("bench", "--suite", two_networks, "--verify", tmp_path / "result.json", "-q") == 0


OUTCOMES = {
    "raise ValueError('no')": "raised",
    "return {'x9>y9': 1}": "unreadable",
    "return ask.valid([network.edges])": "beyond-track",
    "__import__('time').sleep(99)": "timeout",
    "return {'mask': []}": "answered",
}


@pytest.mark.slow
def test_what_a_method_does_is_an_outcome_and_the_rest_goes_on(tmp_path, two_networks, capsys, prepared) -> None:
    files = []
    for number, text in enumerate(OUTCOMES):
        files.append(tmp_path / f"{number}.py")
        files[-1].write_text(METHOD.replace('"mine"', f'"{number}"').partition("    return")[0] + f"    {text}\n")
    found = scored(tmp_path, two_networks, *files, "--seconds", 1)
    of = {one["name"]: one for one in found["methods"]}
    assert [of[str(number)]["outcomes"] for number in range(len(OUTCOMES))] == [{one: 2} for one in OUTCOMES.values()]
    for row in found["rows"]:
        if row["method"].isdigit():
            assert bool(row["message"]) == (row["outcome"] != "answered")
            assert row["outcome"] == "answered" or row["regret"] == 1
    answer = [
        line.split()[1:6] for line in capsys.readouterr().out.splitlines() if line.startswith("* ") and ": " in line
    ]
    missed = [[f"{number}:", one, "on", "2", "of"] for number, one in enumerate(OUTCOMES.values()) if one != "answered"]
    assert sorted(answer) == missed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.py",), "cannot be read"),
        (("mine.py", "--suite", "nowhere"), "nowhere"),
        (("mine.py", "--workers", "0"), "out of range"),
        (("mine.py", "--conditions", "some"), "choose from"),
        (("mine.py", "--json", "no/where.json"), "its folder does not exist"),
        (("mine.py", "--json", "a.json", "--csv", "a.json"), "are not all different"),
        (("mine.py", "--csv", "mine.py"), "is one of the inputs"),
        (("mine.py", "mine.py"), "has the name of another one"),
        (("mine.py", "--verify", "mine.py"), "Leave methods"),
        (("mine.py", "--figure", "a.gif"), "is no name of a PDF or SVG"),
        (("--verify", "mine.py"), "is not JSON"),
        (("empty.py",), "score"),
        (("broken.py",), "syntax"),
        (("ours.py",), "has the name of another one"),
        (("other.json",), "is about suite"),
        (("folder",), "is a folder"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    tmp_path, two_networks, method, monkeypatch, capsys, prepared, arguments, words
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "broken.py").write_text("def score(:\n")
    (tmp_path / "ours.py").write_text(METHOD.replace('"mine"', '"eap"'))
    (tmp_path / "other.json").write_text(json.dumps({"suite": "b" * 64, "name": "mine", "answers": {"a": {}}}))
    (tmp_path / "folder").mkdir()
    before = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    suite = () if "--suite" in arguments else ("--suite", two_networks)
    assert words in refused(capsys, "bench", *arguments, *suite, "-q")
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == before


@pytest.mark.release
def test_ours_on_the_small_suite_equal_its_rows(tmp_path, capsys) -> None:
    assert run("bench", "--json", tmp_path / "result.json", "-q") == 0
    assert "equal what the suite has" in capsys.readouterr().out
    means = [one["regret"]["mean"] for one in json.loads((tmp_path / "result.json").read_text())["methods"]]
    assert means == sorted(means)  # though some are not offered for every network, which tables show last


def test_tables_have_a_column_for_each_arm_and_say_latex_what_it_would_misread() -> None:
    ends = {"mean": 0.5, "low": 0.25, "high": 1.0, "n": 2}
    arms = {"a_1": {"regret": ends}, "b": {"regret": ends | {"mean": None}}}
    scores = {**dict.fromkeys(("regret", "valid", "valid_raw"), ends), "difference": None}
    one = {
        **scores,
        "outcomes": {"answered": 1, "raised": 1},
        "name": r"50% & \mine_2 [x]",
        "track": "runs",
        "source": {"form": "method"},
        "arms": arms,
    }
    facts = dict.fromkeys(("suite_name", "suite", "engine", "condition", "digest"), "a")
    document = {**facts, "methods": [one, {**one, "name": "minimum", "source": None, "arms": {}}]}
    assert arms_table(document)[1:] == [
        *(("*", one["name"], "0.500", "–"), ("", "(exact minimum)", "–", "–"))
    ]  # fmt: skip
    assert methods_table(document)[1][3:] == ("0.500 [0.250, 1.000]", "–", "50%", "50%", "1 of 2")
    text = "".join(latex(document))
    assert r"$^{*}$ & 50\% \& \textbackslash{}mine\_2 {[}x{]} & 0.500 & -- \\" in text
    assert r" & regret by arm & a\_1 & b \\" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 2
