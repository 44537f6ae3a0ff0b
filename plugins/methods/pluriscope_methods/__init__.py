"""Lenses, steering, simplicity, experiments, map classes, null models and further methods of circuit discovery."""
