"""Certificates for all points around the inputs: programs, sound bounds, exact cells of two inputs; a criterion."""
