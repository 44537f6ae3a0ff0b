"""Addresses: what each names, how it is written and read."""
