"""Rows, answers and tokens beside a live transformer, whose reader here gives the parts of a model file."""

from dataclasses import replace

import numpy as np
import pytest

import pluriscope
from pluriscope.analysis.errors import AnalysisError, InvalidData, InvalidNetwork, InvalidTask, NotOffered
from pluriscope.analysis.subjects.sites import run
from pluriscope.analysis.subjects.transformer.files import attention_document
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.library import models
from pluriscope.live.calls import ReadTransformer
from pluriscope.live.packages import PackageModel
from tests.analysis.subjects.transformer.test_attention_blocks import with_blocks

MODEL = read_attention(with_blocks(3, (1, 2, 4, 2, 3, 3), biases=True, n_rows=12))
ROWS, ANSWERS = MODEL.tokens, MODEL.answers
DOCUMENT = {key: value for key, value in attention_document(MODEL).items() if key not in ("name", "tokens", "tasks")}
READ = ReadTransformer(DOCUMENT, lambda rows: run(MODEL, rows).logits, 1e-9, remarks=("Dropout is left out.",))


class Module:
    """Whatever a user holds."""


@pytest.fixture
def reads(monkeypatch):
    """Replace what a module is read as, and perhaps its package."""

    def read(found=READ, **held):
        def of(_module, context=None):
            positions = DOCUMENT["position_embedding"][:context]
            return found and replace(found, document=found.document | {"position_embedding": positions})

        monkeypatch.setattr(models, "live_file", of)
        monkeypatch.setattr(models, "opened", lambda model: PackageModel(model, **held))

    read()
    return read


@pytest.mark.parametrize(
    ("task", "data"),
    [
        (ANSWERS, ROWS),
        (ANSWERS.tolist(), tuple(map(tuple, ROWS.tolist()))),
        (["abc"[one] for one in ANSWERS], {"rows": ROWS, "tokens": ["a", "b", "c"]}),
        (None, {"rows": [["abc"[one] for one in row] for row in ROWS], "tokens": ["a", "b", "c"], "answers": ANSWERS}),
        (dict(zip(map(tuple, ROWS.tolist()), ANSWERS, strict=True)).__getitem__, ROWS),
    ],
    ids=["arrays", "lists", "texts of tokens", "a table", "a function"],
)
def test_rows_and_answers_are_those_of_a_model_file(reads, task, data):
    asked = (lambda row: task(tuple(row))) if callable(task) else task
    given = pluriscope.from_torch(Module(), asked, data=data, name="mine")
    assert (given.file.digest, given.file.name) == (MODEL.digest, "mine")
    assert given.file.task_document | {"name": ""} == MODEL.task_document | {"name": ""}
    assert repr(given) == "Dropout is left out.\n<GivenNetwork: mine, transformer>"


def test_without_rows_and_answers_a_model_is_asked_everything_for_what_it_answers_itself(reads):
    model = pluriscope.from_torch(Module()).file
    assert len(model.tokens) == 27
    assert model.answers.tolist() == run(MODEL, model.tokens).logits.argmax(axis=1).tolist()
    assert (model.task, model.name) == ("what it answers", "Module")


def test_rows_may_be_shorter_than_the_context(reads):
    short = replace(MODEL, positions=MODEL.positions[:2])
    reads(replace(READ, run=lambda rows: run(short, rows).logits))
    assert pluriscope.from_torch(Module(), data=[[0, 1], [1, 0]]).file.sizes["context"] == 2


def test_texts_are_taken_apart_by_the_tokenizer(reads):
    raw = {0: "\n", 1: " a", 2: " a"}
    reads(token_ids=lambda text: [" a".count(one) for one in text], token_text=raw.get)
    model = pluriscope.from_torch(Module(), ["\n", " a"], data=["xax", "aax"]).file
    assert (model.tokens.tolist(), model.answers.tolist()) == ([[0, 1, 0], [1, 1, 0]], [0, 1])
    assert model.outputs == ('"\\n"', " a (1)", " a (2)")


def test_what_is_read_is_explained_exported_and_loaded(reads, tmp_path):
    given = pluriscope.from_torch(Module(), ANSWERS, data=ROWS)
    found = pluriscope.explain(Module(), ANSWERS, data=ROWS, protocol="heads-mean")
    assert found == pluriscope.explain(given, protocol="heads-mean")
    assert "Dropout is left out." in repr(found)
    with pytest.warns(UserWarning, match=r"Dropout is left out\."):
        path = pluriscope.export(Module(), tmp_path / "model.json", ANSWERS, data=ROWS)
    assert pluriscope.explain(path, protocol="heads-mean") == found
    document = found.document
    (tmp_path / "result.json").write_text(models.json.dumps(document))
    assert pluriscope.load(tmp_path / "result.json", Module()) == found


def differs(row, by):
    """Change the least logit of a row."""

    def otherwise(rows):
        logits = run(MODEL, rows).logits
        logits[row, logits[row].argmin()] += by
        return logits

    return replace(READ, run=otherwise)


def sized(**sizes):
    return replace(READ, document=DOCUMENT | sizes)


BAD = {
    "no rows": (sized(vocabulary=64), {"data": None}, InvalidData, "data", "more than 4,096", "may be shorter"),
    "none of them": (READ, {"data": []}, InvalidData, "data", "0 rows", "4,096"),
    "too many": (READ, {"data": np.zeros((5_000, 3), int)}, InvalidData, "data", "5,000", "4,096"),
    "one row": (READ, {"data": [0, 1, 2]}, InvalidData, "data[0]", "is 0", "rows of token ids"),
    "a path": (READ, {"data": "rows.json"}, InvalidData, "data", "rows.json", "rows of token ids"),
    "other keys": (READ, {"data": {"input_ids": ROWS}}, InvalidData, "data", "input_ids", "rows of token ids"),
    "other lengths": (READ, {"data": [[0, 1, 2], [0, 1]]}, InvalidData, "data[1]", "2 tokens", "one length"),
    "empty rows": (READ, {"data": [[]]}, InvalidData, "data[0]", "0 tokens", "1 to 32"),
    "floats": (READ, {"data": ROWS * 1.0}, InvalidData, "data[0][0]", "float", "long"),
    "bools": (READ, {"data": ROWS > 0}, InvalidData, "data[0][0]", "bool", "whole numbers"),
    "beyond": (READ, {"data": ROWS + 3}, InvalidData, "data[0][0]", "vocabulary has 3", "0 to 2"),
    "below": (READ, {"data": ROWS - 3}, InvalidData, "data[0][0]", "vocabulary has 3", "0 to 2"),
    "twice": (READ, {"data": [[0, 1, 2], [0, 1, 2]]}, InvalidData, "data[1]", "data[0] again", "once"),
    "a text": (READ, {"data": ["abc"]}, InvalidData, "data[0]", "no tokenizer", "token ids"),
    "no token": (READ, {"data": [["x", "y", "z"]]}, InvalidData, "data[0][0]", "no token", "'0', '1'"),
    "few texts": (READ, {"data": {"rows": [[0]], "tokens": ["a"]}}, InvalidNetwork, "tokens", "1 texts", "3"),
    "few answers": (READ, {"task": [0]}, InvalidData, "task", "1 for 12", "each row"),
    "another answer": (READ, {"task": ANSWERS + 9}, InvalidData, "task[0]", "vocabulary has 3", "0 to 2"),
    "shares": (READ, {"task": ANSWERS * 1.0}, InvalidTask, "task[0]", "float", "whole numbers"),
    "a formula": (READ, {"task": "XOR"}, InvalidTask, "task", "XOR", "decisions"),
    "it raises": (READ, {"task": lambda row: row[9]}, InvalidTask, "task on row [", "IndexError", "returns one"),
    "it gives nothing": (READ, {"task": print}, InvalidTask, "task[0]", "None", "whole numbers"),
    "numbers": (READ, {"encoding": "-1, 1"}, NotOffered, "encoding", "stand for 0 and 1", "scope"),
    "layers": (READ, {"layers": "a, b"}, InvalidNetwork, "layers", "in order", "leave"),
    "a large vocabulary": (sized(vocabulary=300), {}, InvalidNetwork, "the model", "at most 3 of layers", "correct"),
    "another logit on rows of none": (differs(20, 1e-6), {}, InvalidNetwork, "logit of ", "on the row, ", "parts do"),
    "another logit": (differs(4, 1e-6), {}, InvalidNetwork, "logit of ", "on data[4]", "parts do"),
    "another answer by little": (
        replace(differs(2, 1e4), tolerance=1e9), {}, InvalidNetwork, "logit of ", "numbers are rounded", ".double()"
    ),
    "no logits": (
        replace(READ, run=lambda rows: rows[:, :2] * 1.0), {}, InvalidNetwork, "model", "shape (76, 2)", "parts do"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_what_the_user_gave(reads, case):
    found, given, error, item, cause, cure = BAD[case]
    reads(found)
    with pytest.raises(AnalysisError) as refused:
        models.read_model(Module(), **{"data": ROWS, **given})
    assert (type(refused.value), refused.value.item[: len(item)]) == (error, item)
    assert cause in refused.value.cause
    assert cure in refused.value.cure
