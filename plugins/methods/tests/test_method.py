"""Methods and lenses of each kind of subject: what a kind is not asked is refused for a trait that it lacks."""

import pytest

from pluriscope.analysis.discovery.registry import METHODS, read_method
from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON
from pluriscope.analysis.subjects.registry import SUBJECT_KINDS
from pluriscope.analysis.subjects.traits import TRAITS
from pluriscope_methods.lenses.registry import LENSES

REGISTRIES = {"method": METHODS, "lens": LENSES}
ON_NUMBERS = {
    *("shapley", "integrated-gradients", "lime", "patching-table", "attribution-patching", "sae", "das"),
    *("dictionaries", "turned-circle", "layer-similarity"),
}  # lenses that any network has whose rows are numbers
REFUSED = {
    ("method", "perceptron"): set(),
    ("method", "attention"): {"weights"},
    ("method", "classes"): {"edge-pruning", "mask-ig", "node-pruning", "weights"},
    ("method", "elman"): {"edge-pruning", "mask-ig", "node-pruning", "weights"},
    ("method", "convolutional"): {"edge-pruning", "mask-ig", "node-pruning", "weights"},
    ("lens", "classes"): {*LENSES.by_key} - ON_NUMBERS,
    ("lens", "elman"): {*LENSES.by_key} - ON_NUMBERS - {"magnitude-codes"},
    ("lens", "convolutional"): {*LENSES.by_key} - ON_NUMBERS - {"preferred-inputs"},
    ("lens", "perceptron"): {
        "das",
        "dictionaries",
        "turned-circle",
        "direct-attribution",
        "logit-lens",
        "tuned-lens",
        "attention-maps",
        "facts",
        "roles",
        "head-matrices",
        "feature-structure",
        "preferred-inputs",
        "magnitude-codes",
    },
    ("lens", "attention"): {
        *("blame", "frameworks", "lottery-ticket"),
        "gradient-corners",
        "response-fields",
        "feature-pictures",
        "labels",
        "superposition",
        "sparsity",
        "sparse-probes",
        "preferred-inputs",
        "magnitude-codes",
    },
}
AS = {"gru": "elman"}
"""Kinds of plugins that are asked what others are."""


@pytest.mark.parametrize("kind", SUBJECT_KINDS, ids=lambda kind: kind.key)
@pytest.mark.parametrize("noun", REGISTRIES)
def test_a_kind_is_asked_by_the_first_record_whose_needs_it_has_or_refused_for_one(noun, kind):
    registry = REGISTRIES[noun]
    known, refusals = registry.of(kind), registry.refusals(kind)
    assert refusals.keys() == REFUSED[noun, AS.get(kind.key, kind.key) if kind is not COARSER_PERCEPTRON else "classes"]
    assert {*known} | {*refusals} == {*registry.by_key}
    for key in registry.by_key:
        records = [one for one in registry.records if one.key == key]
        assert len({one.label for one in records}) == 1
        fit = [one for one in records if kind.traits.issuperset(one.needs)]
        assert fit[:1] == ([known[key]] if key in known else [])
    for key, why in refusals.items():
        first = next(one for one in registry.records if one.key == key)
        lacked = [TRAITS[one].reason.format(plural=kind.plural) for one in first.needs if one not in kind.traits]
        assert why == f"{lacked[0][0].upper()}{lacked[0][1:]}."
        with pytest.raises(InvalidMethod) as refusal:
            registry.named(key, kind)
        assert refusal.value.cause == f"does not apply: {why[:-1]}"
    with pytest.raises(InvalidMethod, match="is unknown"):
        registry.named("nonsense", kind)


def test_a_lens_is_no_method_of_discovery():
    with pytest.raises(InvalidMethod, match="is a lens, which answers with no circuit"):
        read_method("lime(seed=1)")
