"""The first page of a network, and what each capability brings to it."""
