"""Tests of each kind of network: the table in docs/scope.md is that of the traits, and both are true.

Each trait has a call that needs it. Kinds that have the trait answer; the others refuse, with the trait's reason.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import numpy as np
import pytest

import pluriscope
from benchmarks.kinds_table import with_kinds
from benchmarks.parity import DOCUMENT
from pluriscope.analyses.registry import of_kind
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.network_files.files import network_file_json
from pluriscope.analysis.questions.data import clean_data, data_file_json
from pluriscope.analysis.subjects import registry
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON, PERCEPTRON
from pluriscope.analysis.subjects.registry import SUBJECT_KINDS
from pluriscope.analysis.subjects.traits import TRAITS
from pluriscope.app.bundled import bundled_models
from pluriscope.app.db.writes import save_network
from pluriscope.library.models import read_model
from tests.analysis.subjects.test_classifier import drawn
from tests.analysis.subjects.transformer.mlp_model import BARE
from tests.analysis.subjects.transformer.mlp_model import DOCUMENT as BARE_FILE
from tests.clients import served
from tests.factories import found_out, pretrained_xor, searched
from tests.of_plugins import absent, joined, whole

pytestmark = pytest.mark.slow
XOR = network_file_json(pretrained_xor())
KINDS = (*SUBJECT_KINDS, BARE)


@dataclass(frozen=True)
class Sample:
    """A network of a kind, as it is given, and what was found of it."""

    model: Any
    result: Any
    client: Any

    @property
    def kind(self) -> Any:
        return self.result.question.kind


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Networks of each kind, by its key, stored together."""
    models = {
        "perceptron": XOR,
        "attention": json.loads(bundled_models()["tracr-induction"]),
        "classifier": COARSER_PERCEPTRON.write(drawn((3, 3, 3, 3))),
        "elman": json.loads(bundled_models()["parity-3-elman"]),
        "convolutional": json.loads(bundled_models()["bars-4x4-conv"]),
        "bare": {**BARE_FILE, "format": BARE.format},
        **joined("MODELS"),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "SUBJECT_KINDS", KINDS)
        with served(tmp_path_factory.mktemp("kinds")) as client:
            with client.app.state.store.write() as session:
                save_network(session, pretrained_xor(), slug="perceptron")
                for key in models.keys() - {"perceptron", "bare"}:
                    save_network(session, json.dumps(models[key]).encode(), slug=key)
                analysis = searched(session, json.dumps(models["bare"]).encode(), slug="bare")
                for one in of_kind(BARE):
                    if one.find and "planted" not in one.reads:
                        found_out(session, analysis, one.key)
            yield {key: Sample(model, pluriscope.explain(model), client) for key, model in models.items()}


def sample_of(kind: Any) -> str:
    """Name of the network that a kind is asked of: of perceptrons by coarser grains one with classes."""
    return "classifier" if kind is COARSER_PERCEPTRON else kind.key


def played(one: Sample) -> str:
    answer = one.client.get(f"/networks/{sample_of(one.kind)}/play")
    if answer.status_code >= 400:
        raise AnalysisError("play", answer.text, "")
    return answer.text


def tensors_in_order(one: Sample) -> Any:
    if sample_of(one.kind) != "perceptron":
        return read_model(one.model, layers="first, second")
    torch = pytest.importorskip("torch")
    layers = torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1)
    for value in (*layers[0].parameters(), *layers[2].parameters()):
        torch.nn.init.zeros_(value)  # its answers are 0, whatever it began with
    return read_model(torch.nn.Sequential(*layers))


CALLS = {
    "boolean-rows": lambda one: pluriscope.explain(one.model, "0111").task,
    "own-rows": lambda one: pluriscope.explain(one.model, data=data_file_json(clean_data(2))),
    "outputs": lambda one: pluriscope.explain(two_outputs(one.model), output=1),
    "protocols": lambda one: pluriscope.explain(one.model, protocol={"ablation": "mean"}),
    "counting": lambda one: one.kind.require("counting", "an estimate") or one.kind,
    "formulas": lambda one: one.result.ask("pair"),
    "sites": lambda one: pluriscope.explain(one.model, algorithms=["y = 0"]).algorithms[0],
    "readings": lambda one: one.result.circuits[0].readings,
    "neurons": lambda one: one.result.circuits[0].predictions.shape,
    "numbers": lambda one: pluriscope.explain(one.model, encoding="0, 1"),
    "edge-weights": lambda one: one.result.weights,
    "play": played,
    "formats": tensors_in_order,
}
COMMON = {
    "circuits": lambda one: one.result.circuits[0].verdicts["minimal-subset"],
    "methods": lambda one: one.result.audit(["exact-edge"])["claims"][0],
    "claims": lambda one: one.result.audit(claims={"mine": one.result.circuits[0]})["claims"][0],
    "rivals": lambda one: one.result.ask("rivals"),
    "a random order": lambda one: one.result.audit(["random"])["claims"][0]["mask"],
    "files": lambda one: one.kind.read(one.kind.write(one.result.network_file)),
}
CALLS, COMMON, ABSENT = CALLS | joined("CALLS"), COMMON | joined("COMMON"), absent()
"""The last are traits that only plugins ask for which are not there."""


def two_outputs(model: dict[str, Any]) -> dict[str, Any]:
    """Repeat the output, if it is a perceptron."""
    if model["format"] != PERCEPTRON.format:
        return model
    last, bias = model["weights"][-1], model["biases"][-1]
    twice = {"weights": [*model["weights"][:-1], last * 2], "biases": [*model["biases"][:-1], bias * 2]}
    return {**model, **twice, "sizes": [*model["sizes"][:-1], 2], "tasks": model["tasks"] * 2}


@whole
def test_the_table_of_kinds_is_current():
    text = DOCUMENT.read_text()
    assert text == with_kinds(text)  # python -m benchmarks.kinds_table writes it


def test_every_trait_is_called():
    assert CALLS.keys() | ABSENT >= TRAITS.keys() >= CALLS.keys()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: sample_of(kind))
@pytest.mark.parametrize("trait", CALLS)
def test_a_trait_is_what_a_kind_answers_and_else_its_reason(samples, kind, trait):
    one = samples[sample_of(kind)]
    if not (reason := kind.refuses(trait)):
        assert CALLS[trait](one) is not None
        return
    with pytest.raises(AnalysisError) as refusal:
        CALLS[trait](one)
    assert reason.lower() in str(refusal.value).lower()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: sample_of(kind))
@pytest.mark.parametrize("what", COMMON)
def test_every_kind_has_what_all_have(samples, kind, what):
    found = COMMON[what](samples[sample_of(kind)])
    assert found is not None
    assert not (isinstance(found, np.ndarray) and not found.size)


def test_no_page_of_a_kind_leads_to_a_refusal_or_speaks_of_another(samples):
    """Every page that those of a network of the least kind lead to, as far as they are of this network."""
    client, todo, seen = samples["bare"].client, ["/networks/bare"], set[str]()
    others = "|".join(kind.noun for kind in SUBJECT_KINDS)
    while todo:
        if (page := todo.pop()) in seen:
            continue
        seen.add(page)
        answer = client.get(page)
        assert answer.status_code in (200, 301, 303), (page, answer.text[-2_000:])
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        reply = re.sub(r"(?s)^.*?<main|<(script|style).*?</\1>|<[^>]*>", " ", answer.text)
        assert not (wrong := re.search(rf"(?i).*\b({others}|tokens?)s?\b.*", reply)), (page, wrong[0])
        links = map(unescape, re.findall(r'(?:href|action)="(/networks/bare[^"#]*)"', answer.text))
        todo += [
            link for link in links if not re.search(r"theme|sort=|uses=|edges_|neurons_|passes=|fails=|[?&;]c=", link)
        ]
    assert len(seen) > 20
    for missing in ("edit", "play"):
        assert client.get(f"/networks/bare/{missing}").status_code in (404, 422)
    assert "not known exactly" in client.get("/networks/bare/own?text=1f&part=verdicts-of-the-criteria").text


def test_facts_of_a_circuit_have_a_label_each(samples):
    for key, one in samples.items():
        page = one.client.get(f"/networks/{key}/explanations/c-{one.result.circuits[0].mask}").raise_for_status().text
        labels = re.findall("<dt>(.*?)</dt>", page)
        assert len(labels) == len({*labels}) > 2
