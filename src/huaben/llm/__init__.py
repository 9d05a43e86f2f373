"""The only room that talks to a model or knows a price."""
