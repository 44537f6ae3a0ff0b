"""Calls that ask a network of any kind for what only lenses need, by trait; and for what every kind has."""

from __future__ import annotations

import json
from typing import Any

from plugins.methods.tests.lenses.test_feature_structure import onion
from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.analysis.subjects.elman import ELMAN
from pluriscope.app.db.writes import save_network
from pluriscope_methods.lenses.lens import Lens
from pluriscope_methods.lenses.registry import LENSES
from pluriscope_methods.lenses.site_lens import SiteLens


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


CALLS = {
    "gates": lambda one: METHODS.named("edge-pruning", one.kind),
    "readers": lambda one: one.result.ask("one-reader"),
    "stream": lambda one: LENSES.named("logit-lens", one.kind),
    "steps": stored_by_magnitude,
    "channels": preferred,
}
COMMON = {"lenses": lambda one: one.result.ask("lenses").lenses}
RECORDS = {"A lens": (Lens, SiteLens)}
