"""The pages of the machine: starting and ending, proving who one is, looking, applying, printing."""
