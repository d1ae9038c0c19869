"""The issue's table of bad input and trouble, each line with its test."""
