"""Tests of planted circuits in model files: the bundled compiled ones are right, and wrong records are refused."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from benchmarks.compiled_transformers import edges_with_weights
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.planted.circuit import PlantedCircuit
from pluriscope.analysis.questions.decision import CLASSES
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.files import attention_document
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import read_attention
from pluriscope.app.bundled import bundled_models
from pluriscope_edits.planting.found import find
from tests.checkout import ROOT

DOCUMENTS = {slug: json.loads(raw) for slug, raw in bundled_models().items() if slug.startswith("tracr")}
MODELS = {slug: read_attention(document) for slug, document in DOCUMENTS.items()}
TRACR = json.loads((ROOT / "tests" / "golden" / "tracr" / "answers.json").read_text())["answers"]
MEANT = {
    "histogram": lambda row: row.count(row[-1]),
    "distinct": lambda row: len(set(row)),
    "induction": lambda row: row[row.index(row[-1]) + 1],
    "reverse": lambda row: row[0],
}
RULES = {"granularity": "qkv", "ablation": "zero", "embedding": "joined"}


@pytest.mark.slow
@pytest.mark.parametrize("slug", MODELS)
def test_every_planted_circuit_answers_as_tracr_does_under_all_rules(slug):
    model, answers = MODELS[slug], TRACR[slug.removesuffix("-disguised")].split()
    rows = [[model.outputs[token] for token in row[1:]] for row in model.tokens.tolist()]
    assert [str(MEANT[slug.split("-")[1]](row)) for row in rows] == answers
    for rules in TRANSFORMER.admitted_rules(model):
        space = model.space(rules)
        planted = space.graph.bits([model.planted.mask(space.graph)])
        assert (space.reduce(planted) == planted).all()
        found = space.run(np.concatenate([np.ones_like(planted), planted]))
        assert [[model.outputs[one] for one in of.argmax(axis=1)] for of in found] == [answers, answers]
        assert CLASSES.margins(found, model.answers).min() > 0.99
        assert abs(found[0] - found[1]).max() < 1e-9


@pytest.mark.parametrize("slug", [slug for slug in MODELS if slug in TRACR])
def test_the_record_names_what_has_weights(slug):
    assert MODELS[slug].planted.edges == edges_with_weights(MODELS[slug])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slug", "rules", "outcome", "valid", "smaller", "backbone"),
    [
        ("tracr-histogram", {}, "recovered", 4, 0, (6, 6)),
        ("tracr-histogram", {"ablation": "mean"}, "contained", 16, 5, (4, 4)),
        ("tracr-distinct", {"granularity": "heads"}, "recovered", 128, 0, (8, 8)),
    ],
)
def test_where_planted_circuits_stand(slug, rules, outcome, valid, smaller, backbone):
    model, given = MODELS[slug], RULES | rules
    question = GraphQuestion(TRANSFORMER, model, given)
    landscape = landscape_of(question, find_masks(question))
    planted = PlantedCircuit.of(model.planted, landscape.graph)
    found = find(Analysed(landscape.question, landscape.circuits, planted=planted), Settings())
    standing = found.outcome, int(found.n_valid), int(found.smaller), found.backbone
    assert standing == (outcome, valid, smaller, backbone)
    assert found.under["zero"]
    assert found.under["mean"]


def test_files_keep_the_record_and_the_digest_does_not_know_it():
    for slug, model in MODELS.items():
        again = read_attention(json.loads(json.dumps(attention_document(model))))
        assert again.planted == model.planted
        bare = {key: value for key, value in DOCUMENTS[slug].items() if key != "planted"}
        assert read_attention(bare).planted is None
        assert read_attention(bare).digest == model.digest


def of_variables(*given):
    return {"variables": [dict(zip(("name", "site", "coordinates"), one, strict=True)) for one in given]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"edges": ["t-1.0.q", "t-9.0.q"]}, "edges\\[1\\]: is 't-9.0.q', no edge"),
        ({"edges": ["t-1.mlp", "1.mlp-logits", "t-1.mlp"]}, "edges\\[2\\]: is t-1.mlp again"),
        ({"edges": ["t-1.0.v", "1.0-1.mlp"]}, "hold t-1.0.v, which carries nothing"),
        ({"edges": []}, "edges"),
        ({"program": "two\nlines"}, "planted program"),
        ({"made": [{"step": "No Word"}]}, "step"),
        ({"circuit": "3f"}, "circuit"),
        (of_variables(("c", "x2", [0])), "variables\\[0\\]: is c at x2 on 0. Give .* one of x0, x1, x1.mid,"),
        (of_variables(("c", "x1", [5, 16])), "is c at x1 on 5, 16"),
        (of_variables(("c", "x1", [])), "coordinates"),
        (of_variables(("c", "x1", [5]), ("c", "x0", [5])), "variables\\[1\\]: is c at x0"),
    ],
)
def test_wrong_records_are_refused(change, words):
    document = copy.deepcopy(DOCUMENTS["tracr-histogram"])
    document["planted"] |= change
    with pytest.raises(AnalysisError, match=words) as caught:
        read_attention(document)
    assert caught.value.cure
