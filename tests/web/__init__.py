"""The pages and interfaces that the web process serves."""
