"""The checkout that the tests are about."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
