"""What made the files that come with Atlas."""
