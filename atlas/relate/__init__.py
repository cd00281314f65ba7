"""How units lie to each other: relatives, connections, labels, the layout of the wall."""
