"""Rules tried on what nobody thought of."""
