"""Claims in files: text, JSON, what torch saved, or a folder of these, such as a submission to MIB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pluriscope.analysis.discovery.claims import MAX_CLAIM_BYTES
from pluriscope.analysis.errors import InvalidClaim
from pluriscope.arguments import jsonable
from pluriscope.library.models import read_bytes

_SAVED: Final = (b"PK\x03\x04", b"\x80")
"""How files begin that torch saved."""


def claim_texts(path: Path, name: str) -> dict[str, str]:
    """The claims of a file or folder as they would be pasted, by name; equal ones of a folder once.

    Args:
        path: of a file, or of a folder of JSON files or files that torch saved.
        name: of the claim; of a folder's the names of files stand behind it.

    Raises:
        InvalidClaim: it cannot be read, or holds other than plain values and tensors.
        MissingLibrary: torch saved it, and is not installed.
    """
    if not path.is_dir():
        return {name: _text_of(path)}
    found = dict[str, str]()
    for file in sorted(one for one in path.rglob("*") if one.suffix in (".json", ".pt")):
        text = _text_of(file)
        if text not in found.values():
            found[f"{name}: {file.relative_to(path).with_suffix('')}"] = text
    if not found:
        raise InvalidClaim(f"claim {str(path)!r}", "is a folder without JSON or .pt files", "give one with claims")
    return found


def value_text(value: Any) -> str:
    """A value of Python as JSON; infinite prune scores, which ACDC gives what it never prunes, are null.

    Raises:
        TypeError, ValueError, RecursionError: it has none.
    """
    text = json.dumps(value, default=jsonable)
    if isinstance(value, dict) and any(str(name).startswith("blocks.") for name in value):
        text = json.dumps(json.loads(text, parse_constant=lambda one: None if one == "Infinity" else one))
    return text


def _text_of(path: Path) -> str:
    raw, item = read_bytes(path, "claim", InvalidClaim, MAX_CLAIM_BYTES), f"claim {str(path)!r}"
    if not raw.startswith(_SAVED):
        return raw.decode(errors="replace")
    try:  # a pickle of anything else than tensors and plain values could run code
        import torch

        return value_text(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as problem:
        cause = f"cannot be read as plain values and tensors ({type(problem).__name__})"
        raise InvalidClaim(item, cause, "save a dict of tensors by torch.save, or JSON") from None
