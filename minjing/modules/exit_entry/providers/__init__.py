"""What lies outside: the postal carrier."""
