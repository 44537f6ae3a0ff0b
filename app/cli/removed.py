"""Commands and options that are no more: one sentence that names what took their place, exit code 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

COMMANDS: Final[dict[str, str]] = {
    "convert-model": "docs/importing.md has ten lines that write a model file of a TransformerLens model.",
    "criteria": "docs/criteria.md has them; python -m benchmarks.criteria_document writes it anew.",
    "doctor": "Use pluriscope check.",
    "migrate": "A store is brought to the current schema by whatever opens it: serve, work, import, restore.",
    "plant-model": "The bundled transformer induction-attention was trained on the same task.",
    "plant induction": "The bundled transformer induction-attention was trained on the same task.",
    "protocol-schema": "docs/machine-interface.md describes every setting of a protocol file.",
    "rename": "Use the page /networks/{network}/rename.",
    "study measures": "The form at /studies/new lists them.",
    "study schema": "A server answers it at /api/v2/studies/schema.",
    "claim": "Paste the circuit at /networks/{network}/claims, whose address then holds it; or use audit --claims.",
    "move": "Take a backup, name the other database in PLURISCOPE_DATABASE_URL, and restore it there.",
    "interface": "A running server describes its interface at /api/v1/openapi.json, and in words at /api.",
    "count merge": "One exact count is made by one process: use pluriscope count run.",
}
"""Command, with its group in front → what to do instead, as a sentence."""
OPTIONS: Final[dict[tuple[str, str], str]] = {
    ("plant", "--place"): "Gates go where fewest neurons are used: --disguise permute moves neurons.",
    ("verify", "--counts"): "pluriscope analyse counts anew: hold what it says beside the network's page.",
    (
        "verify",
        "--result",
    ): "pluriscope analyse finds anew all that a result file says: hold both together.",
    ("verify", "-r"): "pluriscope analyse finds anew all that a result file says: hold both together.",
    ("verify", "--no-counts"): "Counts are never recomputed here: leave it out.",
    ("study run", "--cost"): "How long a study takes is not predicted; how many networks it has is said as it starts.",
    **{
        ("import", option): "docs/importing.md has some lines that write a model file of a TransformerLens model."
        for option in ("--rows", "--config", "--context", "--vocabulary")
    },
    ("train", "--device"): "Networks this small are trained on the processor: leave it out.",
    ("study run", "--device"): "Networks this small are trained on the processor: leave it out.",
    ("analyse", "--device"): "Circuits of transformers are found without torch, with the same results: leave it out.",
    ("analyse", "--stories"): "Ask for one of them: pluriscope ask stories FILE, or pluriscope ask rivals FILE.",
    ("import", "--output"): "A model file is imported as it is: leave it out.",
    ("import", "-o"): "A model file is imported as it is: leave it out.",
    ("train", "--import"): "Train first, then import the files: pluriscope import FOLDER/*.json.",
    ("train", "--protocol"): "Train first, then import the files: pluriscope import FOLDER/*.json --protocol NAME.",
    ("train", "--analyse"): "pluriscope study run trains a grid of networks and analyses each.",
    ("train", "--population"): "pluriscope study run writes what came of every network.",
    ("count run", "--part"): "One exact count is made by one process.",
    ("count run", "--workers"): "One exact count is made by one process: leave it out.",
}
"""Command and option → what to do instead, as a sentence."""


def what_became(arguments: Sequence[str]) -> str:
    """What became of a command, or of an option of one, that was asked for; "" if nothing of it was removed."""
    names = [one for one in arguments if not one.startswith("-")]
    for command in (" ".join(names[:2]), *names[:1]):
        if command in COMMANDS:
            return f"pluriscope {command} was removed. {COMMANDS[command]}"
        for option in (one.partition("=")[0] for one in arguments if one.startswith("-")):
            if (command, option) in OPTIONS:
                return f"{option} of pluriscope {command} was removed. {OPTIONS[command, option]}"
    return ""
