"""Who a character is, each statement with the place where it stands."""
