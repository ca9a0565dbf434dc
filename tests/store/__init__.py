"""What the database remembers, on both databases."""
