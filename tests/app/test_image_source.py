"""Where the images of the source "digits" come from."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from analysis.errors import InvalidStudy
from app.image_source import chosen_images


def test_by_default_the_bundled_digits():
    images = chosen_images("digits")
    assert (len(images.labels), images.pixels.shape[1]) == (360, 64)
    assert (images.pixels.min(), images.pixels.max(), set(images.labels.tolist())) == (0, 1, {0, 1})
    assert "8 × 8" in images.name


def idx(array, axes=None):
    values = np.asarray(array, dtype=np.uint8)
    return bytes((0, 0, 8, axes or values.ndim)) + np.array(values.shape, ">u4").tobytes() + values.tobytes()


PIXELS = np.arange(5 * 28 * 28).reshape(5, 28, 28) % 256
IMAGES, LABELS = idx(PIXELS), idx([0, 7, 1, 1, 0])


@pytest.mark.parametrize("below", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize(("end", "setting"), [("", "MNIST"), (".gz", "MNIST"), (".gz", "DATA")])
def test_mnist_is_read_from_the_data_folder_or_the_one_that_is_named(tmp_path, monkeypatch, below, end, setting):
    folder = tmp_path / below
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in (("train-images-idx3-ubyte", IMAGES), ("train-labels-idx1-ubyte", LABELS)):
        (folder / f"{name}{end}").write_bytes(gzip.compress(raw) if end else raw)
    monkeypatch.setenv(f"PLURISCOPE_{setting}", str(tmp_path))
    images = chosen_images("mnist")
    assert images.labels.tolist() == [0, 1, 1, 0]
    assert (images.pixels * 255).round().tolist() == PIXELS[[0, 2, 3, 4]].reshape(4, 784).tolist()
    assert "28 × 28" in images.name


@pytest.mark.parametrize(
    ("images", "labels", "told"),
    [
        (None, None, "data folder: has no train-images-idx3-ubyte or train-images-idx3-ubyte.gz. Put it there, or set"),
        (IMAGES, None, "folder of PLURISCOPE_MNIST: has no train-labels-idx1-ubyte or train-labels-idx1-ubyte.gz"),
        (LABELS, LABELS, "MNIST's images: is no idx file of bytes with 3 axes"),
        (b"", LABELS, "MNIST's images: is no idx file"),
        (IMAGES[:-1], LABELS, "has 3,919 values, its head says 3,920"),
        (gzip.compress(IMAGES)[:-9], LABELS, "MNIST's images: is compressed and damaged"),
        (IMAGES, idx([0, 1]), "have 5 images and 2 labels"),
        (IMAGES, idx([1, 1, 1, 2, 3]), "lack zeros or ones"),
    ],
)
def test_files_that_are_not_mnists_are_refused(tmp_path, monkeypatch, images, labels, told):
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path))
    for name, raw in (("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)):
        if raw is not None:
            (tmp_path / name).write_bytes(raw)
            monkeypatch.setenv("PLURISCOPE_MNIST", str(tmp_path))
    with pytest.raises(InvalidStudy) as refused:
        chosen_images("mnist")
    assert told in str(refused.value)
