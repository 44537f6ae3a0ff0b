"""How long the description of an explanation is under two stated codes, and which explanations are shortest."""
