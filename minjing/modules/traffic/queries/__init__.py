"""What reads the traffic registers, having written the look where it is another's record."""
