"""Certificates: what holds on a whole box, proved or refuted with a witness; sampling is never called that."""
