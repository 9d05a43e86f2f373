"""Chapters → every quotation with its span, nesting and kind."""
