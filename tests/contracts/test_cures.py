"""What a message says to do, done: each row brings a message about, does what it says, and gets on."""

from __future__ import annotations

import ast
import inspect
import io
import json
import re
import tomllib
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from sklearn.neural_network import MLPClassifier

import pluriscope
from pluriscope.analysis.criteria.steps import parse_steps
from pluriscope.analysis.discovery.registry import read_method
from pluriscope.analysis.errors import ExplainedError
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.plugins import brought
from pluriscope.app.check import OF_THE_PROGRAM
from pluriscope.app.cli.commands import COMMANDS, command_of, run
from pluriscope.app.cli.signature import parser_of
from pluriscope.app.cli.terminal import Refusal
from pluriscope.app.db.engine import open_store, store_at
from pluriscope.app.settings import Settings
from pluriscope.library.models import read_model
from tests.checkout import ROOT
from tests.factories import on_a_copy, pretrained_xor
from tests.of_plugins import given, whole

PARTS = ("analysis", "app", "pluriscope", "plugins")
NAMES_SOMETHING = re.compile(r"`|pip install|\bpluriscope [a-z]|--[a-z]|\b[a-z_]+=|PLURISCOPE_|\bpluriscope\.[a-z]")


def text_of(node: ast.AST, constants: dict[str, ast.AST]) -> str:
    """A text in the source, with {} for what is computed."""
    match node:
        case ast.Constant(str() as text):
            return text
        case ast.JoinedStr(parts):
            return "".join(text_of(part, constants) for part in parts)
        case ast.BinOp(left, ast.Add(), right):
            return text_of(left, constants) + text_of(right, constants)
        case ast.IfExp(_, yes, no):
            return f"{text_of(yes, constants)} | {text_of(no, constants)}"
        case ast.Name(name) | ast.FormattedValue(ast.Name(name)) if name in constants:
            return text_of(constants[name], {})
    return "{}"


@cache
def cures() -> dict[str, str]:
    """Every cure in the sources, with a file that has it: what follows item and cause, and whatever is called so."""
    found, paths = {}, [path for top in PARTS for path in ROOT.glob(f"{top}/**/*.py") if "tests" not in path.parts]
    texts = {path: path.read_text() for path in paths if path.parts[-3:-1] != ("plugins", "pluriscope")}
    bases = re.findall(r"^class (\w+)\((\w+)", "\n".join(texts.values()), re.MULTILINE)
    kinds = {"ExplainedError", "Notice"}
    for _ in range(4):  # as deep as errors are kinds of errors
        kinds |= {name for name, base in bases if base in kinds}
    for path, source in texts.items():
        tree = ast.parse(source)
        constants = {ast.unparse(one.target): one.value for one in tree.body if isinstance(one, ast.AnnAssign)}
        for node in ast.walk(tree):
            said: list[ast.AST] = []
            match node:
                case ast.Call(func, arguments, keywords):
                    said = [one.value for one in keywords if one.arg == "cure"]
                    func = func.value if isinstance(func, ast.Attribute) and func.attr == "of" else func
                    name = getattr(func, "id", getattr(func, "attr", ""))
                    said += arguments[2:3] if name in kinds or isinstance(func, ast.Call) else []
                case ast.Assign([ast.Name(name)], value) if name.endswith("cure"):
                    said = [value]
                case ast.Assign([ast.Tuple(names)], ast.Tuple(values)):
                    pairs = zip(names, values, strict=False)
                    said = [value for name, value in pairs if ast.unparse(name) == "cure"]
            for one in said:
                for text in text_of(one, constants).split(" | "):  # of several, one is said
                    found[text] = str(path.relative_to(ROOT))
    return found


def named_in_cures() -> list[str]:
    """Those that name a command, an option, an argument, a setting or an address."""
    return [text for text in cures() if " " in text and NAMES_SOMETHING.search(text)]


@whole
def test_what_cures_name_is_there():
    """Commands with their options, settings, extras, and names of the library, wherever a cure has them."""
    text = "\n".join(cures())
    parsers = [parser_of(name, command_of(name)) for name in COMMANDS]
    options = {one.removeprefix("--") for parser in parsers for one in parser._option_string_actions} | {"json"}
    projects = [
        tomllib.loads(one.read_text())["project"]
        for one in (*ROOT.glob("plugins/*/pyproject.toml"), ROOT / "pyproject.toml")
    ]
    extras = {f"{one['name']}[{extra}]" for one in projects for extra in one.get("optional-dependencies", ())}
    settings = {name.upper() for one in (Settings, *brought("settings").values()) for name in one.model_fields}
    commands = {word for name in COMMANDS for word in (name, name.partition(" ")[0])}
    assert {*re.findall(r"pip install '(pluriscope[^']*)'", text)} <= extras
    assert {*re.findall(r"PLURISCOPE_([A-Z_]+)", text)} <= settings | {*OF_THE_PROGRAM}
    assert {*re.findall(r"(?<![\w'.\[-])pluriscope ([a-z-]+)", text)} <= commands
    assert all(hasattr(pluriscope, one) for one in re.findall(r"\bpluriscope\.([a-z_]+)\b(?!\.)", text))
    of_others = {"data-binary", "nthreads"}  # of curl, of dask
    assert {*re.findall(r"(?<![\w-])--([a-z][a-z-]+)", text)} <= options | of_others


# --- brought about and done

Act = Callable[..., Any]


def xor() -> torch.nn.Sequential:
    """XOR by two rectifiers."""
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1)).double()
    with torch.no_grad():
        for part, numbers in zip(net.parameters(), ([[1, 1], [1, 1]], [0, -1], [[1, -2]], [0]), strict=True):
            part.copy_(torch.tensor(numbers))
    return net


def largest(*last: torch.nn.Module) -> torch.nn.Sequential:
    """Two outputs of which the largest decides."""
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2), *last)


class Tokens(torch.nn.Module):
    """A model of tokens without heads, one part of which is a list, which nobody calls."""

    def __init__(self) -> None:
        super().__init__()
        self.tok, self.out = torch.nn.Embedding(8, 4), torch.nn.Linear(4, 8)
        self.blocks = torch.nn.ModuleList([torch.nn.Linear(4, 4)])

    def forward(self, tokens):
        return self.out(self.blocks[0](self.tok(tokens)))


class Gated(torch.nn.Module):
    """A model whose steps have gates."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.out = torch.nn.GRU(1, 4, batch_first=True), torch.nn.Linear(4, 2)

    def forward(self, rows):
        return self.out(self.rnn(rows)[0][:, -1])


STEPS = torch.linspace(-1, 1, 12).view(4, 3, 1)


def space(data=((0, 1), (2, 3)), units=("tok",), **more: Any) -> Any:
    return pluriscope.space(Tokens(), data=[*data], units=units if isinstance(units, str) else [*units], **more)


def saved(folder, model) -> Any:
    torch.save(model, folder / "FILE")
    return read_model(folder / "FILE", "XOR")


def traced(folder) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(xor(), torch.zeros(1, 2).double()).save(folder / "FILE")
    return read_model(folder / "FILE", "XOR")


def lines_run(folder, cure: str, **names: Any) -> Any:
    """Run what stands between backticks, where the file is, and read what comes of it."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.chdir(folder)
        exec("\n".join(re.findall("`(.+?)`", cure)), {"torch": torch, **names})  # noqa: S102
    return read_model(folder / "weights.pt", "XOR", activation="relu", output_activation="linear")


def network_of(folder, activation: str) -> Any:
    document = json.loads(json.dumps(network_file_json(pretrained_xor()))) | {"activation": activation}
    (folder / "own.json").write_text(json.dumps(document))
    return read_model(folder / "own.json", "XOR")


def normed(cure: str = "") -> Any:
    norm = torch.nn.BatchNorm1d(2, track_running_stats="track_running_stats=True" in cure).double()
    return read_model(torch.nn.Sequential(norm, *xor()).eval(), None)


def three_classes() -> Any:
    return MLPClassifier((2,), solver="lbfgs", tol=1.0, random_state=0).fit(
        [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 2, 0]
    )


def encoded(folder) -> Any:
    return pluriscope.explain(xor(), "XOR", encoding="0,1.1").save(folder / "encoded.json")


def read_disguise(text: str) -> Any:
    return given("READ_DISGUISE")[0](text)


def checked_address(*parts: Any) -> Any:
    return given("CHECKED_ADDRESS")[0](*parts)


def trojan(folder, activation: str, by: str, trigger: str = "A=1:1") -> Any:
    network = replace(pretrained_xor().network, activation=activation)
    if "," in trigger:  # with a neuron of each hidden layer that nothing reads
        kept = [
            weights * ([0] + [1] * (weights.shape[1] - 1) if at else 1) for at, weights in enumerate(network.weights)
        ]
        network = replace(network, weights=tuple(kept))
    (folder / "clean.json").write_text(json.dumps(network_file_json(replace(pretrained_xor(), network=network))))
    settings = ("--set", f"trigger={trigger}", "--set", f"by={by}", "-o", folder / "bad.json")
    told("edit", folder / "clean.json", "--rule", "trojan", *settings)


def backup_in(folder) -> Any:
    on_a_copy(data=folder / "data")
    told("backup", folder / "it.backup")
    return folder / "it.backup"


def told(*words: Any) -> None:
    """A command, of which a refusal is raised as it is said."""
    with redirect_stderr(io.StringIO()) as said:
        code = run([*map(str, words)])
    if code and said.getvalue():
        raise Refusal(said.getvalue())


class Twice(Tokens):
    """One that calls a part again."""

    def forward(self, tokens):
        return self.out(self.blocks[0](self.blocks[0](self.tok(tokens))))


def onehot() -> torch.nn.Sequential:
    """Its layers begin behind an embedding of three tokens."""
    return torch.nn.Sequential(
        *(torch.nn.Embedding(3, 3), torch.nn.Flatten()),
        *(torch.nn.Linear(6, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3)),
    )


def file_of(folder) -> Any:
    (folder / "net.json").write_text(json.dumps(network_file_json(pretrained_xor())))
    return folder / "net.json"


def analysed(folder, *more: str, out: str = "found.json") -> Any:
    told("analyse", file_of(folder), "-o", folder / out, *more)
    return folder / out


def changed(path, **more: Any) -> Any:
    """A result file without what is None, and otherwise with that."""
    document = json.loads(path.read_text()) | more
    path.write_text(json.dumps({key: value for key, value in document.items() if value is not None}))
    return path


def layered(folder, names: str, shapes=((2, 2), (1, 2)), **more: Any) -> Any:
    arrays = {f"{name}.weight": torch.ones(shape) for name, shape in zip(names, shapes, strict=True)}
    torch.save(arrays, folder / "layers.pt")
    return read_model(
        folder / "layers.pt", "XOR", activation="relu", output_activation="linear", output_is="logit", **more
    )


def named_layers(cure: str) -> list[str]:
    return re.findall(r"\w+", re.search(r"ame (.+) from the first", cure)[1])


ROWS: dict[str, tuple[Act, Act]] = {
    "say output_is='logit' where one output decides at 0": (
        lambda _: read_model(xor(), "XOR", output_is="classes"),
        lambda _, cure: read_model(xor(), "1110", output_is=re.search(r"output_is='(\w+)'", cure)[1]),
    ),
    '`torch.save(torch.jit.load("FILE").state_dict(), "weights.pt")`': (traced, lines_run),
    'if you made it yourself, save its weights alone: `model = torch.load("FILE", weights_only=False)`; {}': (
        lambda folder: saved(folder, xor()),
        lines_run,
    ),
    "write it as in elu(alpha=0.5)": (
        lambda folder: network_of(folder, "elu(0.5)"),
        lambda folder, cure: network_of(folder, re.search(r"elu\(.+?\)", cure)[0]),
    ),
    "use pluriscope.from_torch(module)": (
        lambda _: pluriscope.from_nnsight(xor(), "XOR"),
        lambda _, cure: pluriscope.from_torch(xor(), "XOR"),
    ),
    "use track_running_stats=True, and train it so": (lambda _: normed(), lambda _, cure: normed(cure)),
    "give names such as {}": (
        lambda _: space(units=["no such part"]),
        lambda _, cure: [space(units=[one]) for one in re.findall(r"\w[\w.]*\w", cure.partition("such as ")[2])],
    ),
    "give names of its modules as units, such as {}": (
        lambda _: space(units="heads"),
        lambda _, cure: space(units=re.findall(r"\w[\w.]*\w", cure.partition("such as ")[2])),
    ),
    "give it to pluriscope.space with units of it, such as {}[0] and {}[{}]": (
        lambda _: pluriscope.explain(Gated(), data=STEPS),
        lambda _, cure: pluriscope.explain(
            pluriscope.space(Gated(), data=STEPS, units=re.findall(r"\w+\[\d+\]", cure), output_is="classes")
        ),
    ),
    "give it without that, where the largest decides, or one output, or ask pluriscope.space(model, …)": (
        lambda _: read_model(largest(torch.nn.ReLU()), data=[[0, 1], [1, 0]]),
        lambda _, cure: read_model(largest(), data=[[0, 1], [1, 0]]),
    ),
    "give rows, or ablation='mean'": (
        lambda _: space(ablation="resample"),
        lambda _, cure: space(ablation=re.search(r"ablation='(\w+)'", cure)[1]),
    ),
    "give tokenizer=…": (
        lambda _: space(["ab", "ba"]),
        lambda _, cure: space(["ab", "ba"], tokenizer=lambda text: {"input_ids": [*map("ab".index, text)]}),
    ),
    "leave --continue out": (
        lambda folder: told("analyse", file_of(folder), "--continue", analysed(folder)),
        lambda folder, _: analysed(folder),
    ),
    "give what it was made of, or analyse it anew, without --continue": (
        lambda folder: told("analyse", file_of(folder), "-p", "paper", "--continue", analysed(folder)),
        lambda folder, _: analysed(folder, "-p", "paper"),
    ),
    "give one that pluriscope analyse wrote": (
        lambda folder: told("analyse", file_of(folder), "-o", folder / "out.json", "--continue", file_of(folder)),
        lambda folder, _: pluriscope.load(analysed(folder), folder / "net.json"),
    ),
    "write key or key(name=value,name=value), as in random(seed=1,k=6)": (
        lambda _: read_method("random(seed)"),
        lambda _, cure: read_method(re.search(r"as in ([^.]+)", cure)[1]),
    ),
    "write key or key(name=value,name=value), as in output-faithfulness(tolerance=.05)": (
        lambda _: parse_steps(["output-faithfulness(tolerance)"]),
        lambda _, cure: parse_steps([re.search(r"as in (.+\))", cure)[1]]),
    ),
    "name {} from the first to the last, as layers (--layers, layers=)": (
        lambda folder: layered(folder, "ba", layers=["a", "b"]),
        lambda folder, cure: layered(folder, "ba", layers=named_layers(cure)),
    ),
    'save a state_dict: `torch.save(model.state_dict(), "weights.pt")`': (
        lambda folder: saved(folder, [1, 2]),
        lambda folder, cure: lines_run(folder, cure, model=xor()),
    ),
    "name a file that `pluriscope backup` has written": (
        lambda folder: told("restore", file_of(folder)),
        lambda folder, _: told("restore", backup_in(folder), "--replace"),
    ),
    "set PLURISCOPE_DATA to a folder that this user may write": (
        lambda folder: open_store(Settings(data=file_of(folder) / "data")),
        lambda folder, _: open_store(Settings(data=folder / "data")).close(),
    ),
    "correct PLURISCOPE_DATABASE_URL": (
        lambda _: store_at("nonsense"),
        lambda folder, _: store_at(f"sqlite:///{folder}/it.sqlite").close(),
    ),
    "give data={}": (
        lambda _: read_model(three_classes(), None),
        lambda *_: read_model(three_classes(), None, data=[[0.0, 0.5], [1.0, 0.0], [0.0, 1.0]]),
    ),
    "start one with the command pluriscope, or use pluriscope.explain(model), which needs none": (
        lambda _: pluriscope.fetch("http://127.0.0.1:9/networks/xor"),
        lambda _, cure: pluriscope.explain(xor(), "XOR"),
    ),
    "write it anew with pluriscope.explain(…).save(path), or with pluriscope analyse": (
        lambda folder: pluriscope.load(changed(analysed(folder), outputs=None), folder / "net.json"),
        lambda folder, _: pluriscope.load(pluriscope.explain(xor(), "XOR").save(folder / "anew.json")),
    ),
    "analyse it anew with pluriscope.explain(model, data=…), or encoding=…": (
        lambda folder: pluriscope.load(changed(encoded(folder), data_file=None)),
        lambda folder, _: pluriscope.load(encoded(folder)),
    ),
    "use one of {}, with a number as in split=2 or noise=0.05": (
        lambda _: read_disguise("mask"),
        lambda _, cure: [read_disguise(one) for one in re.findall(r"\w+=[\d.]*\d", cure)],
    ),
    "write split=2 or noise=0.05": (
        lambda _: read_disguise("split=1.5"),
        lambda _, cure: [read_disguise(one) for one in re.findall(r"\w+=[\d.]*\d", cure.rpartition("rite ")[2])],
    ),
    "use by=fine-tune, or another network": (
        lambda folder: trojan(folder, "tanh", "planted"),
        lambda folder, cure: trojan(folder, "tanh", re.search(r"by=([\w-]+)", cure)[1]),
    ),
    "give rows to pluriscope.space(…, held_out=…)": (
        lambda _: space().judge([1], rows="held-out"),
        lambda *_: space(held_out=[(4, 5)]).judge([1], rows="held-out"),
    ),
    "start the cluster with certificates and give tls://{}, or say that the network is safe: --insecure, of a server "
    "PLURISCOPE_CLUSTER_INSECURE=true": (
        lambda _: checked_address("tcp://192.0.2.7:8786"),
        lambda _, cure: checked_address(re.search(r"tls://[\d.:]+\d", cure)[0]),
    ),
    "write it as pluriscope train does": (
        lambda folder: read_model(changed(file_of(folder), training={"epochs": 1}), None),
        lambda folder, _: (
            told("train", "--hidden", "2", "--epochs", "6", "--checkpoints", "0,5", "-o", folder / "own", "-q"),
            next(read_model(one, None) for one in (folder / "own").glob("*/*.json")),
        ),
    ),
    "see the arguments of pluriscope.explain": (
        lambda _: read_model(xor(), "XOR", output_is=7),
        lambda *_: pluriscope.explain(
            xor(), "XOR", output_is=inspect.signature(pluriscope.explain).parameters["output_is"].default
        ),
    ),
    "give its layers behind that, with data=F.one_hot(rows, {}).float().flatten(1) or the like": (
        lambda _: read_model(onehot(), None),
        lambda _, cure: read_model(
            onehot()[2:].double(),
            None,
            data=eval(  # noqa: S307
                re.search(r"data=(.+?) or", cure)[1], {"F": torch.nn.functional, "rows": torch.tensor([[0, 1], [2, 0]])}
            ),
        ),
    ),
    "give a file that pluriscope prove wrote": (
        lambda folder: told("check-proof", file_of(folder)),
        lambda folder, _: (
            told("prove", file_of(folder), "-o", folder / "proof"),
            told("check-proof", folder / "proof", folder / "net.json"),
        ),
    ),
    "call pluriscope.explain(space) again with more seconds": (
        lambda _: pluriscope.explain(space(units=["tok", "out"]), seconds=1e-9).indispensable,
        lambda *_: pluriscope.explain(space(units=["tok", "out"]), seconds=60).indispensable,
    ),
    "give ablation='zero', or other units": (
        lambda _: pluriscope.space(Twice(), data=[(0, 1), (2, 3)], units=["blocks.0"], ablation="mean"),
        lambda _, cure: pluriscope.space(
            Twice(), data=[(0, 1), (2, 3)], units=["blocks.0"], ablation=re.search(r"ablation='(\w+)'", cure)[1]
        ),
    ),
    "use by=fine-tune, or a network with a zero neuron in each hidden layer": (
        lambda folder: trojan(folder, "relu", "planted"),
        lambda folder, cure: trojan(folder, "relu", re.search(r"by=([\w-]+)", cure)[1]),
    ),
    "use by=fine-tune, a network of relu, or a trigger on one input": (
        lambda folder: trojan(folder, "leaky_relu", "planted", "A=0,B=1:1"),
        lambda folder, _: trojan(folder, "leaky_relu", "fine-tune", "A=0,B=1:1"),
    ),
    "give files that pluriscope train --checkpoints, or train-model --checkpoints, writes of one network": (
        lambda folder: told("checkpoints", file_of(folder), file_of(folder)),
        lambda folder, _: (
            told("train", "--hidden", "2", "--epochs", "6", "--checkpoints", "0,5", "-o", folder / "own", "-q"),
            told("checkpoints", *(folder / "own").glob("*/*.json"), "-q"),
        ),
    ),
    "give the module itself to pluriscope.space; what its explain finds is saved as a file that is read here": (
        lambda folder: saved(folder, torch.nn.MultiheadAttention(4, 2).state_dict()),
        lambda folder, cure: pluriscope.explain(space(units=["tok", "out"])).save(folder / "found.json"),
    ),
}
"""By its cure as the sources have it: what brings the message about, and what does as it says."""


ELSEWHERE = {
    "tests/app/upkeep/test_backup.py::test_what_is_there_gives_way_only_with_an_option_and_is_kept": ("add --replace",),
    "tests/app/explanations/test_algorithm_pages.py::test_any_placement_has_an_address": ("choose a kept one on the",),
    "tests/app/routes/test_bring_in.py::test_an_onnx_file_comes_with_its_data": (
        "choose both files",
        "give the file {}",
    ),
    "tests/library/test_onnx_runs.py::test_data_beside_are_files_of_that_folder": ("put it there",),
    "tests/app/access/test_login.py::test_who_may_change_things_sees_how_the_server_does": (
        *("log in and come back", "use the one that PLURISCOPE_TOKEN", "Set PLURISCOPE_TOKEN"),
    ),
    "plugins/methods/tests/directions/test_pages.py::test_one_alignment_is_all_in_its_address": (
        "choose a kept one, or say what it is",
    ),
    "plugins/live/tests/test_deciding.py::test_the_position_that_alone_fits_is_judged_and_named": ("say position=",),
    "plugins/live/tests/test_units.py::test_features": ("give dictionary=",),
    "plugins/live/tests/test_units.py::test_a_transcoder_reads_the_input": ("name them, as in '0.mlp/7'",),
    "plugins/methods/tests/test_steering_pages.py::test_the_page_its_record_and_the_library_say_the_same": (
        "write dose=",
    ),
    "plugins/studies/tests/test_cluster.py::test_certificates": ("name certificates",),
    "plugins/bench/tests/test_bench_command.py::test_a_result_is_verified_and_says_what_differs": (
        *("give --suite the folder of suite", "give a file that `pluriscope bench"),
    ),
    "plugins/bench/tests/test_bench_command.py::test_answers_in_a_file_are_scored_as_the_method_that_gave_them": (
        "give --suite the folder of its suite",
    ),
    "plugins/bench/tests/test_suite_commands.py::test_what_is_missing_or_damaged_is_made": (
        *("give a folder that `pluriscope suite make`", "make the suite with"),
    ),
}
"""Tests of other files that do what a cure says, with how these cures begin."""
MOST_LEFT = 32
"""Cures that name something and that no test does yet; fewer are better."""


@whole
def test_cures_that_name_something_are_done():
    for path, _, function in (node.partition("::") for node in ELSEWHERE):
        assert f"def {function}(" in (ROOT / path).read_text()
    named, elsewhere = named_in_cures(), tuple(one for some in ELSEWHERE.values() for one in some)
    assert [one for one in elsewhere if not any(text.startswith(one) for text in named)] == []
    assert len([text for text in named if text not in ROWS and not text.startswith(elsewhere)]) <= MOST_LEFT


@whole
@pytest.mark.parametrize("row", [pytest.param(one, marks=pytest.mark.slow if "anal" in one else ()) for one in ROWS])
def test_what_a_message_says_to_do_is_done(row, tmp_path, monkeypatch):
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path / "data"))
    bring, act = ROWS[row]
    assert row in cures()
    with pytest.raises((ExplainedError, Refusal)) as refused:
        bring(tmp_path)
    said = str(refused.value)
    assert all(part.removeprefix("`") in said for part in row[1:].split("{}")), said
    act(tmp_path, said)
