"""What the method needs and is not: processes, locks, signals, memory, files."""
