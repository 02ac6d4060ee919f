"""Chapter 21: what happens between a name on the hub and a file on the disk."""
