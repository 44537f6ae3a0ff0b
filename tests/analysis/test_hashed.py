"""A changed copy of a hashed value is another value."""

import pytest
from pydantic import ValidationError

from pluriscope.analysis.questions.protocol import COMPLETE


def test_a_changed_copy_has_a_digest_of_its_own():
    before = COMPLETE.digest  # kept from here on
    shallow = COMPLETE.model_copy(update={"name": "shallow", "max_depth": 2})
    assert (shallow.name, shallow.max_depth, COMPLETE.max_depth) == ("shallow", 2, 3)
    assert shallow.digest != before == COMPLETE.digest
    assert COMPLETE.model_copy(update={"name": "by another name"}).digest == before


def test_a_changed_copy_is_checked():
    with pytest.raises(ValidationError):
        COMPLETE.model_copy(update={"max_depth": 9})
