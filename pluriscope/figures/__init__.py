"""Pictures from numbers: diagrams and cards."""
