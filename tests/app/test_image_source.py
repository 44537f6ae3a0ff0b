"""Where the images of the source "digits" come from."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from analysis.errors import InvalidData, InvalidStudy
from app.image_source import chosen_images, read_mnist


def idx(array):
    return struct.pack(f">{1 + array.ndim}i", 2048 + array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def write_mnist(folder):
    folder.mkdir()
    labels = np.array([0, 4, 1])
    for name, pack in (("train", gzip.compress), ("t10k", bytes)):
        suffix = ".gz" if name == "train" else ""
        pixels = np.full((3, 28, 28), 51) * (1 + labels[:, None, None])
        (folder / f"{name}-images-idx3-ubyte{suffix}").write_bytes(pack(idx(pixels)))
        (folder / f"{name}-labels-idx1-ubyte{suffix}").write_bytes(pack(idx(labels)))


def test_by_default_the_bundled_digits():
    images = chosen_images({})
    assert (len(images.labels), images.pixels.shape[1]) == (360, 64)
    assert "8 × 8" in images.name


def test_mnist_is_read_from_the_data_folder_gzipped_or_not(tmp_path, monkeypatch):
    monkeypatch.setenv("PLURISCOPE_DATA", str(tmp_path))
    write_mnist(tmp_path / "mnist")
    images = chosen_images({"images": "mnist"})
    assert images.labels.tolist() == [0, 1, 0, 1]
    assert images.pixels.shape == (4, 784)
    assert images.pixels[:, 0].tolist() == [0.2, 0.4, 0.2, 0.4]


def test_a_missing_file_is_told_with_what_to_do(tmp_path):
    with pytest.raises(InvalidStudy, match="train-images-idx3-ubyte"):
        read_mnist(tmp_path)


def test_a_broken_file_is_told(tmp_path):
    write_mnist(tmp_path / "mnist")
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01")
    with pytest.raises(InvalidData, match="MNIST t10k: labels"):
        read_mnist(tmp_path / "mnist")


def test_other_images_are_refused():
    with pytest.raises(InvalidStudy, match="cats"):
        chosen_images({"images": "cats"})
