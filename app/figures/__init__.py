"""Pictures from numbers: diagrams, plots and cards."""
