"""Measures that studies read off analysed networks."""
