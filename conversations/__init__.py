"""What customers and the bot say: pure functions over frozen data, no network, no database, no clock."""
