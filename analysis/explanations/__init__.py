"""Kinds of explanation as records: what a kind is, how its explanations are found, written, listed and asked."""
