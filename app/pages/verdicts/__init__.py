"""Every criterion's verdict on one to six explanations: what is stored, and what can be found out on the spot."""
