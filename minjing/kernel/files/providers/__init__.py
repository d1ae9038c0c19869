"""The outside of files: the virus scanner, and the program that opens untrusted files."""
