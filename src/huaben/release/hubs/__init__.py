"""The three hubs where a release is published, each through its own library, imported inside functions."""
