"""Search results from here: each lens on a network that shows something, and unseen rows on one that has some."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analysis.subjects.perceptron.kind import PERCEPTRON
from pluriscope.app.bundled import bundled_networks
from pluriscope.app.pages.example import NETWORK
from pluriscope.app.pages.search_index import Document, method_document
from pluriscope_methods.analyses import LENSES as ANALYSIS
from pluriscope_methods.lenses.registry import LENSES
from pluriscope_methods.unseen_rows import UNSEEN

_SAYS_SOMETHING: Final = {
    "probes": "majority-3-3",
    "sae": "majority-3-3",
    "superposition": "superposition-5-2-5",
    "sparsity": "superposition-5-2-5",
    "layer-similarity": "majority-3-3",
    "preferred-inputs": "bars-4x4-conv",
    "feature-structure": "indirect-object-2x2",
    "blame": "wrong-lesson",
    "frameworks": "wrong-lesson",
}
"""Lenses of which neither of the usual two networks shows anything → one that does, or says why it cannot."""
_IN_STORIES: Final = {
    "dictionaries": "features-32-16",
    "magnitude-codes": "first-letter-elman",
    "turned-circle": "sum-7-circle",
    "attention-maps": "other-name-stages",
    "roles": "other-name-backup",
    "facts": "sixteen-facts",
}
"""The same, of networks that the known stories bring."""
_USUAL: Final = NETWORK, "induction-attention"
"""A perceptron and a transformer."""


def documents(links: Addresses) -> Iterator[Document]:
    """Every lens, and unseen rows."""
    here = LENSES.of(PERCEPTRON)
    chosen = _SAYS_SOMETHING | (_IN_STORIES if find_spec("pluriscope_stories") else {})
    for lens in LENSES.by_key.values():
        network = chosen.get(lens.key, _USUAL[lens.key not in here])
        yield method_document("Lenses", lens, links.analysis(network, ANALYSIS.key, item=lens.key))
    learned = next(one for one in bundled_networks() if one.slug == "wrong-lesson")
    url = links.analysis(learned.slug, UNSEEN.key, Scope(data=learned.data.digest[:12] if learned.data else ""))
    also = (
        "unseen rows",
        "shortcut learning",
        "spurious input",
        "wrong lesson",
        "Clever Hans",
        "interpretability illusion",
    )
    detail = f"{UNSEEN.question} On a network that learned a shortcut"
    yield Document("Analyses", "analysis", UNSEEN.title, detail, url, also)
