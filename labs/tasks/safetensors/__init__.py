"""Chapter 24: the safetensors format by hand, held against the library."""
