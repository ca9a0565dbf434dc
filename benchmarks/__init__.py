"""How fast the service is, each figure beside a named peer's from the same run."""
