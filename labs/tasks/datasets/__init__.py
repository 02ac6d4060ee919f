"""Chapter 23: Arrow by hand, and what the library datasets makes of it."""
