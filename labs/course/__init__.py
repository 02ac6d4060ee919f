"""What the course asks of its readers: exercises with checks that they can run."""
