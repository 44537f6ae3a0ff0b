"""Bases of values: digests, frozen records, strict JSON, how sure a number is."""
