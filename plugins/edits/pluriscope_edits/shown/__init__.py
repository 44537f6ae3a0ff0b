"""How the analyses are shown."""
