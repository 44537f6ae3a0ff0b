"""Means and intervals over networks against plain loops."""

from random import Random
from zlib import crc32

import numpy as np
import pytest

from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.scores import SCORES
from pluriscope_bench.key.summary import BY_PART, SAMPLES, difference, means_of, summary_of

NOTHING = {"mean": None, "low": None, "high": None, "n": 0}


def row(method, network, arm, regret, condition=PRIMARY.key, **more):
    blank = dict.fromkeys(score.key for score in SCORES)
    about = {"method": method, "track": "runs", "network": network, "arm": arm, "condition": condition}
    return {**blank, **about, "outcome": "answered", "regret": regret, **more}


def plain_interval(by_arm):
    """Interval of values by arm: every network once, then samples within each arm."""
    draws = {}
    for arm, values in by_arm.items():
        random = np.random.Generator(np.random.PCG64(crc32(arm.encode())))
        draws[arm] = random.integers(0, len(values), (SAMPLES, len(values))).tolist()
    whole = sum(sum(values) / len(values) for values in by_arm.values()) / len(by_arm)
    samples = []
    for number in range(SAMPLES):
        means = [sum(values[at] for at in draws[arm][number]) / len(values) for arm, values in by_arm.items()]
        samples.append(sum(means) / len(means))
    return {"mean": whole, "low": np.percentile(samples, 2.5), "high": np.percentile(samples, 97.5)}


def test_a_mean_weighs_arms_alike_and_its_interval_draws_networks_within_them():
    random = Random(0)
    by_arm = {arm: [random.random() for _ in range(n)] for arm, n in (("a", 1), ("b", 4), ("c", 30))}
    rows = [row("m", f"{arm}-{at:02}", arm, one) for arm, own in by_arm.items() for at, one in enumerate(own)]
    rows += [row("m", "b-99", "b", None), row("m", "d-00", "d", None)]
    random.shuffle(rows)
    (found,) = summary_of(rows)
    assert found["regret"] == pytest.approx(plain_interval(by_arm) | {"n": 35, "left_out": 2})
    assert found["cpr"] == NOTHING | {"left_out": 37}
    assert found["arms"]["d"] == {"n": 1} | {key: NOTHING | {"left_out": 1} for key in BY_PART}
    for arm, own in by_arm.items():
        wanted = plain_interval({arm: own}) | {"n": len(own), "left_out": int(arm == "b")}
        assert found["arms"][arm]["regret"] == pytest.approx(wanted)
    assert found["arms"]["a"]["regret"]["low"] == found["arms"]["a"]["regret"]["high"] == by_arm["a"][0]


def test_methods_stand_by_their_regret_with_what_became_of_them_under_every_condition():
    rows = [row(name, f"n{at}", "a", regret, valid=1.0) for name, regret in (("z", 0.2), ("y", 0.1)) for at in range(3)]
    rows += [row("z", "n3", "a", 1.0, outcome="timeout", valid=0.0), row("y", "n3", "a", 0.1)]
    rows += [row("easy", "n0", "a", 0.0), row("easy", "n3", "a", None), row("none", "n0", "a", None)]
    rows += [row("z", "n0", "a", 0.9, condition="mean-threshold-strict")]
    found = {one["name"]: one for one in summary_of(rows)}
    assert list(found) == ["y", "z", "easy", "none"]  # those that are not offered for every network stand last
    assert found["z"]["outcomes"] == {"answered": 3, "timeout": 1}
    assert found["z"]["regret"]["mean"] == pytest.approx(0.4)
    assert found["z"]["valid"]["mean"] == 0.75
    primary, other = found["z"]["conditions"].items()
    assert primary == (PRIMARY.key, {"n": 4} | {key: found["z"][key] for key in BY_PART})
    assert other[0] == "mean-threshold-strict"
    assert (other[1]["n"], other[1]["regret"]["mean"]) == (1, 0.9)


def test_a_difference_is_of_the_same_networks():
    """Two methods of which one is always .1 worse are as far apart as that, however far networks are apart."""
    random = Random(1)
    first = [row("m", f"n{at}", "ab"[at % 2], random.random()) for at in range(20)]
    second = [{**one, "regret": one["regret"] + 0.1} for one in first]
    random.shuffle(second)
    answer = difference(second, [*first[2:], {**first[0], "regret": None}, {**first[1], "condition": "other"}])
    assert answer == pytest.approx({"mean": 0.1, "low": 0.1, "high": 0.1, "n": 18, "left_out": 2})
    assert difference(first, second)["mean"] == pytest.approx(-0.1)
    alone = means_of(first)["regret"]
    assert alone["high"] - alone["low"] > 0.1
