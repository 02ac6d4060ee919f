"""Sequence labelling: a BiLSTM-CRF in three eras, entities in Chinese news, and the weights of Baidu's LAC."""
