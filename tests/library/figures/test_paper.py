"""Drawings as PDF: one page of their own size, type embedded, the same bytes for the same drawing."""

from __future__ import annotations

import re
import zlib

import pytest

from pluriscope.figures.paper import pdf_of
from pluriscope.figures.svg.networks import network_diagram
from tests.factories import pretrained_xor

WEIGHTS = pretrained_xor().network.weights


def objects(pdf: bytes) -> str:
    """Text of a PDF, its compressed streams unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    found = [pdf]
    for stream in streams:
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(found).decode("latin-1")


def test_a_drawing_is_vectors_with_its_type_inside_and_its_words_beside() -> None:
    markup = network_diagram(WEIGHTS, title="XOR & others")
    pdf = pdf_of(markup)
    answer = objects(pdf)
    assert pdf.startswith(b"%PDF-")
    assert answer.count("/Type/Page/") + answer.count("/Type/Page\n") == 1
    assert re.search(r"/FontName\s*/\w{6}\+STIXGeneral", answer), "a part of the font is embedded"
    assert "/Subtype/Image" not in answer, "nothing is made of pixels"
    assert len(pdf) < 60_000


def test_what_is_no_drawing_is_refused() -> None:
    with pytest.raises(ValueError, match="no drawing"):
        pdf_of("<p>no drawing</p>")
