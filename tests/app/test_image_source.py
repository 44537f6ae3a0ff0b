"""Where the images of the source "digits" come from."""

from __future__ import annotations

import pytest

from analysis.errors import InvalidStudy
from app.image_source import chosen_images


def test_by_default_the_bundled_digits():
    images = chosen_images({})
    assert (len(images.labels), images.pixels.shape[1]) == (360, 64)
    assert (images.pixels.min(), images.pixels.max(), set(images.labels.tolist())) == (0, 1, {0, 1})
    assert "8 × 8" in images.name


def test_other_images_are_refused():
    with pytest.raises(InvalidStudy, match=r"'mnist'. Use 'digits'"):
        chosen_images({"images": "mnist"})
