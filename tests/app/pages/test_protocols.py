"""Pages follow protocols beyond the built-in ones."""

import pytest
from fastapi.testclient import TestClient

from analysis.criteria.circuits import enough, n_right
from analysis.criteria.population import Population
from analysis.protocol import COMPLETE
from app.db.writes import save_network
from app.main import create_app
from app.pages.network_page import criterion_words
from tests.app.pages.conftest import XOR
from tests.factories import on_a_copy, pretrained_xor, real_analysis, save_analysis


@pytest.mark.slow
def test_pages_follow_rules_beyond_the_built_in_ones(tmp_path):
    any_ablation = COMPLETE.model_copy(update={"name": "any", "circuit_family": "any_ablation"})
    noisy = COMPLETE.model_copy(update={"name": "noisy", "noise_std": 0.1})
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        with app.state.store.write() as session:
            save_network(session, pretrained_xor(), slug="xor")
            found, judged = (save_analysis(session, real_analysis(rules)) for rules in (any_ablation, noisy))
            assert found.circuits_valid == 573
            assert found.data_digest == judged.data_digest
        told = client.get(f"/api/v2{XOR}", params={"protocol": any_ablation.digest[:12]}).json()["rules"]
        assert criterion_words(told, 4).startswith("any of zero, mean and resample ablation, decided by")
        context = Population("circuit", (analysis := real_analysis(any_ablation)).question, analysis.circuits.masks)
        fails = context.items[~enough(context, n_right(context, "zero")) & enough(context, n_right(context, "mean"))][0]
        address = f"/api/v2{XOR}/explanations/c-{int(fails):05x}"
        verdict = client.get(address, params={"protocol": any_ablation.digest[:12]}).json()
        assert verdict["valid"]
        assert verdict["reason"].endswith("under zero ablation, and enough under another")
        assert not client.get(address).json()["valid"]
        twin = client.get(f"/api/v2{XOR}", params={"protocol": noisy.digest[:12]}).json()
        assert twin["n_judged"] == 10_000
        assert "on 10,000 noisy rows" in criterion_words(twin["rules"], 10_000)
