"""Circuits over boxes: every value that inputs and absent sources may carry, not only those of the rows."""
