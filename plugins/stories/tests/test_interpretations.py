"""Interpretations of bundled networks by the words of vocabularies, against kept numbers."""

import json

import pytest

from pluriscope.analysis.explaining.explanation import explain, read_circuits
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.readings.report import find
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import bundled_models
from tests.golden_files import FOLDER

GOLDEN = json.loads((FOLDER / "sites" / "interpretations.json").read_text())
MARKS = dict.fromkeys(("parity-3-elman", "majority-5-attention", "tracr-histogram"), ())
MARKS |= dict.fromkeys(
    ("induction-attention", "indirect-object-2x2", "tracr-histogram-disguised", "tracr-reverse"), (pytest.mark.release,)
)


def kept(slug):
    """What a report on a bundled network has, in the form of the golden file."""
    kind, model = read_subject(bundled_models()[slug])
    question = GraphQuestion(kind, model, kind.default_rules)
    (found,) = explain([question], DEFAULT_WORK)["outputs"]
    report = find(Analysed(question, read_circuits(question, found["circuits"])), Settings())
    every, first = report.by_mask.values(), report.circuits[0]
    return {
        "circuits": len(report.circuits),
        "interpretations": str(sum(one.count for one in every)),
        "classes": str(sum(one.n_observed for one in every)),
        "readable": sum(one.count > 0 for one in every),
        "smallest": first.mask,
        "places": [
            [one.place, one.changed, one.dimensions, [report.classes[k].names[0] for k in one.classes]]
            for one in first.places
        ],
    }


@pytest.mark.parametrize("slug", [pytest.param(slug, marks=MARKS.get(slug, pytest.mark.slow)) for slug in GOLDEN])
def test_the_smallest_circuits_have_the_kept_interpretations(slug):
    assert kept(slug) == GOLDEN[slug]
