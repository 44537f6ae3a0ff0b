"""Audits of published methods by the command."""

from __future__ import annotations

from pathlib import Path

from tests.app.cli.test_audit import QUICK, audited


def test_methods_stand_in_the_order_asked_with_all_their_settings(tmp_path: Path) -> None:
    asked = [part for text in QUICK for part in ("--methods", text)]
    found = audited(tmp_path, *asked)
    assert (found["format"], found["possible"], found["valid"], found["smallest"]) == (
        "pluriscope-audit/1",
        9_625,
        197,
        10,
    )
    assert found["backbone"] == {"mask": "0808f", "edges": 6}
    assert found["story"] == ["a2e8546f11f80df4"]
    claims = found["claims"]
    assert [claim["method"] for claim in claims] == ["acdc", "eap", "weights", "random", "acdc"]
    assert claims[0]["settings"] == {"ablation": "zero", "loss": "mse", "tau": 0.01, "order": "out-first", "seed": 0}
    assert claims[1]["settings"]["threshold"] == 0.95
    assert "k" not in claims[1]["settings"]
    assert (claims[0]["edges"], claims[0]["valid"], claims[0]["excess"]) == (13, True, 3)
    assert claims[0]["rank"] == {"smaller": 23, "equal": 28, "larger": 146}
    assert claims[0]["chance"] == {"valid": 28, "possible": 1_776}
    assert claims[0]["story"] == {"relation": "same", "carried": ["a2e8546f11f80df4"]}
    assert (claims[4]["valid"], claims[4]["nearest"]["distance"], claims[4]["criteria"]) == (False, 3, None)
    assert claims[3]["outcome"] == "all"
    assert len(claims[1]["scores"]) == 18
