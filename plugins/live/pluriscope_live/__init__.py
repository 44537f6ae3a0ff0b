"""Circuits of models of any size among chosen units, which the user's own model runs under hooks."""
