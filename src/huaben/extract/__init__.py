"""Annotated text and replies → records."""
