"""What a message says to do, done: each row brings a message about, does what it says, and gets on."""

from __future__ import annotations

import ast
import json
import re
import tomllib
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch

import pluriscope
from pluriscope.analysis.errors import ExplainedError
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.plugins import brought
from pluriscope.app.check import OF_THE_PROGRAM
from pluriscope.app.cli.commands import COMMANDS, command_of
from pluriscope.app.cli.signature import parser_of
from pluriscope.app.settings import Settings
from pluriscope.library.models import read_model
from tests.checkout import ROOT
from tests.factories import pretrained_xor
from tests.of_plugins import whole

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
    found = {}
    for path in (path for top in ("analysis", "app", "pluriscope", "plugins") for path in ROOT.glob(f"{top}/**/*.py")):
        if "tests" in path.parts or path.parts[-3:-1] == ("plugins", "pluriscope"):
            continue
        tree = ast.parse(path.read_text())
        constants = {ast.unparse(one.target): one.value for one in tree.body if isinstance(one, ast.AnnAssign)}
        for node in ast.walk(tree):
            texts: list[ast.AST] = []
            match node:
                case ast.Call(func, arguments, keywords):
                    texts = [one.value for one in keywords if one.arg == "cure"]
                    name = ast.unparse(func).removesuffix(".of").rpartition(".")[2]
                    texts += arguments[2:3] if name[:1].isupper() or name.startswith("type(") else []
                case ast.Assign([ast.Name(name)], value) if name.endswith("cure"):
                    texts = [value]
                case ast.Assign([ast.Tuple(names)], ast.Tuple(values)):
                    pairs = zip(names, values, strict=False)
                    texts = [value for name, value in pairs if ast.unparse(name) == "cure"]
            for text in (text_of(one, constants) for one in texts):
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


def lines_run(folder, cure: str) -> Any:
    """Run what stands between backticks, where the file is, and read what comes of it."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.chdir(folder)
        exec("\n".join(re.findall("`(.+?)`", cure)), {"torch": torch})  # noqa: S102
    return read_model(folder / "weights.pt", "XOR", activation="relu", output_activation="linear")


def network_of(folder, activation: str) -> Any:
    document = json.loads(json.dumps(network_file_json(pretrained_xor()))) | {"activation": activation}
    (folder / "own.json").write_text(json.dumps(document))
    return read_model(folder / "own.json", "XOR")


def normed(cure: str = "") -> Any:
    norm = torch.nn.BatchNorm1d(2, track_running_stats="track_running_stats=True" in cure).double()
    return read_model(torch.nn.Sequential(norm, *xor()).eval(), None)


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
        lambda _, cure: [space(units=[one]) for one in re.findall(r"[\w.]+", cure.partition("such as ")[2])],
    ),
    "give names of its modules as units, such as {}": (
        lambda _: space(units="heads"),
        lambda _, cure: space(units=re.findall(r"[\w.]+", cure.partition("such as ")[2])),
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
    "give the module itself to pluriscope.space; what its explain finds is saved as a file that is read here": (
        lambda folder: saved(folder, torch.nn.MultiheadAttention(4, 2).state_dict()),
        lambda folder, cure: pluriscope.explain(space(units=["tok", "out"])).save(folder / "found.json"),
    ),
}
"""By its cure as the sources have it: what brings the message about, and what does as it says."""


ELSEWHERE = {
    r"--replace|`pluriscope backup`": "tests/app/upkeep/test_backup.py",
    r"PLURISCOPE_DATA |PLURISCOPE_DATABASE_URL|PLURISCOPE_PLUGINS": "tests/app/db/test_engine.py",
    r"pip install": "tests/app/test_extras.py",
    r"pluriscope check|pluriscope work": "tests/app/upkeep/test_no_room.py",
    r"PLURISCOPE_TOKEN|Authorization": "tests/app/access/test_login.py",
    r"--continue": "tests/app/cli/test_stopping.py",
    r"--layers": "tests/analysis/subjects/perceptron/test_weight_files.py",
    r"export\(…, external_data|give the file \{\} with it|curl": "tests/library/test_onnx_runs.py",
    r"joblib|save a state_dict|pluriscope\.export": "tests/contracts/test_importing.py",
    r"pluriscope suite make|--suite|pluriscope bench": "plugins/bench/tests/test_suite_commands.py",
    r"--checkpoints": "plugins/edits/tests/commands/test_checkpoints.py",
    r"by=fine-tune|pluriscope edit|split=2": "plugins/edits/tests/edits/test_edits.py",
    r"dictionary|'0.mlp/7'": "plugins/live/tests/test_units.py",
    r"position='first'": "plugins/live/tests/test_deciding.py",
    r"held_out|ablation='zero'|explain\(space\)": "plugins/live/tests/test_spaces.py",
    r"--insecure|dask worker": "plugins/studies/tests/test_cluster.py",
    r"pluriscope study": "plugins/studies/tests/test_study_commands.py",
    r"pluriscope prove": "plugins/large/tests/formulas/test_proof.py",
    r"pluriscope (analyse|train)|pluriscope\.explain": "tests/library/test_result.py",
    r"data=": "tests/library/test_live_transformers.py",
    r"key\(name=value|\?place=|\?at=|\?protocol=|network=|dose=": "tests/app/pages/test_refusals.py",
    r"pluriscope steer": "plugins/methods/tests/test_steering.py",
    r"--bundled|--no-bundled|the command pluriscope": "tests/app/cli/test_store.py",
    r"PLURISCOPE_(JOB_)?MEMORY|PLURISCOPE_PUBLIC_URL|PLURISCOPE_JOB": "tests/app/jobs/test_limits.py",
}
"""Cures by what they name, with the tests of those who say so, where it is done."""


@whole
def test_every_cure_that_names_something_is_in_a_table():
    left = [text for text in named_in_cures() if text not in ROWS]
    assert {text for text in left if not any(re.search(one, text) for one in ELSEWHERE)} == set()
    assert {one for one in ELSEWHERE if not any(re.search(one, text) for text in left)} == set()
    assert {where for where in ELSEWHERE.values() if not (ROOT / where).is_file()} == set()


@whole
@pytest.mark.parametrize("row", ROWS)
def test_what_a_message_says_to_do_is_done(row, tmp_path):
    bring, act = ROWS[row]
    assert row in cures()
    with pytest.raises(ExplainedError) as refused:
        bring(tmp_path)
    assert refused.value.cure.startswith(row.partition("{}")[0].removeprefix("`")) or row in refused.value.cure
    act(tmp_path, refused.value.cure)
