"""Planting: networks that are made to carry a known algorithm on known neurons, and what that proves of them."""
