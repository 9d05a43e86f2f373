"""The proof of the data: a model trained on it, and measured against its base."""
