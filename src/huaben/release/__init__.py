"""Records that passed the gates → a dataset, its card, the family's files, and a report."""
