"""Records → kept, and dropped with a reason."""
