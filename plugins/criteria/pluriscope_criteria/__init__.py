"""Criteria of what explanations promise beyond the rows that they were found on."""
