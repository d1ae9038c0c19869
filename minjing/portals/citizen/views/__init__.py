"""The pages of a resident."""
