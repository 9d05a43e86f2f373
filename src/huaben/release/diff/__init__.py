"""What a change did to the data: two versions in, one JSON value out, and that as Markdown."""
