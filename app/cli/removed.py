"""Commands and options that are no more: one sentence that names what took their place, exit code 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_ONE_PROCESS: Final = "One exact count is made by one process: use pluriscope count run without it."
_BY_SCRIPT: Final = "docs/importing.md has some lines that write a model file of a TransformerLens model."
_BUNDLED: Final = "The bundled transformer induction-attention was trained on the same task."
_ANEW: Final = "pluriscope analyse finds anew all that a result file says: hold both together."
_AS_IT_IS: Final = "A model file is imported as it is: leave it out."
_PROCESSOR: Final = "Networks this small are trained on the processor: leave it out."
_IMPORT: Final = "Train first, then import the files: pluriscope import FOLDER/*.json --protocol NAME."
GONE: Final = {
    "convert-model": _BY_SCRIPT,
    "criteria": "docs/criteria.md has them; python -m benchmarks.criteria_document writes it anew.",
    "doctor": "Use pluriscope check.",
    "migrate": "A store is brought to the current schema by whatever opens it: serve, work, import, restore.",
    "plant-model": _BUNDLED,
    "plant induction": _BUNDLED,
    "protocol-schema": "docs/machine-interface.md describes every setting of a protocol file.",
    "rename": "Use the page /networks/{network}/rename.",
    "study measures": "The form at /studies/new lists them.",
    "study schema": "A server answers it at /api/v2/studies/schema.",
    "claim": "Paste the circuit at /networks/{network}/claims, whose address then holds it; or use audit --claims.",
    "move": "Take a backup, name the other database in PLURISCOPE_DATABASE_URL, and restore it there.",
    "interface": "A running server describes its interface at /api/v1/openapi.json, and in words at /api.",
    "count merge": _ONE_PROCESS,
    "count run --part": _ONE_PROCESS,
    "count run --workers": _ONE_PROCESS,
    "plant --place": "Gates go where fewest neurons are used: --disguise permute moves neurons.",
    "verify --counts": "pluriscope analyse counts anew: hold what it says beside the network's page.",
    "verify --no-counts": "Counts are never recomputed here: leave it out.",
    "verify --result": _ANEW,
    "verify -r": _ANEW,
    "study run --cost": "How long a study takes is not predicted; how many networks it has is said as it starts.",
    "study run --device": _PROCESSOR,
    "train --device": _PROCESSOR,
    "train --import": _IMPORT,
    "train --protocol": _IMPORT,
    "train --analyse": "pluriscope study run trains a grid of networks and analyses each.",
    "train --population": "pluriscope study run writes what came of every network.",
    "analyse --device": "Circuits of transformers are found without torch, with the same results: leave it out.",
    "analyse --stories": "Ask for one of them: pluriscope ask stories FILE, or pluriscope ask rivals FILE.",
    "import --rows": _BY_SCRIPT,
    "import --config": _BY_SCRIPT,
    "import --context": _BY_SCRIPT,
    "import --vocabulary": _BY_SCRIPT,
    "import --output": _AS_IT_IS,
    "import -o": _AS_IT_IS,
}
"""Command with its group in front, or with an option → what to do instead, as a sentence."""


def what_became(arguments: Sequence[str]) -> str:
    """What became of a command, or of an option of one, that was asked for; "" if nothing of it was removed."""
    names = [one for one in arguments if not one.startswith("-")]
    options = [one.partition("=")[0] for one in arguments if one.startswith("-")]
    for command in (" ".join(names[:2]), *names[:1]):
        for gone in (command, *(f"{command} {option}" for option in options)):
            if gone in GONE:
                return f"pluriscope {gone} was removed. {GONE[gone]}"
    return ""
