"""Every criterion's verdict on explanations: stored where it is, computed where it is not, in words."""

from __future__ import annotations

import pytest

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analysis.criteria.registry import EVERY, criteria_for
from pluriscope.app.pages.explanations import find_explanation, read_ref
from pluriscope.app.pages.place import locate
from pluriscope.app.pages.verdicts import judge
from pluriscope.app.pages.verdicts.judge import judge_on_the_spot
from tests.app.pages.conftest import XOR

MINIMALITY = {"minimal-quasi", "minimal-local", "minimal-subset", "minimal-cardinal"}


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch):
    """Give time enough on a busy machine: the limit has a test of its own, with a clock of its own."""
    monkeypatch.setattr(judge, "SECONDS", 600.0)


@pytest.fixture(scope="module")
def on(get):
    """The verdicts on one explanation by criterion."""

    def fetch(ref, network=XOR, **scope):
        return {one["criterion"]: one for one in get(f"{network}/explanations/{ref}/criteria", **scope)}

    return fetch


@pytest.fixture(scope="module")
def alignment():
    return "a-a2e8546f11f80df4.e3bd9b5eae0c1489"


@pytest.mark.slow
def test_every_applicable_criterion_is_there(on, masks, alignment):
    algorithm = "g-" + alignment[2:].split(".")[0]
    for kind, ref, within in [
        ("circuit", f"c-{masks[0]}", None),
        ("interpretation", f"i-{masks[0]}.0", "circuit"),
        ("algorithm", algorithm, None),
        ("alignment", alignment, "algorithm"),
    ]:
        found = on(ref)
        own = [criterion.key for criterion in criteria_for(kind)]
        inherited = [] if within is None else [c.key for c in criteria_for(within) if c.key not in own]
        assert list(found) == own + inherited
        assert [verdict["about"] for verdict in found.values()] == [""] * len(own) + [within] * len(inherited)
        assert all(verdict["outcome"] != "not_computed" for verdict in found.values())


@pytest.mark.slow
def test_stored_outcomes_are_what_is_found_now(app, get, masks, on):
    for mask in (masks[0], masks[80], masks[-1]):
        verdicts = on(f"c-{mask}")
        origins = {verdict["origin"] for verdict in verdicts.values()}
        assert origins == {"stored", "computed"}
        assert not any(verdict["reason"].startswith("Computed now") for verdict in verdicts.values())
        with app.state.store.read() as session:
            place = locate(session, Addresses(), "xor", Scope())
            explanation = find_explanation(session, Addresses(), place, read_ref(f"c-{mask}", 1), 1)
            now = {judged.criterion.key: judged.verdict for judged in judge_on_the_spot(explanation)}
        asked_of_all = {key for key in verdicts if now[key] is None}  # by jobs alone
        assert all(EVERY[key].over == "population" for key in asked_of_all)
        assert {verdicts[key]["origin"] for key in asked_of_all} == {"stored"}
        for key, verdict in ((key, one) for key, one in verdicts.items() if key not in asked_of_all):
            assert verdict["outcome"] == now[key].outcome, key
            assert (verdict["numerator"], verdict["denominator"]) == (now[key].numerator, now[key].denominator), key
            assert verdict["score"] == pytest.approx(now[key].score), key


def test_a_circuit_that_is_not_valid_is_not_asked_whether_a_smaller_one_would_do(on):
    found = on("c-3fffe")
    assert {found[key]["outcome"] for key in MINIMALITY} == {"not_applicable"}
    assert found["zero-ablation"]["outcome"] == "failed"


def test_what_depends_on_the_other_circuits_needs_their_list(on):
    found = on("c-3f", "/networks/untouched")
    assert {found[key]["outcome"] for key in ("minimal-subset", "minimal-cardinal")} == {"not_computed"}
    assert "no complete list" in found["minimal-subset"]["reason"]


def test_time_that_is_spent_is_no_verdict(app, masks):
    ticks = iter(range(10_000))
    with app.state.store.read() as session:
        place = locate(session, Addresses(), "xor", Scope())
        explanation = find_explanation(session, Addresses(), place, read_ref(f"c-{masks[0]}", 1), 1)
        slow = judge_on_the_spot(explanation, clock=lambda: next(ticks) * judge.SECONDS * 0.3)
    late = [judged for judged in slow if judged.verdict is None]
    assert late
    assert all("a page may take" in judged.why_not for judged in late)
