"""The networks that come with Pluriscope: files beside this module, and the one that is trained at first start.

Three come with a second data record: the authors' pretrained XOR with the noisy rows of their notebook, the toy model
of superposition with the sparse rows that it learned from, and a network that learned a shortcut with its four rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from pluriscope.analysis.network_files.files import NetworkFile, parse_network_file
from pluriscope.analysis.questions.data import DataRecord, parse_data_file
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, Protocol
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec

ORIGIN: Final = "bundled"
SLUGS: Final = (
    "xor-pretrained",
    "alice-and-bob",
    "and-3-3",
    "xor-or-imp-3-3",
    "xor-2-2-2",
    "majority-3-3",
    "xor-planted",
    "xor-planted-disguised",
    "xor-planted-trained",
    "superposition-5-2-5",
    "xor-85",
    "wrong-lesson",
)
ALICE_AND_BOB: Final = "alice-and-bob"
ALICE, BOB = "d-4b802e6dbc93680b.0:1=0,1,-1;1:1=1,0,-1", "d-a2e8546f11f80df4.0:1=1,1,-1;1:1=0,0,1"
"""The two explanations of that network on directions that contradict each other: whether stored or not, since each
says in full which directions carry its variables."""
ALICE_AND_BOB_SAY: Final = (
    "XORNet has three neurons: A, B, and both. Alice reads ¬A ∧ B and A ∧ ¬B off two directions and answers 1 if "
    "either is so; Bob reads ¬(A ∨ B) and A ∧ B off two others and answers 1 if neither is. Both compute what the "
    "network computes."
)
FRESH_NAME: Final = "XOR, trained here"
FRESH_XOR: Final = TrainingSpec(tasks=("XOR",), hidden=(3, 3), seed=20_914)
"""No bundled study has this seed or the form's default one: both networks are new where they are trained first."""


@dataclass(frozen=True)
class BundledNetwork:
    """A network file with its place in the gallery.

    Args:
        slug: its name in addresses.
        file: the network with name, tasks and attribution.
        data: a further data record that it is analysed on besides the default, or None.
        position: order in the gallery, from 0.
    """

    slug: str
    file: NetworkFile
    data: DataRecord | None
    position: int

    @property
    def data_rules(self) -> Protocol:
        """Rules of the analysis on the further data record: the authors' own where the rows are theirs."""
        return PAPER if self.slug == "xor-pretrained" else COMPLETE


@cache
def bundled_networks() -> tuple[BundledNetwork, ...]:
    """All bundled networks in gallery order."""
    folder = resources.files(__name__)
    found = []
    for position, slug in enumerate(SLUGS):
        file = parse_network_file((folder / f"{slug}.json").read_bytes())
        record = folder / f"{slug}.data.json"
        sizes = file.network.sizes
        data = parse_data_file(record.read_bytes(), sizes[0], sizes[-1]) if record.is_file() else None
        found.append(BundledNetwork(slug, file, data, position))
    return tuple(found)


@cache
def bundled_models() -> dict[str, bytes]:
    """The files of the bundled models of other kinds by their slugs, in alphabetical order."""
    folder = resources.files(__name__) / "models"
    if not folder.is_dir():
        return {}
    files = {entry.name.removesuffix(".json"): entry for entry in folder.iterdir() if entry.name.endswith(".json")}
    return {slug: files[slug].read_bytes() for slug in sorted(files)}
