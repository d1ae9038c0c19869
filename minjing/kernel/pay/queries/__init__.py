"""Reading orders and the books."""
