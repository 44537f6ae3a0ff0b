"""Candidate algorithms: small formulas that compute the task, their counting, simplification and comparison."""
