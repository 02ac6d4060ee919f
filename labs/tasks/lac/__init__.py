"""Baidu's LAC with its real weights, and a CRF that is fast."""
