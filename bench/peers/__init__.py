"""What we measure ourselves against, each set up as its own documentation says for production use."""
