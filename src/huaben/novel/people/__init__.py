"""The people of a novel: names, aliases, and a cast to choose from."""
