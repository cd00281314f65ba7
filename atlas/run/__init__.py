"""The run folder: its files, their schema, the plan, identity and verification."""
