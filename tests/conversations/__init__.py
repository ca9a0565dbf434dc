"""What customers and the bot say to each other: played, explored, and compared with what was agreed."""
