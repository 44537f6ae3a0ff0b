"""Lenses, steering, simplicity, map classes, null models and further methods of circuit discovery."""
