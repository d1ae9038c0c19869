"""SQL of papers: guards that hold whatever the code above does."""
