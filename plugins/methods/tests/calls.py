"""Calls that ask a network of any kind for what only lenses need, by trait; and for what every kind has."""

from __future__ import annotations

import json
from typing import Any

from plugins.methods.tests.lenses.test_feature_structure import onion
from pluriscope.analysis.algorithms.candidates import Candidates
from pluriscope.analysis.algorithms.redundancy import MAX_PLACED
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.results.result import OutputAnalysis
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.elman import ELMAN
from pluriscope.app.db.writes import save_network
from pluriscope_methods.directions.result import CLOSED
from pluriscope_methods.directions.search import closed_form_work, search_directions
from pluriscope_methods.lenses.lens import Lens, SiteLens
from pluriscope_methods.lenses.registry import LENSES


def preferred(one: Any) -> str:
    lens = LENSES.named("preferred-inputs", one.kind)
    page = one.client.get(f"/networks/{one.kind.key}/analyses/lenses/{lens.key}").text
    assert page.count("<figure") == 7  # of each channel and output
    assert 'aria-label="c1.1: 11/00 (2.60);' in page
    return page


def stored_by_magnitude(one: Any) -> str:
    lens = LENSES.named("magnitude-codes", one.kind)
    with one.client.app.state.store.write() as session:
        save_network(session, json.dumps(ELMAN.write(onion(3.0))).encode(), slug="onion")
    page = one.client.get(f"/networks/onion/analyses/lenses/{lens.key}").text
    assert "a cosine of 1.00, the second" in page
    assert "A code by magnitude is found: p = 0.005" in page
    assert "10 of 10" in page
    (test,) = one.client.get(f"/api/v2/networks/onion/analyses/lenses/{lens.key}").json()["tests"]
    assert (test["found"], test["p"], test["networks"], test["looks"]) == (True, 0.005, 199, 4)
    return page


def directions(analysis: OutputAnalysis, work: Work) -> dict[str, str]:
    listed = Candidates(
        tuple(one.algorithm for one in analysis.algorithms.algorithms), analysis.algorithms.n_candidates
    )
    searches = [search_directions(analysis.question, listed, name, work) for name in CLOSED]
    words = "{} algorithms, {} aligned, {} valid, {} jointly"
    answer = (words.format(len(one.algorithms), one.n_aligned, one.n_valid, one.n_joint) for one in searches)
    return dict(zip(CLOSED, answer, strict=True))


CALLS = {
    "gates": lambda one: METHODS.named("edge-pruning", one.kind),
    "stream": lambda one: LENSES.named("logit-lens", one.kind),
    "steps": stored_by_magnitude,
    "channels": preferred,
}
FOLDS = {"story": "Minimal placements"}
COMMON = {"lenses": lambda one: one.result.ask("lenses").lenses}
RECORDS = {"A lens": (Lens, SiteLens)}
PARTS = {"directions": directions}
"""Of what the golden files of thirty networks hold."""

MAX_PERMUTED = 240_000
"""Numbers moved through a layer by a search of directions, up to which permuted networks are searched, too."""
BACKGROUND = {
    "directions": ({"thorough": False}, lambda _: True),
    "stories": ({}, lambda _: True),
    "ladder": ({"thorough": False}, lambda network: closed_form_work(network, MAX_PLACED) <= MAX_PERMUTED),
}
"""Jobs on networks of every shape: what they are given, and whether a network is not too large for them."""

LENS = "/networks/xor-pretrained/analyses/lenses/"
OF_HEADS = "/networks/induction-attention/analyses/lenses/"
FOUND = {
    "/networks/xor-pretrained/analyses/methods": "ACDC; acdc; edge attribution patching; edge-attribution patching",
    f"{LENS}attribution-patching": "attribution patching",
    f"{LENS}path-patching": "path patching",
    f"{LENS}lime": "LIME",
    f"{LENS}lottery-ticket": "lottery ticket",
    f"{LENS}sparse-probes": "k-sparse; k-sparse probes",
    "/networks/majority-3-3/analyses/lenses/layer-similarity": "similarity of layers",
    f"{LENS}shapley": "SHAP; Shapley value",
    f"{LENS}gradient-corners": "saliency; saliency maps",
    f"{LENS}feature-pictures": "feature visualization; feature visualisation",
    "/networks/superposition-5-2-5/analyses/lenses/sparsity": "toy models of superposition",
    "/networks/wrong-lesson/analyses/lenses/frameworks": "who is fooled by what",
    "/networks/wrong-lesson/analyses/lenses/blame": "why is it wrong on this row; blame",
    "/networks/wrong-lesson/analyses/unseen?data=95f91ad2037c": "unseen rows; shortcut learning; wrong lesson; "
    "Clever Hans; interpretability illusion",
    f"{OF_HEADS}logit-lens": "logit lens",
    "/networks/features-32-16/analyses/lenses/dictionaries": "dictionaries; by penalty and count",
    "/networks/first-letter-elman/analyses/lenses/magnitude-codes": "codes by magnitude",
    "/networks/sum-7-circle/analyses/lenses/turned-circle": "circle of answers; turned circle",
    "/networks/sixteen-facts/analyses/lenses/facts": "facts located; causal tracing of facts",
    "/networks/other-name-stages/analyses/lenses/attention-maps": "attention maps",
    f"{OF_HEADS}tuned-lens": "tuned lens",
    "/networks/xor-pretrained/analyses/experiments": "experiments",
    "/glossary#minimum-test-set": "minimum test set; separating set; teaching set; identification number",
    "/glossary#residue": "residue; indistinguishable",
    "/glossary#steering-vector": "steering vector; steering vectors; vector steering; activation engineering; "
    "activation addition; representation engineering",
}
"""Where the first result of a search leads → words of the field."""
