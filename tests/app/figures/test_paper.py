"""Drawings as PDF: one page of their own size, type embedded, the same bytes for the same drawing."""

from __future__ import annotations

import re
import zlib

import pytest

from app.figures.paper import LABEL_PIXELS, LABEL_POINTS, WIDEST_POINTS, paper_size, pdf_of
from app.figures.svg import circuit_thumb, network_diagram
from app.figures.svg.elements import drawing, text
from tests.factories import pretrained_xor

WEIGHTS = pretrained_xor().network.weights


def objects(pdf: bytes) -> str:
    """Everything that a PDF says, its compressed streams unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    found = [pdf]
    for stream in streams:
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(found).decode("latin-1")


def page_of(pdf: bytes) -> tuple[float, float]:
    box = re.search(r"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", objects(pdf))
    assert box
    return float(box[1]), float(box[2])


@pytest.mark.slow
def test_a_page_is_as_large_as_labels_of_eight_points_make_it() -> None:
    assert paper_size(LABEL_PIXELS * 10, LABEL_PIXELS) == pytest.approx((LABEL_POINTS * 10, LABEL_POINTS))
    assert paper_size(2_000, 1_000) == pytest.approx((WIDEST_POINTS, WIDEST_POINTS / 2))
    made = drawing(330, 110, text(10, 20, "y", "lab"), sentence="A letter")
    assert page_of(pdf_of(made)) == pytest.approx((240, 80), abs=0.01)


def test_a_drawing_is_vectors_with_its_type_inside_and_its_words_beside() -> None:
    markup = network_diagram(WEIGHTS, title="XOR & others")
    pdf = pdf_of(markup)
    told = objects(pdf)
    assert pdf.startswith(b"%PDF-")
    assert told.count("/Type/Page/") + told.count("/Type/Page\n") == 1
    assert re.search(r"/FontName\s*/\w{6}\+STIXGeneral", told), "a part of the font is embedded"
    assert "/Subtype/Image" not in told, "nothing is made of pixels"
    assert len(pdf) < 60_000


def test_the_same_drawing_is_the_same_bytes() -> None:
    markup = circuit_thumb(WEIGHTS, "3ffff", title="All edges")
    assert pdf_of(markup) == pdf_of(markup)


def test_what_is_no_drawing_is_refused() -> None:
    with pytest.raises(ValueError, match="no drawing"):
        pdf_of("<p>no drawing</p>")
