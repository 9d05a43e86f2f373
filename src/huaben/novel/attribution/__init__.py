"""Quotations → who speaks each: rules for explicit cues, a learned ranker, decided jointly."""
