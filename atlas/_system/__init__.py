"""What any program needs, whatever its method: processes, locks, signals, memory, files."""
