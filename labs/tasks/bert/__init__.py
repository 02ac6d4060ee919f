"""BERT: an encoder by hand in both frameworks, MiniLM's weights, fine-tuning and sentences."""
