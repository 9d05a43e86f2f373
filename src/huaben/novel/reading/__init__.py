"""A novel's files → its chapters: decoded, torn lines joined, advertisements cut, headings found."""
