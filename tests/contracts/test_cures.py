"""What a message says to do, done: each row brings a message about, does what it says, and gets on."""

from __future__ import annotations

import ast
import inspect
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Callable
from contextlib import closing, redirect_stderr
from dataclasses import replace
from functools import cache, partial
from html import unescape
from importlib import import_module
from typing import Any

import joblib
import pytest
import torch
from sklearn.neural_network import MLPClassifier
from sqlalchemy import text as sql

import pluriscope
from pluriscope.analysis.criteria.steps import parse_steps
from pluriscope.analysis.discovery.registry import read_method
from pluriscope.analysis.errors import ExplainedError
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.plugins import brought, plugins
from pluriscope.app.check import OF_THE_PROGRAM
from pluriscope.app.cli.commands import COMMANDS, command_of, run
from pluriscope.app.cli.server import _prepare_store
from pluriscope.app.cli.signature import parser_of
from pluriscope.app.cli.terminal import Refusal
from pluriscope.app.db.engine import open_store, store_at
from pluriscope.app.settings import Settings
from pluriscope.library.models import read_model
from pluriscope.processes.executor import ProcessExecutor
from pluriscope.processes.memory import LEAST
from tests.analysis.subjects.perceptron.test_onnx import FIRST, LAST, RELU, onnx_file, with_outputs
from tests.analysis.subjects.perceptron.test_onnx import node as onnx_node
from tests.app.cli.test_every_format import as_onnx
from tests.app.jobs.computations import process_after
from tests.app.jobs.test_executor import outcome_of
from tests.bad_files import good_document
from tests.checkout import ROOT
from tests.clients import served
from tests.factories import XOR_SLUG, hand_made_analysis, on_a_copy, pretrained_xor, stored_analysis
from tests.library.test_live_transformers import Model as Attentive
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


class Pooled(Tokens):
    """One whose part has a value for all tokens together."""

    def forward(self, tokens, attention_mask=None):
        return self.out(self.blocks[0](self.tok(tokens).mean(1, keepdim=True))).expand(-1, tokens.shape[1], -1)


def uneven(ablation: str, row=(1, 2)) -> Any:
    return pluriscope.space(Pooled(), data=[row, (2, 3, 1)], units=["blocks.0"], ablation=ablation, position="last")


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


def stopped(path) -> Any:
    """A result file that says it is not finished, as it was not when it was written."""
    (output,) = json.loads(path.read_text())["outputs"]
    return changed(path, outputs=[output | {"stops": []}])


def layered(folder, names: str, shapes=((2, 2), (1, 2)), **more: Any) -> Any:
    arrays = {f"{name}.weight": torch.ones(shape) for name, shape in zip(names, shapes, strict=True)}
    torch.save(arrays, folder / "layers.pt")
    return read_model(
        folder / "layers.pt", "XOR", activation="relu", output_activation="linear", output_is="logit", **more
    )


def named_layers(cure: str) -> list[str]:
    return re.findall(r"\w+", re.search(r"ame (.+) from the first", cure)[1])


XOR = f"/networks/{XOR_SLUG}"
VALID, OTHER = (f"c-{mask:05x}" for mask in hand_made_analysis().circuits.masks[:2])
UNSURE = {"a": (3, 2), **dict.fromkeys("cdefghijk", (3, 3)), "l": (4, 2), "m": (2, 4), "n": (1, 3)}
"""Layers by their shapes, of which more orders seem to fit than are tried."""


def shown(folder, path: str, sent: dict[str, Any] | None = None, stored: bool = True, **settings: Any) -> Any:
    """The answer of a server to somebody on its machine, and the pretrained network in its store if it is new."""
    new = not (folder / "data").exists()
    (folder / "data").mkdir(exist_ok=True)
    with served(folder / "data", local=True, **settings) as client:
        if new and stored:
            stored_analysis(client.app.state.store)
        return client.request("POST" if sent else "GET", path, **sent or {})


def refused(*words: Any, **options: Any) -> None:
    """What an answer says, raised."""
    raise Refusal(unescape(" ".join(re.sub("<[^>]+>", "", shown(*words, **options).text).split())))


def gets_on(*words: Any, without: str = "", has: str = "", **options: Any) -> None:
    """An answer that is none of an error, and says no more what was said before."""
    answer = shown(*words, **options)
    assert answer.status_code < 400, answer.text
    assert not without or without not in answer.text
    assert has in answer.text


def prepared(folder) -> None:
    """The store as a server without --no-bundled has it."""
    _prepare_store(Settings(data=folder / "data"), bundled=True)


def working(folder, cure: str) -> None:
    """A worker as is said, until the page shows it."""
    command = [sys.executable, "-m", "pluriscope.app.cli", re.search(r"Start one: pluriscope (\w+)", cure)[1]]
    with subprocess.Popen(command, env={**os.environ, "PLURISCOPE_DATA": str(folder / "data")}) as process:
        try:
            while "Present: 1" not in shown(folder, "/admin").text:
                assert process.poll() is None
        finally:
            process.terminate()


def without(library: str, act: Callable[[], Any]) -> None:
    """Do something where a library is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, library, None)
        act()


def brings(cure: str, library: str) -> None:
    """What pip is told to install has the library among what it needs."""
    name, extra = re.search(r"pip install '([\w-]+)\[(\w+)\]'", cure).groups()
    folder = ROOT if name == "pluriscope" else ROOT / "plugins" / name.removeprefix("pluriscope-")
    needs = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
    assert any(re.match(rf"{library}\b", one) for one in needs), needs


def onnx_of(folder, library: bool = True) -> Any:
    (folder / "net.onnx").write_bytes(as_onnx(good_document(activation="relu", output_activation="linear")))
    read = partial(read_model, folder / "net.onnx", "XOR")
    return read() if library else without("onnx", read)


def two_classes(folder) -> Any:
    """A fitted model of two classes, in a file of joblib."""
    model = MLPClassifier((2,), solver="lbfgs", tol=1.0, random_state=0)
    model.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    joblib.dump(model, folder / "FILE")
    return model


def labelled(folder) -> Any:
    """What a converter for scikit-learn writes, which ends in labels."""
    ends = onnx_node("ArgMax", ["y"], ["n"]), onnx_node("ArrayFeatureExtractor", ["c", "n"], ["e"], domain="ai.onnx.ml")
    (folder / "FILE").write_bytes(with_outputs(onnx_file([FIRST, RELU, LAST, *ends]), "e").SerializeToString())
    return read_model(folder / "FILE", "XOR")


def arrays_of(folder, cure: str) -> Any:
    joblib.dump({name: torch.ones(1, n).numpy() for name, n in (("W1", 2), ("W2", 1))}, folder / "FILE")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec("\n".join(re.findall("`(.+?)`", cure)), {})  # noqa: S102
    written = folder / ("weights.npz" if cure else "FILE")
    return read_model(written, "0111", activation="relu", output_activation="linear", output_is="logit")


def computed(n_bytes: int, **settings: Any) -> None:
    """A job that takes so much, in a process that may take what the settings say."""
    with closing(ProcessExecutor(Settings(**settings).memory_of_job)) as executor:
        outcome_of(executor, partial(process_after, n_bytes))


def torn(folder) -> None:
    """A store a page of which is gone, and a backup of it as it was before."""
    shown(folder, "/networks")
    told("backup", folder / "it.backup")
    file = folder / "data" / "pluriscope.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'networks'").fetchall()
    raw = bytearray(file.read_bytes())
    raw[(page - 1) * 4_096 : page * 4_096] = bytes(4_096)
    file.write_bytes(raw)


def restored(folder, cure: str) -> None:
    """A look with what is named says that it is damaged, and the backup is put in its place."""
    assert run([re.search(r"pluriscope (check)", cure)[1]]) == 1
    told("restore", folder / "it.backup", "--replace")
    gets_on(folder, "/networks", has=XOR_SLUG)


def held_up(folder) -> None:
    """A command that writes, while somebody else does."""
    on_a_copy(folder)
    with closing(sqlite3.connect(folder / "pluriscope.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        taken_in(folder)


def taken_in(folder) -> None:
    (study,) = given("STUDY")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLURISCOPE_DATA", str(folder))
        told("study", "import", study)


def all_but(cure: str) -> str:
    return ",".join(one.name for one in plugins() if one.name != re.search(r"pdate ([\w-]+),", cure)[1])


def newer(folder) -> Any:
    """A store whose tables of a plugin are of a version that is not known."""
    with closing(open_store(on_a_copy(folder))) as store:
        store.migrate()
        with store.writer.begin() as connection:
            connection.execute(sql("UPDATE alembic_version_studies SET version_num = '9999'"))
        store.migrate()


ROWS: dict[str, tuple[Act, Act]] = {
    "say output_is='logit' where one output decides at 0": (
        lambda _: read_model(xor(), "XOR", output_is="classes"),
        lambda _, cure: read_model(xor(), "1110", output_is=re.search(r"output_is='(\w+)'", cure)[1]),
    ),
    "if you made it yourself, save its weights alone: `import torch`; "
    '`model = torch.load("FILE", weights_only=False)`; {}': (lambda folder: saved(folder, xor()), lines_run),
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
    "use noise, or an amount as in noise=0.05": (
        lambda _: read_disguise("mask"),
        lambda _, cure: [read_disguise(one) for one in re.findall(r"noise(?:=[\d.]*\d)?", cure)],
    ),
    "write noise=0.05": (
        lambda _: read_disguise("noise=1.2.3"),
        lambda _, cure: read_disguise(cure.rpartition("rite ")[2].rstrip(".")),
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
    "give data=rows of token ids, such as [[0, 1, 2], [2, 1, 0]], which may be shorter than the model's context": (
        lambda _: pluriscope.from_torch(Attentive()),
        lambda _, cure: pluriscope.from_torch(Attentive(), data=json.loads(re.search(r"\[\[.+?\]\]", cure)[0])),
    ),
    "give data=…, rows of token ids": (
        lambda _: pluriscope.from_torch(Attentive(positions=False)),
        lambda *_: pluriscope.from_torch(Attentive(positions=False), data=[(0, 1), (2, 0)]),
    ),
    "take ablation='zero', or rows of one length": (
        lambda _: uneven("mean"),
        lambda _, cure: (uneven(re.search(r"ablation='(\w+)'", cure)[1]), uneven("mean", (1, 2, 3))),
    ),
    "install it: pip install '{}'": (
        lambda folder: onnx_of(folder, library=False),
        lambda folder, cure: (brings(cure, "onnx"), onnx_of(folder)),
    ),
    "install the driver: pip install 'pluriscope[postgresql]'": (
        lambda _: without("psycopg", lambda: store_at("postgresql+psycopg://there/it")),
        lambda _, cure: (brings(cure, "psycopg"), store_at("postgresql+psycopg://there/it").close()),
    ),
    "install it: pip install 'pluriscope-studies[cluster]'": (
        lambda _: without("distributed", given("CLUSTER_WORKERS")[0]("tcp://127.0.0.1:9").__enter__),
        lambda _, cure: (brings(cure, "distributed"), import_module("distributed")),
    ),
    "name all from the first to the last, as layers (--layers, layers=)": (
        lambda folder: layered(folder, "".join(UNSURE), [*UNSURE.values()]),
        lambda folder, _: layered(folder, "".join(UNSURE), [*UNSURE.values()], layers=[*"lmacdefghijkn"]),
    ),
    "give what pluriscope.export writes of the fitted model, or end the graph at its Sigmoid or Softmax": (
        labelled,
        lambda folder, _: read_model(pluriscope.export(two_classes(folder), folder / "out.json")),
    ),
    "analyse it anew, without --continue": (
        lambda folder: told(
            *("analyse", file_of(folder), "-o", folder / "out.json", "--continue"), stopped(analysed(folder))
        ),
        lambda folder, _: pluriscope.load(analysed(folder), folder / "net.json"),
    ),
    next(one for one in cures() if "joblib.load" in one): (partial(arrays_of, cure=""), arrays_of),
    "take a smaller network or stricter rules, or allow more: PLURISCOPE_JOB_MEMORY_BYTES for a job of a server, "
    "PLURISCOPE_MAX_MEMORY_BYTES for a command": (
        lambda _: computed(LEAST, job_memory_bytes=LEAST),
        lambda _, cure: computed(LEAST, **{re.search(r"PLURISCOPE_(\w+)", cure)[1].lower(): 4 * LEAST}),
    ),
    "write ?protocol={} behind the address": (
        lambda folder: refused(folder, f"{XOR}/explanations/{VALID}@complete"),
        lambda folder, cure: gets_on(folder, f"{XOR}/explanations/{VALID}{re.search(r'.protocol=[a-z]+', cure)[0]}"),
    ),
    "add network=NAME to it": (
        lambda folder: refused(folder, f"/compare.csv?e={VALID}&e={OTHER}"),
        lambda folder, cure: gets_on(
            folder, f"/compare.csv?e={VALID}&e={OTHER}&{re.search(r'network=NAME', cure)[0].replace('NAME', XOR_SLUG)}"
        ),
    ),
    "Train one here, send one in, or start the server without --no-bundled, which adds examples.": (
        lambda folder: refused(folder, "/networks", stored=False),
        lambda folder, _: (prepared(folder), gets_on(folder, "/networks", without="No network is", has=XOR_SLUG)),
    ),
    "start the server without --no-bundled": (
        lambda folder: refused(folder, "/story/3", stored=False),
        lambda folder, _: (prepared(folder), gets_on(folder, "/story/3", without="no-bundled")),
    ),
    "Start one: pluriscope work": (lambda folder: refused(folder, "/admin"), working),
    "Give the site an address that others reach (PLURISCOPE_PUBLIC_URL), or send a file.": (
        lambda folder: refused(folder, f"{XOR}?part=cite"),
        lambda folder, _: gets_on(
            *(folder, f"{XOR}?part=cite"),
            public_url="https://lab.example",
            without="PUBLIC_URL",
            has="https://lab.example",
        ),
    ),
    "send the file itself: curl --data-binary @FILE": (
        lambda folder: refused(folder, "/api/v2/networks", {"files": {"file": file_of(folder).read_bytes()}}),
        lambda folder, _: gets_on(
            *(folder, "/api/v2/networks"),
            {"content": file_of(folder).read_bytes(), "headers": {"content-type": "application/x-www-form-urlencoded"}},
        ),
    ),
    "ask for fewer steps, or run pluriscope edit FILE": (
        lambda folder: refused(folder, f"{XOR}/edit?rule=deceive&room=0.45&moves=1&steps=20000"),
        lambda folder, _: told(
            *("edit", file_of(folder), "--rule", "deceive", "-o", folder / "bad.json"),
            *("--set", "room=0.45", "--set", "moves=1", "--set", "steps=20000"),
        ),
    ),
    "let the operator stop the server and the workers, look with pluriscope check, and restore a backup": (
        lambda folder: (torn(folder), refused(folder, "/networks")),
        restored,
    ),
    "try again; see pluriscope check": (held_up, lambda folder, _: taken_in(folder)),
    "update {}, or leave it out of PLURISCOPE_PLUGINS": (
        newer,
        lambda folder, cure: subprocess.run(
            [sys.executable, "-m", "pluriscope.app.cli", "work", "--until-idle"],
            check=True,
            env={**os.environ, "PLURISCOPE_DATA": str(folder), "PLURISCOPE_PLUGINS": all_but(cure)},
        ),
    ),
}
"""By its cure as the sources have it: what brings the message about, and what does as it says."""


SLOW = re.compile(
    r"anal|pip install|--no-bundled|protocol=|network=|pluriscope (work|check|edit|prove)|PLURISCOPE_(PLUG|PUB|JOB)"
)
"""Of those that take seconds."""
ELSEWHERE = {
    "tests/app/upkeep/test_backup.py::test_what_is_there_gives_way_only_with_an_option_and_is_kept": ("add --replace",),
    "tests/app/upkeep/test_no_room.py::test_a_full_volume_and_then_room_again": ("make room on the volume",),
    "plugins/edits/tests/pages/test_over_training.py::test_what_is_said_to_be_trained_and_imported_is_shown": (
        *("Train one with pluriscope train", "Import the other files"),
    ),
    "plugins/studies/tests/test_saving.py::test_a_table_that_finds_no_room_finds_it_in_another_folder": (
        "make room, or set PLURISCOPE_DATA",
    ),
    "plugins/studies/tests/test_cluster.py::test_a_worker_is_started_as_is_said": ("start some, such as: dask worker",),
    "plugins/studies/tests/test_study_commands.py::test_a_table_is_taken_from_what_study_export_wrote_as_is_said": (
        "give what `pluriscope study run`",
    ),
    "plugins/learn/tests/copies/test_copy.py::test_what_is_not_analysed_is_copied_once_a_worker_has_finished_it": (
        "choose among {}, or let `pluriscope work`",
    ),
    "plugins/bench/tests/test_bench_pages.py::test_a_suite_is_shown_again_when_its_files_are_restored": (
        "restore its files",
    ),
    "plugins/methods/tests/test_steering_pages.py"
    "::test_a_direction_that_no_page_learns_is_learned_and_given_as_is_said": ("learn it with pluriscope steer",),
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
MOST_LEFT = 0
"""Cures that name something and that no test does yet; fewer are better."""


@whole
def test_cures_that_name_something_are_done():
    for path, _, function in (node.partition("::") for node in ELSEWHERE):
        assert f"def {function}(" in (ROOT / path).read_text()
    named, elsewhere = named_in_cures(), tuple(one for some in ELSEWHERE.values() for one in some)
    assert [one for one in elsewhere if not any(text.startswith(one) for text in named)] == []
    assert len([text for text in named if text not in ROWS and not text.startswith(elsewhere)]) <= MOST_LEFT


@whole
@pytest.mark.parametrize("row", [pytest.param(one, marks=pytest.mark.slow if SLOW.search(one) else ()) for one in ROWS])
def test_what_a_message_says_to_do_is_done(row, tmp_path, monkeypatch):
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path / "data"))
    bring, act = ROWS[row]
    assert row in cures()
    with pytest.raises((ExplainedError, Refusal)) as refused:
        bring(tmp_path)
    said = str(refused.value)
    assert all(part.removeprefix("`") in said for part in row[1:].split("{}")), said
    act(tmp_path, said)
