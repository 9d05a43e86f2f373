"""Text in, annotated text out: pure, and without a model."""
