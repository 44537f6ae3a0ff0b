"""Readings: what nodes of circuits can be read as, of networks that no Boolean formulas are read of."""
