"""How fast Atlas is: against other programs, against the machine, and as the work grows."""
